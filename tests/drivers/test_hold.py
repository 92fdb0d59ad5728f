"""What is a new tap, and what the same card again."""

from __future__ import annotations

import pytest

from drivers.hold import HELD_NS, Hold
from drivers.readings import CardForm

A, B = ("6F007B3972", CardForm.EM4100), ("0C000621A5", CardForm.EM4100)
SAME_DIGITS = ("6F007B3972", CardForm.UID4)
MS = 1_000_000
AWAY = None
Card = tuple[str, CardForm]
HOLDS: list[tuple[str, list[tuple[Card | None, int]], list[bool]]] = [
    ("repeats each 50 ms are one tap", [(A, ms * MS) for ms in range(0, 5000, 50)], [True] + [False] * 99),
    ("another card is a new tap", [(A, 0), (B, 50 * MS), (B, 100 * MS)], [True, True, False]),
    ("and the first one again too", [(A, 0), (B, 50 * MS), (A, 100 * MS)], [True, True, True]),
    ("No card ends the tap", [(A, 0), (AWAY, 50 * MS), (A, 100 * MS)], [True, True]),
    ("back just within the time", [(A, 0), (A, HELD_NS)], [True, False]),
    ("back after it", [(A, 0), (A, HELD_NS + 1)], [True, True]),
    ("the time counts from the last repeat", [(A, 0), (A, HELD_NS), (A, 2 * HELD_NS)], [True, False, False]),
    ("the same digits in another form", [(A, 0), (SAME_DIGITS, 1)], [True, True]),
]


@pytest.mark.parametrize(("shown", "new"), [case[1:] for case in HOLDS], ids=[case[0] for case in HOLDS])
def test_what_is_a_new_tap(shown: list[tuple[Card | None, int]], new: list[bool]) -> None:
    hold, said = Hold(), []
    for card, at_ns in shown:
        if card is None:
            hold.away()
        else:
            said.append(hold.is_new(card, at_ns))
    assert said == new


def test_a_card_that_the_reader_still_sees_is_held_for_as_long() -> None:
    hold = Hold()
    assert hold.is_new(A, 0)
    hold.there(5 * HELD_NS)
    assert not hold.is_new(A, 6 * HELD_NS)
    assert hold.is_new(A, 7 * HELD_NS + 1)
