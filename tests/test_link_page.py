"""docs/link.md is the link's own table: every state, every event, every pair."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.sync.link import NEXT, State, Step

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/link.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    made = subprocess.run([sys.executable, ROOT / "scripts/link_page.py"], capture_output=True, text=True, check=True)
    assert made.stdout == PAGE, "run: make docs"


@pytest.mark.parametrize("state", State)
def test_each_state_has_a_row_with_the_state_that_follows_each_event(state: State) -> None:
    (row,) = [
        line for line in PAGE.splitlines() if line.startswith(f"| `{state}` |") and line.count("|") == len(Step) + 2
    ]
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells == [NEXT[state, step].value if (state, step) in NEXT else "" for step in Step]


def test_the_drawing_has_every_change_of_state() -> None:
    drawn = {tuple(line.strip().partition(":")[0].split(" --> ")) for line in PAGE.splitlines() if " --> " in line}
    assert drawn - {("[*]", "offline")} == {(a.value, b.value) for (a, _), b in NEXT.items() if a is not b}
