"""The report of incidents: each case with its persons and its end; what was left out says why."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from simulator.incident_report import print_incidents

CASE: dict[str, Any] = {
    "what": "a fire", "left_out": "", "told": [["guard"], ["deputy-head"]],
    "said": ["acknowledged: deputy-head (card)"],
    "signs": ["panel/2"], "files": {"clip whole": 1, "snapshot lost": 1}, "state": "closed",
}  # fmt: skip
FOUND = {
    "cases": [CASE, CASE | {"what": "a drill", "left_out": "too short", "state": ""}],
    "others": 2,
    "others_by_kind": {"fire": 2},
    "views": [
        {"camera": "gate", "pictures": 7, "left_out": ""},
        {"camera": "hall", "pictures": 0, "left_out": "it was away"},
    ],
    "opened_by_custody": 3,
}


@pytest.mark.parametrize("width", [60, 160])
def test_everything_is_told_and_no_word_is_cut(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_incidents(console, FOUND)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for words in (
        "guard → deputy-head", "acknowledged: deputy-head (card)", "panel/2", "1 clip whole, 1 snapshot lost", "closed",
        "left out: too short", "fire 2", "gate: 7 pictures", "hall: left out: it was away", "3 files",
    ):  # fmt: skip
        assert words in text
