"""The exit codes of docs/commands.md: of the page's table, and of errors by command and code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.cli.exit_codes import ATTENTION, DEAD, WELL, WRONG_USE, exit_code

PAGE = (Path(__file__).parents[3] / "docs/commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "code", "expected"),
    [
        ("reader", "G-105", ATTENTION),  # busy, or does not work
        ("reader", "P-101", ATTENTION),
        ("reader", "R-302", ATTENTION),
        ("reader", "U-102", ATTENTION),
        ("reader", "X-205", WRONG_USE),  # no such reader
        ("reader", "T-120", WRONG_USE),  # its secret is missing: configuration
        ("sensor", "S-105", ATTENTION),
        ("sensor", "X-002", WRONG_USE),  # may not look
        ("reader", "U-121", DEAD),
        ("incident", "U-121", DEAD),
        ("incident", "U-124", WRONG_USE),
        ("incident", "U-125", WRONG_USE),
        ("drill", "U-121", DEAD),
        ("camera", "V-101", WRONG_USE),  # no picture can be had
        ("camera", "D-001", DEAD),
        ("outbox", "X-203", WRONG_USE),
        ("ledger", "A-123", WRONG_USE),
        ("run", "D-101", WRONG_USE),
        ("status", "C-101", WRONG_USE),
        ("status", "X-290", WRONG_USE),
        ("why", "H-191", WRONG_USE),
        ("bundle", "X-231", WRONG_USE),
    ],
)
def test_of_an_error(command: str, code: str, expected: int) -> None:
    assert exit_code(command, code) == expected


def test_the_page_has_the_same_four() -> None:
    told = [int(code) for code in re.findall(r"^\| (\d) \| [a-z]", PAGE.split("## ")[0], re.MULTILINE)]
    assert told == [WELL, ATTENTION, WRONG_USE, DEAD]
