"""What a configuration names: devices by any of their names, also those of drivers that nobody knows; broken files."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from agent.cli import discover_configured
from agent.errors import AgentError
from drivers.discovery.found import Found, Kind, Sure, Why


def configured(tmp_path: Path, text: str) -> discover_configured.Configured:
    file = tmp_path / "box.toml"
    file.write_text(text)
    return discover_configured.read(file)


def found(name: str, host: str = "") -> Found:
    return Found(kind=Kind.READER, what="x", name=name, host=host, sure=Sure.CERTAIN, why=Why.LISTED)


def test_a_port_is_known_under_each_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "reader").symlink_to("ttyUSB0")
    (tmp_path / "by-id").symlink_to("ttyUSB0")
    known = configured(tmp_path, f'[[reader]]\nname = "canteen"\ndriver = "later"\nport = "{tmp_path}/reader"\n')
    assert {known.at(str(tmp_path / name)) for name in ("reader", "by-id", "ttyUSB0")} == {"canteen"}
    assert known.at(str(tmp_path / "ttyUSB1")) == ""
    assert known.names == {"canteen"}


@pytest.mark.parametrize(
    ("setting", "name", "host"),
    [
        ('url = "rtsp://192.168.1.9/stream"', "rtsp://192.168.1.9/other", "192.168.1.9"),
        ('host = "192.168.1.9"', "192.168.1.9:502", "192.168.1.9"),
        ('reader = "ACS ACR122U 00 00"', "ACS ACR122U 00 00", ""),
        ('reader = "ACS ACR122U*"', "ACS ACR122U 00 00", ""),
        ('reader = "Identive [[]CCID] 00 01"', "Identive [CCID] 00 01", ""),  # as discover itself proposes it
    ],
)
def test_hosts_and_names_are_known(tmp_path: Path, setting: str, name: str, host: str) -> None:
    known = configured(tmp_path, f'[[camera]]\nname = "gate"\n{setting}\n')
    assert known.name_of(found(name, host)) == "gate"
    assert known.name_of(found("/dev/other", "192.168.1.10" if host else "")) == ""


def test_a_star_alone_makes_neither_ports_nor_hosts_the_agents(tmp_path: Path) -> None:
    known = configured(tmp_path, '[[reader]]\nname = "library"\nreader = "*"\n')
    assert known.name_of(found("ACS ACR122U 00 00")) == "library"
    assert (known.name_of(found("/dev/ttyUSB0")), known.at("/dev/ttyUSB0"), known.at("192.168.1.9")) == ("", "", "")


def test_a_file_that_does_not_exist_names_nothing(tmp_path: Path) -> None:
    assert discover_configured.read(tmp_path / "none") == discover_configured.Configured(frozenset(), {})


@pytest.mark.parametrize("text", ["[[reader]\n", "reader = 3", "reader = [1]", '[[reader]]\nurl = "rtsp://["\n', ""])
def test_odd_files_are_read_or_refused(tmp_path: Path, text: str) -> None:
    refused = "[[reader]\n"
    with pytest.raises(AgentError, match="X-116") if text == refused else nullcontext():
        configured(tmp_path, text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "box.toml").mkdir()
    with pytest.raises(AgentError, match="X-116"):
        discover_configured.read(tmp_path / "box.toml")


def test_a_loop_of_links_is_its_own_text(tmp_path: Path) -> None:
    os.symlink("loop", tmp_path / "loop")
    known = configured(tmp_path, f'[[reader]]\nname = "x"\nport = "{tmp_path}/loop"\n')
    assert known.at(str(tmp_path / "loop")) == "x"
