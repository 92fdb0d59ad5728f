"""Which Pi is a box, by the names that boards give themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.firmware.board import board_of
from tests.agent.firmware.pi import pi


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Raspberry Pi 3 Model B Rev 1.2", "pi3"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "pi3"),
        ("Raspberry Pi Compute Module 3 Plus Rev 1.0", "pi3"),
        ("Raspberry Pi 4 Model B Rev 1.4", "pi4"),
        ("Raspberry Pi 400 Rev 1.0", "pi4"),
        ("Raspberry Pi Compute Module 4 Rev 1.1", "pi4"),
        ("Raspberry Pi 5 Model B Rev 1.0", "pi5"),
        ("Raspberry Pi 500 Rev 1.0", "pi5"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", "pi5"),
    ],
)
def test_a_board_that_fits(tmp_path: Path, name: str, family: str) -> None:
    found = board_of(pi(tmp_path, name), "aarch64")
    assert (found.name, found.family) == (name, family)


@pytest.mark.parametrize(
    ("name", "machine", "code"),
    [
        ("Raspberry Pi Model B Rev 2", "armv6l", "F-102"),
        ("Raspberry Pi 2 Model B Rev 1.1", "armv7l", "F-102"),
        ("Raspberry Pi Zero 2 W Rev 1.0", "aarch64", "F-102"),
        ("Raspberry Pi 4 Model B Rev 1.4", "armv7l", "F-103"),
        ("Orange Pi 5", "aarch64", "F-101"),
        ("", "x86_64", "F-101"),
    ],
)
def test_a_board_that_does_not_fit_is_named(tmp_path: Path, name: str, machine: str, code: str) -> None:
    with pytest.raises(AgentError) as refused:
        board_of(pi(tmp_path, name), machine)
    assert refused.value.code == code


def test_a_machine_without_a_device_tree_is_no_pi(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="F-101"):
        board_of(tmp_path, "x86_64")
