"""What is done without a tap: each part by itself, and one that fails keeps no other from its work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from agent.book import EMPTY, Book
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.bells import Bells
from tests.clock import FastClock


async def transact(work: Callable[[Transaction], Any]) -> Any:
    return work("the transaction")  # type: ignore[arg-type]


async def test_each_part_gets_the_transaction_the_book_and_the_moment() -> None:
    seen: list[Any] = []
    clock = FastClock()

    def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
        seen.append((transaction, book, now, boot))

    await Bells(transact, lambda: EMPTY, clock, {"one": tick, "two": tick}).look()
    assert seen == [("the transaction", EMPTY, clock.now(), clock.boot_id)] * 2


async def test_one_that_fails_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    fails, done = [True], []

    def broken(_t: Transaction, _b: Book, _n: Moment, _boot: str) -> None:
        if fails:
            raise ValueError("no such lesson")

    def sound(_t: Transaction, _b: Book, _n: Moment, _boot: str) -> None:
        done.append(1)

    bells = Bells(transact, lambda: EMPTY, FastClock(), {"broken": broken, "sound": sound})
    with caplog.at_level(logging.ERROR):
        await bells.look()
        await bells.look()
    assert len(caplog.records) == 1
    assert (len(done), bells.failing) == (2, {"broken": "ValueError: no such lesson"})
    fails.clear()
    await bells.look()
    assert bells.failing == {}
