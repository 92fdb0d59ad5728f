"""Two processes read what one reads, in the same order; without the second it goes on alone."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from agent.audit import reading
from agent.audit.leaf import Kept, Leaf, read
from agent.audit.reading import LONG_PIECES, ON_THEIR_WAY, leaves_of
from agent.audit.source import Piece
from tests.agent.audit.kept import erased, ledger

PIECE = 40


def pieces() -> list[Piece]:
    """Events, erased ones, rubbish, rows with hashes."""
    made = ledger()
    kept = [Kept(body=erased(body) if number % 7 == 0 else body) for number, body in enumerate(made.events)]
    kept[900] = Kept(body=b"rubbish")
    kept[901] = Kept(901, 5, made.events[901], stored=made.hashes[901])
    kept[902] = Kept(902, stored=made.hashes[902])
    return [(number, kept[first : first + PIECE]) for number, first in enumerate(range(0, len(kept), PIECE))]


EXPECTED = [(size, [read(one) for one in kept]) for size, kept in pieces()]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_is_read_is_the_same_in_the_same_order(cores: int) -> None:
    assert len(EXPECTED) > LONG_PIECES + ON_THEIR_WAY
    assert list(leaves_of(pieces(), cores)) == EXPECTED


@pytest.mark.parametrize("count", [0, 1, LONG_PIECES, LONG_PIECES + 1])
def test_a_short_log(count: int) -> None:
    assert list(leaves_of(pieces()[:count])) == EXPECTED[:count]


class _Dying(ProcessPoolExecutor):
    """Its process dies with the third piece that it is given."""

    given = 0

    def submit(self, *words: Any, **more: Any) -> Future[Any]:
        self.given += 1
        if self.given > 3:
            raise BrokenProcessPool
        if self.given == 3:
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool())
            return future
        return super().submit(*words, **more)


def test_without_the_second_process_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ProcessPoolExecutor", _Dying)
    assert list(leaves_of(pieces(), 2)) == EXPECTED


def test_who_stops_looking_stops_the_second_process() -> None:
    looking = leaves_of(pieces(), 2)
    found: list[list[Leaf]] = [next(looking)[1] for _ in range(LONG_PIECES + 2)]
    looking.close()
    assert found == [leaves for _, leaves in EXPECTED[: LONG_PIECES + 2]]
