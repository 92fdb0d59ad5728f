"""What is done without a tap: each part by itself, and one that fails keeps no other from its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.book import EMPTY, Book
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.bells import Bells
from agent.school.defects import Defects
from tests.clock import FastClock


async def transact(work: Callable[[Transaction], Any]) -> Any:
    return work("the transaction")  # type: ignore[arg-type]


async def test_each_part_gets_the_transaction_the_book_and_the_moment() -> None:
    seen: list[Any] = []
    clock = FastClock()

    def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
        seen.append((transaction, book, now, boot))

    await Bells(transact, lambda: EMPTY, clock, Defects(clock), {"one": tick, "two": tick}).look()
    assert seen == [("the transaction", EMPTY, clock.now(), clock.boot_id)] * 2


async def test_one_that_fails_is_told_and_tried_again() -> None:
    fails, done = [True], []
    clock = FastClock()
    defects = Defects(clock)

    def broken(_t: Transaction, _b: Book, _n: Moment, _boot: str) -> None:
        if fails:
            raise TypeError("no such lesson")

    def sound(_t: Transaction, _b: Book, _n: Moment, _boot: str) -> None:
        done.append(1)

    bells = Bells(transact, lambda: EMPTY, clock, defects, {"broken": broken, "sound": sound})
    await bells.look()
    await bells.look()
    (trouble,) = defects.trouble()
    assert (len(done), trouble.code, "broken" in trouble.what) == (2, "M-103", True)
    fails.clear()
    await bells.look()
    assert defects.trouble() == []
