"""A port has one true name, whatever it is called; a text that is no path is itself."""

from __future__ import annotations

from pathlib import Path

from drivers.true_path import true_path


def test_all_names_of_a_port_lead_to_one(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    (tmp_path / "reader").symlink_to(port)
    (tmp_path / "reader-canteen").symlink_to(tmp_path / "reader")
    assert true_path(str(tmp_path / "reader-canteen")) == true_path(str(port)) == str(port.resolve())


def test_what_leads_nowhere_is_itself(tmp_path: Path) -> None:
    assert true_path("/dev/read\0er") == "/dev/read\0er"
    assert true_path("/nowhere/reader") == "/nowhere/reader"
