"""Orders of the centre: verified, bound to this school and epoch, taken once, answered. docs/protocol.md, section 6.

The number and its answer are on disk before the answer leaves; the same number again gets the same answer. Which order
is carried out when, and which waits for none: agent/sync/order_desk.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from agent.clock import Clock
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.sync.order_numbers import Last, Numbers, Overtaken
from agent.sync.topics import Answer, Order
from agent.sync.trust import Refused, instant_ns
from agent.wall_time import rfc3339

log = logging.getLogger("agent.orders")

FACT, OVERTAKEN_FACT = "order", "orders_overtaken"
Handler = Callable[[Order], Awaitable[dict[str, object]]]


class BadArgs(Exception):
    """An order's arguments do not fit it."""


class Failed(Exception):
    """An order cannot be carried out, in words for the centre."""


A = TypeVar("A", bound=msgspec.Struct)


def args_of(order: Order, type_: type[A]) -> A:
    """The arguments of an order. Raises BadArgs."""
    try:
        return msgspec.convert(order.args, type_)
    except msgspec.ValidationError as error:
        raise BadArgs(str(error)) from error


class Denied(Exception):
    """An order that the box does not follow as things are; a word of docs/protocol.md, section 6."""

    def __init__(self, word: str, result: dict[str, object] | None = None) -> None:
        super().__init__(word)
        self.result = result


class Orders:
    """Takes orders that are known to be signed by the pinned key."""

    def __init__(
        self,
        school: str,
        outbox: Outbox,
        clock: Clock,
        handlers: Mapping[str, Handler],
        forged: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._school = school
        self._outbox = outbox
        self._clock = clock
        self._handlers = handlers
        self._forged = forged
        self._numbers: Numbers | None = None  # read once; from then on what is on disk is what is here
        self._running: set[int] = set()
        self._noting = asyncio.Lock()

    @property
    def known(self) -> bool:
        """Whether the orders so far have been read from the disk: nothing is taken before."""
        return self._numbers is not None

    async def read(self) -> None:
        """What the disk knows of the orders so far."""
        if self._numbers is None:
            last, overtaken = await self._outbox.transact(lambda t: (t.recall(FACT), t.recall(OVERTAKEN_FACT)))
            self._numbers = Numbers(
                msgspec.json.decode(last, type=Last) if last else None,
                msgspec.json.decode(overtaken, type=Overtaken) if overtaken else Overtaken(),
            )

    def take(self, order: Order, *, again: bool = False, busy: bool = False) -> Answer | None:
        """What is answered at once; None if it is under way from now on, to be carried out.

        again  the broker says itself that it sends it again
        busy   too many wait
        """
        numbers = self._book
        stored = numbers.answer_to(order.number)
        if stored is not None:
            return stored
        refusal = self._refusal(order, numbers)
        if refusal:
            if not again and self._is_replayed(order, refusal, numbers):
                self._forged(refusal)
            return self._answer(order, "refused", reason=refusal)
        if busy:
            return self.busy(order)
        self._running.add(order.number)
        self._numbers = numbers.begun(order.number)
        return None

    def runs(self, order: Order) -> bool:
        """Whether an order of this number is under way."""
        return order.number in self._running

    def busy(self, order: Order) -> Answer:
        return self._answer(order, "refused", reason="busy")

    async def carry_out(self, order: Order) -> Answer:
        """Of one that was taken. The answer is durable when this returns."""
        try:
            if stale := self._stale(order):  # while it waited
                self._numbers = self._book.given_up(order.number)
                return self._answer(order, "refused", reason=stale)
            answer = await self._carry_out(order)
            await self._note(answer)
            return answer
        finally:
            self._running.discard(order.number)

    async def _note(self, answer: Answer) -> None:
        """One after the other: the disk never has less than what was written before."""
        async with self._noting:
            noted = self._book.ended(answer)
            last, overtaken = msgspec.json.encode(noted.last), msgspec.json.encode(noted.overtaken)

            def write(transaction: Transaction) -> None:
                transaction.remember(FACT, last)
                transaction.remember(OVERTAKEN_FACT, overtaken)

            await self._outbox.transact(write)
            self._numbers = self._book.ended(answer)

    @property
    def _book(self) -> Numbers:
        return self._numbers or Numbers()

    def _refusal(self, order: Order, numbers: Numbers) -> str:
        """Why an order is not followed; empty if it is."""
        if order.school != self._school:
            return "other_school"
        if order.epoch != self._outbox.epoch:
            return "other_epoch"
        if numbers.too_low(order.number):
            return "old_number"
        if self._expired(order):
            return "expired"
        return "" if order.order in self._handlers else "unknown_order"

    def _stale(self, order: Order) -> str:
        if order.epoch != self._outbox.epoch:
            return "other_epoch"
        return "expired" if self._expired(order) else ""

    def _is_replayed(self, order: Order, refusal: str, numbers: Numbers) -> bool:
        """A good signature where it does not belong: somebody has kept the order."""
        if refusal == "old_number":
            return self._expired(order) or numbers.was_taken(order.number)
        return refusal == "other_school"

    def _expired(self, order: Order) -> bool:
        try:
            return self._clock.proven_ns() > instant_ns(order.expires)
        except Refused:
            return True

    async def _carry_out(self, order: Order) -> Answer:
        try:
            result = await self._handlers[order.order](order)
        except BadArgs as error:
            log.warning("order %d %s: %s", order.number, order.order, error)
            return self._answer(order, "refused", reason="bad_args")
        except Denied as error:
            return self._answer(order, "refused", reason=str(error), result=error.result)
        except Failed as error:
            return self._answer(order, "failed", reason=str(error))
        except Exception as error:  # a defect of ours is told to who gave the order, and ends nothing
            log.exception("order %d %s failed", order.number, order.order)
            return self._answer(order, "failed", reason=f"{type(error).__name__}: {error}")
        log.info("order %d %s is done", order.number, order.order)
        return self._answer(order, "done", result=result)

    def _answer(
        self, order: Order, outcome: str, *, reason: str = "", result: dict[str, object] | None = None
    ) -> Answer:
        return Answer(
            order=order.order,
            school=self._school,
            epoch=self._outbox.epoch,
            number=order.number,
            outcome=outcome,
            reason=reason,
            result=result or {},
            time=rfc3339(self._clock.utc_ns()),
        )
