"""Somebody where nobody may be: made people on made paths, and what the network takes for people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines import presence
from agent.pipelines.people import Look, Person
from agent.pipelines.presence import Memory, level, look_level, movers, suspects
from agent.pipelines.settings import PresenceSettings
from agent.pipelines.sighting import Kind, Observe, Sighting

_: Observe[Look, Memory, PresenceSettings] = presence.observe

ASPECT = 16 / 9
SET = PresenceSettings(least=0.3, looks=3, of=5, vote_s=10.0, again_s=300.0)
Scores = list[float | None]  # of somebody in each look; None: not found, or does not move


def somebody(x: float = 0.5, score: float = 0.5) -> Person:
    return Person((x - 0.05, 0.3, x + 0.05, 0.8), score, False)


def seen(
    looks: list[list[Person]], every_s: float = 0.8, settings: PresenceSettings = SET
) -> tuple[list[Sighting], Memory]:
    """What looks at people lead to."""
    memory: Memory | None = None
    told = []
    for number, people in enumerate(looks):
        said, memory = presence.observe(Look(tuple(people), number * every_s, ASPECT), memory, settings)
        told += [said] if said else []
    assert memory is not None
    return told, memory


def stands(scores: Scores) -> list[list[Person]]:
    return [[] if score is None else [somebody(score=score)] for score in scores]


VOTES: list[tuple[str, Scores, bool]] = [
    ("one box is nobody", [0.9, None, None, None, None, None], False),
    ("two are nobody", [0.9, 0.9, None, None, None], False),
    ("three looks", [0.5, 0.5, 0.5], True),
    ("three of five", [0.5, None, 0.5, None, 0.5], True),
    ("three of six", [0.5, None, 0.5, None, None, 0.5], False),
    ("one of three is not sure enough", [0.9, 0.9, 0.29, None, None], False),
    ("as sure as is needed", [0.3, 0.3, 0.3], True),
]


@pytest.mark.parametrize(("scores", "told"), [case[1:] for case in VOTES], ids=[case[0] for case in VOTES])
def test_enough_looks_must_agree(scores: Scores, told: bool) -> None:
    found, _ = seen(stands(scores), every_s=0.4)
    assert [one.kind for one in found] == [Kind.PRESENCE] * told


def test_what_is_told_says_where_since_when_and_by_which_vote() -> None:
    ((said,), _) = seen(stands([None, 0.9, 0.4, 0.6]))
    assert (said.score, said.since_s, said.at_s) == (0.4, pytest.approx(0.8), pytest.approx(2.4))
    assert said.box == somebody().box
    assert said.detail == "vote 0.400, needs 0.300"


def test_boxes_that_are_not_the_same_person_are_nobody() -> None:
    assert seen([[somebody(x)] for x in (0.1, 0.5, 0.9) * 3])[0] == []


def test_somebody_who_walks_is_one_person() -> None:
    assert len(seen([[somebody(0.1 + 0.05 * at)] for at in range(8)])[0]) == 1


def test_looks_that_lie_too_far_apart_are_no_vote() -> None:
    assert seen(stands([0.9] * 20), every_s=5.0)[0] == []


def test_who_stays_is_told_again_after_a_while_and_not_sooner() -> None:
    told, _ = seen(stands([0.5] * 1000))  # 800 s
    assert [round(one.at_s, 1) for one in told] == [1.6, 301.6, 601.6]


def test_who_comes_back_meanwhile_is_the_same_telling() -> None:
    told, _ = seen(stands([*[0.5] * 5, *[None] * 100, *[0.5] * 20]))
    assert len(told) == 1


def test_the_scale_is_the_threshold_with_which_it_would_hold() -> None:
    _, memory = seen(stands([0.25, 0.2, 0.28, 0.22]))  # the best three
    assert (level(memory, SET), look_level(memory)) == (0.22, 0.22)
    assert level(seen(stands([0.9, 0.9]))[1], SET) is None  # too few looks to say
    _, empty = seen(stands([None] * 3))
    assert (level(empty, SET), look_level(empty)) == (0.0, 0.0)


def test_one_look_makes_it_curious_until_it_has_told_or_it_was_nothing() -> None:
    assert suspects(seen(stands([0.5]))[1], SET)
    assert not suspects(seen(stands([0.2]))[1], SET)
    assert not suspects(seen(stands([0.5] * 3))[1], SET)  # told
    assert not suspects(seen(stands([0.5, *[None] * 5]))[1], SET)
    assert not suspects(Memory(), SET)


def test_who_hangs_still_or_is_elsewhere_is_left_out() -> None:
    moving = np.zeros((9, 16), bool)
    moving[4, 7:9] = True
    left, middle = somebody(0.1), somebody(0.5)
    half = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0))
    assert movers([left, middle], moving, ()) == (middle,)
    assert movers([left, middle], ~np.zeros((9, 16), bool), (half,)) == (left,)
    assert movers([left, middle], moving, (half,)) == ()


SIDE = st.floats(-0.5, 1.5)


@given(st.lists(st.tuples(SIDE, SIDE, st.floats(0.01, 1.4), st.floats(0.01, 1.4)), max_size=6))
def test_any_boxes_are_looked_up_and_all_are_in_a_picture_that_moves_everywhere(sides: list[tuple[float, ...]]) -> None:
    boxes = [Person((x, y, x + wide, y + tall), 0.5, False) for x, y, wide, tall in sides]
    assert movers(boxes, np.zeros((9, 16), bool), ()) == ()
    inside = [
        one for one in boxes if one.box[0] < 0.99 and one.box[1] < 0.99 and one.box[2] > 0.01 and one.box[3] > 0.01
    ]
    assert set(inside) <= set(movers(boxes, np.ones((9, 16), bool), ()))


@given(st.lists(st.one_of(st.none(), st.floats(0.1, 1.0)), min_size=1, max_size=30), st.floats(0.1, 0.9))
def test_it_is_told_once_at_the_first_look_whose_vote_is_enough(scores: Scores, least: float) -> None:
    settings = PresenceSettings(least=least, looks=3, of=5)
    memory: Memory | None = None
    first = None
    told = []
    for number, people in enumerate(stands(scores)):
        said, memory = presence.observe(Look(tuple(people), number * 0.3, ASPECT), memory, settings)
        reached = level(memory, settings)
        if first is None and reached is not None and reached >= least:
            first = number * 0.3
        told += [said.at_s] if said else []
    assert told == ([] if first is None else [first])
