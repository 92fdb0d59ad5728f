"""Findings in words: every code has its texts in every language, filled with facts; too many of one are counted."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from agent import texts
from agent.audit.findings import EACH_MOST, INSTRUCTIONS, NOTES, Finding, Findings, at_leaf
from agent.audit.leaf import Leaf
from agent.texts import load_texts

FOLDER = Path(texts.__file__).parent


def sentences(language: str) -> dict[str, str]:
    return dict(tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))["finding"])


def facts_in(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field}


def test_every_code_has_a_sentence_and_no_sentence_is_stale() -> None:
    assert {key[:5] for key in sentences("en")} == set(INSTRUCTIONS)
    source = "".join(path.read_text() for path in (FOLDER.parent / "audit").glob("*.py"))
    cases = {key[6:] for key in sentences("en") if key[5:6] == "-"}
    assert {case for case in cases if f'"{case}"' not in source} == set()
    assert set(INSTRUCTIONS) >= NOTES


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_sentence_needs_the_same_facts_in_every_language(language: str) -> None:
    for key, english in sentences("en").items():
        assert facts_in(sentences(language)[key]) == facts_in(english), key


def test_where_it_is() -> None:
    say = load_texts("en")
    leaf = Leaf(7, 12, day="2026-09-01")
    assert at_leaf("A-112", "e", leaf).words(say).startswith("leaf 7 (sequence 12, 2026-09-01): two leaves")
    ranged = Finding(code="A-161", first=3, last=9, day="2026-09-01", until="2026-09-02", facts={"count": 7})
    assert ranged.words(say).startswith("leaves 3 to 9 (2026-09-01 – 2026-09-02): 7 not yet")
    assert re.match("The key came", Finding(code="A-162").words(say))
    assert at_leaf("A-112", "e", Leaf(7)).words(load_texts("ru")).startswith("запись 7: на это место")


def test_what_data_say_cannot_move_the_cursor() -> None:
    assert "\x1b" not in at_leaf("A-112", "e", Leaf(7, day="\x1b[2J")).words(load_texts("en"))


def test_what_to_do_is_said_in_the_readers_language() -> None:
    finding = Finding(code="A-133")
    assert finding.do(load_texts("en")) == INSTRUCTIONS["A-133"]
    assert finding.do(load_texts("kk")) != INSTRUCTIONS["A-133"]


def test_many_of_one_code_are_counted() -> None:
    findings = Findings()
    findings.extend(at_leaf("A-113", "e", Leaf(index)) for index in range(EACH_MOST + 5))
    findings.add(at_leaf("A-113", "another", Leaf(1)))
    assert (len(findings.all), findings.untold()) == (EACH_MOST + 1, {"A-113": 5})


def test_notes_are_not_held_against_anybody() -> None:
    assert Finding(code="A-161").is_note
    assert not Finding(code="A-137").is_note
