"""The words of an answer: the same for the box, the centre, the events and the page for people."""

from __future__ import annotations

import re
import typing
from pathlib import Path

from agent.incidents.answers import ANSWERS, REASONS, WORDS, Word
from agent.incidents.life import State
from centre import answers as centre

PAGE = Path(__file__).resolve().parents[3] / "docs/incidents.md"


def test_every_answer_has_its_input_and_is_the_state_that_it_leads_to() -> None:
    assert tuple(ANSWERS) == typing.get_args(Word) == centre.ANSWERS
    assert all(WORDS[given] == word for word, given in ANSWERS.items())
    assert set(ANSWERS) < set(State)


def test_the_reasons_are_those_of_the_centre_and_of_the_page() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Why it is dismissed\n")
    assert tuple(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == REASONS == centre.REASONS
