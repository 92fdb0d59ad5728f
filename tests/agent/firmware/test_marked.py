"""Our block in another's file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.firmware.marked import with_block, without

LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), max_size=6)


@given(LINES, LINES)
def test_what_was_there_comes_back_and_ours_stands_once(theirs: list[str], ours: list[str]) -> None:
    text = "\n".join(theirs) + "\n"
    once = with_block(text, ours)
    assert with_block(once, ours) == once
    assert without(once).split() == text.split()


def test_what_was_written_below_the_block_stays() -> None:
    text = with_block("a\n", ["ours"]) + "below\n"
    assert without(text).split() == ["a", "below"]
    assert with_block(text, ["new"]).split("# >>>")[0].split() == ["a", "below"]
