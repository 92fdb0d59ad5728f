"""The made-up school: as many as asked for, in two shifts, no card twice, tariffs that have changed and will."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import islice

from simulator.roll import made_up, strangers

DAY = date(2026, 11, 26)
ROLL = made_up(DAY)


def test_a_school_of_three_thousand_of_whom_six_hundred_eat() -> None:
    assert len(ROLL.children) == 3_000
    assert len(ROLL.eaters()) == 600
    assert {one.shift for one in ROLL.classes} == {1, 2}
    assert {child.class_ for child in ROLL.children} == {one.name for one in ROLL.classes}


def test_no_card_is_anybody_elses() -> None:
    cards = [card for child in ROLL.children for card in child.cards + child.blocked]
    cards += [card for _, card in ROLL.operators] + list(islice(strangers(), 100))
    assert max(Counter(cards).values()) == 1
    assert {len(card) for card in cards} == {5}


def test_some_have_two_cards_and_some_a_blocked_one() -> None:
    eaters = ROLL.eaters()
    assert sum(len(child.cards) == 2 for child in eaters) > 0
    assert sum(len(child.blocked) == 1 for child in eaters) > 0


def test_todays_tariff_is_neither_the_first_nor_the_last() -> None:
    for programme in ROLL.programmes:
        tariffs = [tenge for _, tenge in programme.tariffs]
        assert programme.tenge(DAY) == tariffs[1]
        assert programme.tenge(DAY + timedelta(days=30)) == tariffs[2]
        assert len(set(tariffs)) == len(tariffs)
    assert {tenge for _, tenge in ROLL.due().values()} == {one.tenge(DAY) for one in ROLL.programmes}


def test_some_rights_have_ended_yesterday() -> None:
    ended = {right.child for right in ROLL.rights if right.last < DAY}
    assert ended
    assert not ended & ROLL.due().keys()


def test_the_same_seed_is_the_same_school() -> None:
    assert made_up(DAY) == ROLL
    assert made_up(DAY, seed=8) != ROLL
