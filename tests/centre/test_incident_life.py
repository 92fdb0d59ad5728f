"""What steps make of an incident: the whole table, and that the end does not depend on repetition."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.incident_life import NEXT, STATES, fold, moved, surer
from centre.incident_words import CERTAINTIES, FACTS, Fact, fact_of
from tests.centre.incident_box import DATA


def fact(what: str, **data: object) -> tuple[str, Fact]:
    body = msgspec.json.encode(DATA[what] | data).decode()
    return "2026-11-23T08:12:39.000000Z", fact_of(what, body)


def test_the_table_names_only_what_there_is() -> None:
    assert set(NEXT) <= set(product(STATES, STATES))
    assert set(NEXT.values()) <= set(STATES)


@pytest.mark.parametrize(("state", "step"), list(product(STATES, STATES)))
def test_every_pair_is_a_row_or_changes_nothing(state: str, step: str) -> None:
    assert moved(state, step) == NEXT.get((state, step), state)


def test_what_is_closed_stays_so_and_what_is_decided_is_not_told_open() -> None:
    assert {moved("closed", step) for step in STATES} == {"closed"}
    for decided in ("confirmed", "dismissed"):
        assert {moved(decided, step) for step in STATES} == {decided, "closed"}


LIVES = [
    ("nothing yet", [], "opened", ""),
    ("opened", [fact("opened")], "opened", ""),
    ("told", [fact("opened"), fact("told")], "told", ""),
    ("told, and the beginning is missing", [fact("told")], "told", ""),
    ("acknowledged", [fact("opened"), fact("told"), fact("answered")], "acknowledged", ""),
    ("nobody decided", [fact("told"), fact("answered"), fact("told", why="undecided", step=1)], "told", ""),
    ("dismissed", [fact("told"), fact("answered", answer="dismissed", reason="play")], "dismissed", "dismissed"),
    ("a second word is late", [fact("answered", answer="confirmed"), fact("answered", answer="dismissed")],
     "confirmed", "confirmed"),
    ("reminded of its end", [fact("answered", answer="confirmed"), fact("told", why="unclosed")],
     "confirmed", "confirmed"),
    ("closed", [fact("told"), fact("answered", answer="confirmed"), fact("closed")], "closed", "confirmed"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "steps", "state", "outcome"), LIVES)
def test_a_life_ends_where_it_must(name: str, steps: list[tuple[str, Fact]], state: str, outcome: str) -> None:
    found = fold(steps)
    assert (found.state, found.outcome) == (state, outcome)


def test_what_a_desk_shows_of_it() -> None:
    found = fold([fact("opened"), fact("told"), fact("joined")])
    assert (found.kind, found.place, found.certainty, found.signs, found.told) == ("fight", "hall", "certain", 2, 1)
    assert (found.step, found.why, found.answer_by) == (0, "first", "2026-11-23T08:14:39.000000Z")
    assert fold([fact("told"), fact("answered")]).answer_by == ""


def test_what_was_certain_stays_so() -> None:
    for one, other in product(CERTAINTIES, CERTAINTIES):
        assert surer(one, other) == surer(other, one) == CERTAINTIES[max(map(CERTAINTIES.index, (one, other)))]


@given(st.lists(st.sampled_from(sorted(FACTS)), max_size=8))
def test_whatever_comes_makes_an_incident(words: list[str]) -> None:
    found = fold([fact(word) for word in words])
    assert found.state in STATES
    assert ("closed" in words) == (found.state == "closed")
    assert found.told == words.count("told")
