"""Which order is carried out when: none waits for one that takes long, and those of an alarm wait for no other.

Lanes     alarms, the box itself, and all that is quick: of each lane one order after the other. What may take seconds
          goes aside, ASIDE_AT_ONCE at a time.
Bounded   WAITING orders wait, and as many of alarms; one more is answered `refused`, `busy`, and its number is free.
          A flood that its sender does not hear of is counted: `too_many_orders`.
Line      an order that is under way goes on when the line is lost; its answer leaves on the next one.
Not       what an order means, and what the disk remembers of it: agent/sync/orders.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum

import msgspec

from agent.sync.order_list import ALARMS, ASIDE, BOX
from agent.sync.orders import Orders
from agent.sync.topics import Answer, Order
from agent.sync.trust import Refused

WAITING = 16
ASIDE_AT_ONCE = 4
ANSWERS = 64  # that wait to leave; then no more orders are taken


class Lane(Enum):
    """What waits for what. value: how many at once."""

    ALARMS = ("alarms", 1)
    BOX = ("box", 1)
    QUICK = ("quick", 1)
    ASIDE = ("aside", ASIDE_AT_ONCE)


class Ready(msgspec.Struct, frozen=True):
    """An answer that may leave."""

    answer: Answer
    of_box: bool  # about the box itself: a restart may wait for it


def lane_of(name: str) -> Lane:
    """The lane of an order."""
    for names, lane in ((ALARMS, Lane.ALARMS), (BOX, Lane.BOX), (ASIDE, Lane.ASIDE)):
        if name in names:
            return lane
    return Lane.QUICK


class OrderDesk:
    """One per box; at work while it is entered, over all connections."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._early: deque[tuple[Order, bool]] = deque()  # came before the disk told what was taken
        self._waiting: dict[Lane, asyncio.Queue[Order]] = {lane: asyncio.Queue() for lane in Lane}
        self._ready: deque[Ready] = deque()
        self._changed = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> None:
        began = asyncio.create_task(self._begin(), name="orders")
        lanes = [(lane, number) for lane in Lane for number in range(lane.value[1])]
        workers = [asyncio.create_task(self._work(lane), name=f"orders-{lane.value[0]}-{n}") for lane, n in lanes]
        self._workers = [began, *workers]
        for worker in self._workers:
            worker.add_done_callback(lambda _: self._changed.set())

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def put(self, order: Order, again: bool) -> None:
        """An order that is known to be the centre's. again: the broker says itself that it sends it again.

        Raises Refused while too many answers wait to leave.
        """
        if len(self._ready) >= ANSWERS:
            raise Refused("too_many_orders")
        self._place(order, again)

    def _place(self, order: Order, again: bool) -> None:
        lane = lane_of(order.order)
        busy = self._full(lane)
        if not self._orders.known:
            if busy:
                self._say(self._orders.busy(order), lane)
            else:
                self._early.append((order, again))
            return
        if self._orders.runs(order):
            return  # its answer comes
        answer = self._orders.take(order, again=again, busy=busy)
        if answer is None:
            self._waiting[lane].put_nowait(order)
        else:
            self._say(answer, lane)

    async def next_answer(self) -> Ready:
        """The oldest that has not left; it stays until sent() says that it has. Raises what ended a worker."""
        while not self._ready:
            for worker in self._workers:
                if worker.done():
                    worker.result()
            self._changed.clear()
            await self._changed.wait()
        return self._ready[0]

    def sent(self, ready: Ready) -> None:
        """It has left."""
        if self._ready and self._ready[0] is ready:
            self._ready.popleft()

    def _full(self, lane: Lane) -> bool:
        """Alarms are counted by themselves: nothing else keeps them out."""
        early = sum((lane_of(order.order) is Lane.ALARMS) == (lane is Lane.ALARMS) for order, _ in self._early)
        if lane is Lane.ALARMS:
            return early + self._waiting[lane].qsize() >= WAITING
        return early + sum(queue.qsize() for one, queue in self._waiting.items() if one is not Lane.ALARMS) >= WAITING

    async def _begin(self) -> None:
        await self._orders.read()
        while self._early:
            self._place(*self._early.popleft())

    async def _work(self, lane: Lane) -> None:
        while True:
            order = await self._waiting[lane].get()
            self._say(await self._orders.carry_out(order), lane)

    def _say(self, answer: Answer, lane: Lane) -> None:
        self._ready.append(Ready(answer, lane is Lane.BOX))
        self._changed.set()
