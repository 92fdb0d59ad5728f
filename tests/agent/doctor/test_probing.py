"""A port that another program holds is named with it; what a driver lacks is told by its own code."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.config import SourceConfig
from agent.doctor.probing import main, probed
from drivers.discovery.holders import Held, Holder
from drivers.readers import serial_ascii
from tests.agent.cli.command import READER, write_config
from tests.agent.doctor.boxes import told

NOBODY = Held({}, True)


def source(port: str, driver: str = "serial_ascii") -> SourceConfig:
    settings = msgspec.convert({"port": port}, serial_ascii.Settings)
    return SourceConfig(name="gate", kind="reader", driver=driver, settings=settings, places={})


def test_a_port_that_is_not_there() -> None:
    found = probed(source("/dev/no-such"), NOBODY)
    assert told([found]) == ["fault P-101"]
    assert found.fact.startswith("gate: ")


def test_who_holds_a_port_is_named_unless_it_is_the_agent() -> None:
    held = Held({"/dev/null": Holder(7, "minicom -D /dev/null", ours=False)}, True)
    found = probed(source("/dev/null"), held)
    assert told([found]) == ["fault P-102"]
    assert "minicom -D /dev/null (pid 7)" in found.fact
    ours = Held({"/dev/null": Holder(7, "mektep run", ours=True)}, True)
    assert told([probed(source("/dev/null"), ours)]) != ["fault P-102"]


def test_it_prints_one_finding_a_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(write_config(tmp_path, more=READER.format(name="gate", port="/dev/no-such")))
    (found,) = msgspec.json.decode(capsys.readouterr().out)
    assert (found["code"], found["level"]) == ("P-101", 3)
