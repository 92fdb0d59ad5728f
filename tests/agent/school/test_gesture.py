"""An operator's two gestures: every stage with every step, cards that are held, time that runs out."""

from __future__ import annotations

from itertools import product

import pytest

from agent.book import Book
from agent.model import Moment
from agent.school.gesture import ARMED_NS, HELD_NS, NEXT, Act, Hand, Stage, Step, step
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from tests.agent.school.canteen import (
    OPERATOR,
    OPERATOR_CARD,
    OTHER_OPERATOR,
    OTHER_OPERATOR_CARD,
    TEACHER_CARD,
    book,
    card,
    old_card,
)

BOOK: Book = book()
S = 1_000_000_000


def test_every_stage_knows_every_step() -> None:
    assert set(NEXT) == set(product(Stage, Step))


def played(*taps: tuple[float, str], boot: str = "a") -> list[str]:
    """What each of some taps is: seconds, card."""
    hand, acts = Hand(), []
    for seconds, shown in taps:
        tap = Tapped(
            reader="canteen-1",
            purpose=Purpose.MEALS,
            form="em4100",
            card=shown,
            at=Moment(0, round(seconds * S), True),
            boot=boot,
        )
        hand, act = step(hand, tap, BOOK.who(shown))
        acts.append(act.value)
    return acts


O, P = OPERATOR_CARD, card(1)  # noqa: E741 - an operator, a pupil


@pytest.mark.parametrize(
    ("taps", "acts"),
    [
        ([(10, P)], "serve"),
        ([(10, P), (10.5, P)], "serve serve"),  # the grace time deals with it
        ([(10, O)], "ready"),
        ([(10, O), (12, P)], "ready reverse"),
        ([(10, O), (12, P), (13, P), (14, P)], "ready reverse same same"),  # held on: not given again at once
        ([(10, O), (12, P), (13.5, P)], "ready reverse serve"),
        ([(10, O), (12, P), (14, card(2))], "ready reverse serve"),
        ([(10, O), (12, O)], "ready forgotten"),
        ([(10, O), (11.5, O)], "ready forgotten"),
        ([(10, O), (11.4, O)], "ready ready"),
        ([(10, O), (11, O), (12, O), (13, O)], "ready ready ready ready"),  # held for long
        ([(10, O), (11, O), (12, O), (13.5, O)], "ready ready ready forgotten"),
        ([(10, O), (12, O), (13, O), (14, O), (16, P)], "ready forgotten same same serve"),
        ([(10, O), (12, O), (14, O), (16, O)], "ready forgotten ready forgotten"),  # two children without cards
        ([(10, O), (25, P)], "ready reverse"),
        ([(10, O), (25.1, P)], "ready serve"),  # too late
        ([(10, O), (25.1, O)], "ready ready"),
        ([(10, O), (12, OTHER_OPERATOR_CARD)], "ready ready"),
        ([(10, O), (12, OTHER_OPERATOR_CARD), (14, OTHER_OPERATOR_CARD)], "ready ready forgotten"),
        ([(10, O), (12, OTHER_OPERATOR_CARD), (14, O)], "ready ready ready"),
        ([(10, O), (12, TEACHER_CARD), (14, P)], "ready serve serve"),
        ([(10, O), (12, "9" * 32), (14, P)], "ready serve serve"),
        ([(10, O), (12, old_card(1)), (14, P)], "ready serve serve"),
        ([(10, TEACHER_CARD), (12, P)], "serve serve"),
    ],
)
def test_what_taps_are(taps: list[tuple[float, str]], acts: str) -> None:
    assert played(*taps) == acts.split()


def test_an_armed_reader_is_not_armed_after_a_restart_of_the_machine() -> None:
    hand = Hand(stage=Stage.ARMED, operator=OPERATOR, card=O, boot="a", seen_ns=10 * S)
    tap = Tapped(reader="canteen-1", purpose=Purpose.MEALS, form="em4100", card=P, at=Moment(0, 12 * S, True), boot="b")
    assert step(hand, tap, BOOK.who(P))[1] is Act.SERVE


def test_who_armed_it_answers_for_it() -> None:
    hand = Hand(stage=Stage.ARMED, operator=OPERATOR, card=O, boot="a", seen_ns=10 * S)
    tap = Tapped(
        reader="canteen-1",
        purpose=Purpose.MEALS,
        form="em4100",
        card=OTHER_OPERATOR_CARD,
        at=Moment(0, 12 * S, True),
        boot="a",
    )
    other, _ = step(hand, tap, BOOK.who(OTHER_OPERATOR_CARD))
    assert (other.stage, other.operator) == (Stage.ARMED, OTHER_OPERATOR)


def test_the_times() -> None:
    assert (ARMED_NS, HELD_NS) == (15 * S, 1.5 * S)
