"""What becomes of the cards that a PC/SC reader has read: one tap each, however they tremble, and a bounded number."""

from __future__ import annotations

from itertools import pairwise

import pytest

from drivers.hold import HELD_NS
from drivers.readers.pcsc import TAPS_WAITING, Card, Garbled, PcscReader, Settings
from drivers.readings import CardForm
from tests.clock import FastClock

SETTINGS = Settings(reader="ACS ACR122U*")
TREMBLES = Card("24548AAC", CardForm.UID4)
UNREAD = Garbled(b"\x63\x00")


@pytest.mark.parametrize(
    ("heard", "taps"),
    [
        ([(0, TREMBLES), (HELD_NS // 3, UNREAD), (HELD_NS * 2 // 3, TREMBLES)], 1),  # at the edge of the field
        ([(0, TREMBLES), (HELD_NS // 3, UNREAD), (2 * HELD_NS, None), (3 * HELD_NS, TREMBLES)], 2),  # another, then it
        ([(0, TREMBLES), (2 * HELD_NS, None), (3 * HELD_NS, TREMBLES)], 1),  # it lay there all the time
    ],
)
async def test_a_reading_that_fails_in_between_makes_no_second_tap(
    monkeypatch: pytest.MonkeyPatch, heard: list[tuple[int, Card | Garbled | None]], taps: int
) -> None:
    monkeypatch.setattr(PcscReader, "_watch", lambda self: None)
    reader = PcscReader(SETTINGS, FastClock())
    for at_ns, one in heard:
        if one is None:
            reader._still_there(at_ns)
        else:
            reader._take(one, at_ns, at_ns)
    await reader.close()
    assert len(reader._taps) == taps


async def test_taps_that_nobody_takes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PcscReader, "_watch", lambda self: None)
    reader = PcscReader(SETTINGS, FastClock())
    for number in range(TAPS_WAITING + 10):
        reader._take(Card(f"{number + 1:08X}", CardForm.UID4), number * HELD_NS, number * HELD_NS)
    await reader.close()
    assert len(reader._taps) == TAPS_WAITING
    assert (reader.counters.frames, reader.counters.garbled) == (TAPS_WAITING + 10, 10)
    assert all(one.at_ns < two.at_ns for one, two in pairwise(reader._taps))
