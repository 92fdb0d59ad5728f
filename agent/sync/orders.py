"""Orders of the centre: verified, bound to this school and epoch, taken once, answered. docs/protocol.md, section 6.

The last number and its answer are on disk before the answer leaves; the same number again gets the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from agent.clock import Clock
from agent.outbox.outbox import Outbox
from agent.sync.topics import Answer, Order
from agent.sync.trust import Refused, instant_ns
from agent.wall_time import rfc3339

log = logging.getLogger("agent.orders")

FACT = "order"
TAKEN = 32  # numbers that are remembered, to tell an order that comes again from one that two senders crossed
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


class Last(msgspec.Struct, frozen=True):
    """What is remembered of the orders so far."""

    number: int
    answer: Answer
    taken: list[int] = []  # the latest numbers, this one first


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

    async def take(self, order: Order, *, again: bool = False) -> Answer:
        """Carry an order out, or say why not. The answer is durable when this returns.

        again  the broker says itself that it sends it again
        """
        last = await self._last()
        if last is not None and order.number == last.number:
            return last.answer
        refusal = self._refusal(order, last)
        if refusal:
            if not again and self._is_replayed(order, refusal, last):
                self._forged(refusal)
            return self._answer(order, "refused", reason=refusal)
        answer = await self._carry_out(order)
        taken = [order.number, *(last.taken if last else [])][:TAKEN]
        await self._outbox.remember(FACT, msgspec.json.encode(Last(order.number, answer, taken)))
        return answer

    def _refusal(self, order: Order, last: Last | None) -> str:
        """Why an order is not followed; empty if it is."""
        if order.school != self._school:
            return "other_school"
        if order.epoch != self._outbox.epoch:
            return "other_epoch"
        if last is not None and order.number < last.number:
            return "old_number"
        if self._expired(order):
            return "expired"
        return "" if order.order in self._handlers else "unknown_order"

    def _is_replayed(self, order: Order, refusal: str, last: Last | None) -> bool:
        """A good signature where it does not belong: somebody has kept the order."""
        if refusal == "old_number":
            return self._expired(order) or (last is not None and order.number in last.taken)
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

    async def _last(self) -> Last | None:
        kept = await self._outbox.recall(FACT)
        return msgspec.json.decode(kept, type=Last) if kept else None
