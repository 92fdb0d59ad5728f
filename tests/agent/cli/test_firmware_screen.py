"""The Pi's files on a screen: marks, reasons, differences."""

from __future__ import annotations

import io
from pathlib import Path

from agent.cli.firmware_screen import differences, draw
from agent.firmware.board import Board
from agent.firmware.plan import Change, Line, Plan, State

LINES = [
    Line(Path("/boot/firmware/config.txt"), "a=1", "because of a", State.THERE),
    Line(Path("/boot/firmware/config.txt"), "b=1", "because of b", State.CONTRADICTED, "b=0"),
]
CHANGES = [
    Change(Path("/boot/firmware/config.txt"), "a=1\nb=0\n", "a=1\n#mektep# b=0\nb=1\n"),
    Change(Path("/etc/systemd/system/hciuart.service"), None, "/dev/null", link=True),
]


def shown(plan: Plan) -> list[str]:
    out = io.StringIO()
    draw(plan, out)
    return out.getvalue().splitlines()


def test_each_line_with_its_mark_its_reason_and_what_is_in_its_way() -> None:
    assert shown(Plan(Board("Raspberry Pi 4", "pi4"), LINES, CHANGES)) == [
        "Raspberry Pi 4",
        "",
        "/boot/firmware/config.txt",
        "  ✓ a=1",
        *("      because of a", "  ✗ b=1   ✗ b=0", "      because of b"),
        "",
        "1 line is not as they should be: sudo mektep firmware apply",
    ]


def test_when_all_is_well_it_says_so() -> None:
    assert (
        shown(Plan(Board("Raspberry Pi 4", "pi4"), LINES[:1], []))[-1] == "Nothing to do: the Pi is set up for a box."
    )


def test_a_difference_is_that_of_the_files() -> None:
    out = io.StringIO()
    differences(Plan(Board("Raspberry Pi 4", "pi4"), LINES, CHANGES), out)
    rows = out.getvalue().splitlines()
    assert {"-b=0", "+#mektep# b=0", "+b=1", "+ /etc/systemd/system/hciuart.service -> /dev/null"} <= set(rows)
