"""docs/incidents.md has the code's own tables: every kind, every state, every input, every pair."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from agent.incidents.kinds import Kind
from agent.incidents.life import NEXT, REFUSED, Input, State
from tests.source_tree import ROOT

PAGE = (ROOT / "docs/incidents.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    told = "import sys; sys.path.insert(0, 'scripts'); import incidents_page; sys.stdout.write(incidents_page.page())"
    made = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=ROOT)
    assert made.stdout == PAGE, "run: make docs"


def cells(first: str, count: int) -> list[str]:
    (row,) = [one for one in PAGE.splitlines() if one.startswith(f"| `{first}` |") and one.count("|") == count + 2]
    return [cell.strip() for cell in row.split("|")[2:-1]]


@pytest.mark.parametrize("state", State)
def test_each_state_has_a_row_with_what_follows_each_input(state: State) -> None:
    expected = [
        "{}: {}".format(*NEXT[state, given]) if (state, given) in NEXT else f"*{REFUSED[state, given]}*"
        for given in Input
    ]
    assert cells(state, len(Input)) == expected


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_row(kind: Kind) -> None:
    assert len(cells(kind, 11)) == 11


def test_the_words_of_a_refusal_are_in_the_protocol() -> None:
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8").partition("\n## 17. ")[2]
    told = set(re.findall(r"^\| `([a-z_]+)` \| ", text, re.MULTILINE))
    assert {word for (_, given), word in REFUSED.items() if given in ASKED} | {"unknown_incident", "no_reason"} == told


ASKED = {Input.ACKNOWLEDGE, Input.CONFIRM, Input.DISMISS, Input.CLOSE}
