"""Who answers: a card of their own for everybody, which no child has, whatever a reader tells of it."""

from __future__ import annotations

from simulator import day_school
from simulator.responsible import DUTY, STAFF, card_numbers, card_of


def test_cards_are_nobody_elses() -> None:
    children = {day_school.card_of(at, n)[-3:] for at in range(1, 9) for n in range(1, day_school.PUPILS * 3)}
    cards = [card_of(one) for one in STAFF]
    assert len({card[-3:] for card in cards}) == len(STAFF)
    assert not {card[-3:] for card in cards} & children
    assert [number for *_, number in card_numbers()] == [card.hex().upper() for card in cards]


def test_whoever_is_on_duty_is_of_the_staff() -> None:
    assert {staff for staff, _, _ in DUTY} <= set(STAFF)
