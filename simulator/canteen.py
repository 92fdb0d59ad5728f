"""Two readers of a canteen and the queues before them: each visit of the plan, from the card to what is known of it.

A child who sees no light shows the card again; an operator who is not sure whether the reader waits for a card lets it
wait in vain, so that nobody else's meal is taken back.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from simulator.card_reader import CardReader
from simulator.child import light_of, listens
from simulator.roll import Child, Roll
from simulator.rush_plan import Step, Visit
from simulator.rush_truth import LOST, RushTruth
from simulator.school import School

LIGHT_PATIENCE_S = 8.0  # a light that came after it would be taken for the next card's; wait is shown after two seconds
TRIES = 40
LOOK_S = 0.05
A_WHILE_S = 3.0
EAGER_SHARE = 0.02  # of the looks at a reader without an agent: a child shows the card all the same
ARMED_S, SURELY_ARMED_S = 15.0, 13.0  # a reader waits so long for the card after an operator's: docs/rules.md
HELD_S = (
    1.7  # sooner it is the same card, held a little longer: to the rules about an operator's, and a meal taken back
)
SAME_CARD_S = 1.4  # before a reader that repeats takes it as shown again


class Eaten(NamedTuple):
    """When a child's meal was given: not before, not after; of the loop's clock."""

    earliest_s: float
    latest_s: float


class Queue:
    """One reader, and who stands before it."""

    def __init__(self, reader: CardReader) -> None:
        self.reader = reader
        self.steps: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self.last: tuple[bytes, float] = (b"", 0.0)  # card, when it was shown
        self._served = 0
        self._served_s = 0.0

    async def serve(self) -> None:
        """For ever, one after the other."""
        while True:
            visit = await self.steps.get()
            began_s = time.monotonic()
            await visit()
            self._served, self._served_s = self._served + 1, self._served_s + time.monotonic() - began_s
            self.steps.task_done()

    def wait_s(self) -> float:
        """How long it looks, as children reckon: who stands there, and how quickly it has gone until now."""
        return (self.steps.qsize() + 1) * (self._served_s / self._served if self._served else 0.1)


class Canteen:
    """visit() puts a step into the quicker queue, or into both."""

    def __init__(self, school: School, roll: Roll, truth: RushTruth, *, seed: int, grace_s: float) -> None:
        self.queues = [Queue(reader) for reader in school.readers]
        self._school = school
        self._truth = truth
        self._grace_s = grace_s
        self._random = random.Random(seed)
        self._children = {child.id: child for child in roll.children}
        self._eaten: dict[str, Eaten] = {}
        self._operators = [card for _, card in roll.operators]
        self._busy: set[str] = set()  # children who stand in a queue
        self._visits: dict[Visit, Callable[[Queue, Step], Awaitable[None]]] = {
            Visit.EATS: self._eats,
            Visit.TWICE: self._eats_twice,
            Visit.DARK: self._eats_in_the_dark,
            Visit.AGAIN: self._second_helping,
            Visit.STRANGER: self._in_vain,
            Visit.BLOCKED: self._in_vain,
            Visit.NO_RIGHT: self._in_vain,
            Visit.FORGOTTEN: self._forgotten,
            Visit.TAKEN_BACK: self._taken_back,
            Visit.TAKEN_BACK_BY_MISTAKE: self._taken_back,
        }

    def visit(self, step: Step) -> None:
        if step.visit is Visit.BOTH:
            self._at_both(step)
            return
        queue = min(self.queues, key=Queue.wait_s)
        queue.steps.put_nowait(lambda: self._visits[step.visit](queue, step))

    async def empty(self) -> None:
        """Until everybody has gone."""
        for queue in self.queues:
            await queue.steps.join()

    def waiting(self) -> int:
        return sum(queue.steps.qsize() for queue in self.queues)

    # --- one card ---------------------------------------------------------------------------------------------------

    async def _show(self, queue: Queue, card: bytes) -> str:
        """Hold it once, as soon as the reader takes cards."""
        last, shown_s = queue.last
        if card == last and queue.reader.kind != "ironlogic":  # that one tells when the card is away
            await asyncio.sleep(shown_s + SAME_CARD_S - time.monotonic())
        for _ in range(int(ARMED_S / LOOK_S)):
            if listens(self._school, queue.reader) or self._random.random() < EAGER_SHARE:
                break
            await asyncio.sleep(LOOK_S)
        queue.last = (card, time.monotonic())
        light = await light_of(self._school, queue.reader, card, LIGHT_PATIENCE_S)
        self._truth.shown(light)
        return light

    async def _until_light(self, queue: Queue, card: bytes, told: Callable[[str], None]) -> bool:
        """Show it until a light says something; each light is told. False if none came at all."""
        for _ in range(TRIES):
            light = await self._show(queue, card)
            told(light)
            if light not in LOST:
                return True
        self._truth.defects.append(f"{queue.reader.name}: {card.hex()} got no light in {TRIES} times")
        return False

    # --- children ---------------------------------------------------------------------------------------------------

    async def _eats(self, queue: Queue, step: Step) -> None:
        if step.child is not None:
            await self._meal(queue, step.child, step.card)

    async def _meal(self, queue: Queue, child: Child, card: bytes) -> None:
        began_s = time.monotonic()
        await self._until_light(queue, card, lambda light: self._truth.came(child.id, light))
        self._eaten[child.id] = Eaten(began_s, time.monotonic())

    async def _eats_twice(self, queue: Queue, step: Step) -> None:
        """The tray is full and the card is still in the hand."""
        await self._eats(queue, step)
        if step.child is not None:
            await self._once_more(queue, step.child)

    async def _once_more(self, queue: Queue, child: Child) -> None:
        card, eaten, began_s = child.cards[0], self._eaten[child.id], time.monotonic()

        def told(light: str) -> None:
            now_s = time.monotonic()
            same = True if now_s - eaten.earliest_s < self._grace_s else None
            grace = False if began_s - eaten.latest_s > self._grace_s else same
            self._truth.came_again(child.id, light, grace=grace)

        await self._until_light(queue, card, told)

    async def _eats_in_the_dark(self, queue: Queue, step: Step) -> None:
        """The lamp is broken for one card: the meal may be given, and the child does not know."""
        child = step.child
        if child is None:
            return
        began_s = time.monotonic()
        queue.reader.dark = True
        self._truth.came(child.id, await self._show(queue, step.card))
        queue.reader.dark = False
        await self._meal(queue, child, step.card)
        self._eaten[child.id] = self._eaten[child.id]._replace(earliest_s=began_s)

    def _at_both(self, step: Step) -> None:
        """Each queue holds one card of the child, and waits for the other."""
        child = step.child
        if child is None:
            return
        meeting, began_s = asyncio.Barrier(len(self.queues)), time.monotonic()

        async def at(queue: Queue, card: bytes) -> None:
            await meeting.wait()
            await self._until_light(queue, card, lambda light: self._truth.came_at_both(child.id, light))
            self._eaten[child.id] = Eaten(began_s, time.monotonic())

        for queue, card in zip(self.queues, child.cards, strict=True):
            queue.steps.put_nowait(lambda queue=queue, card=card: at(queue, card))  # type: ignore[misc]

    async def _in_vain(self, queue: Queue, step: Step) -> None:
        reason, expected = {
            Visit.STRANGER: ("unknown_card", "U"),
            Visit.BLOCKED: ("blocked_card", "U"),
            Visit.NO_RIGHT: ("no_entitlement", "R"),
        }[step.visit]
        who = step.child.id if step.child else f"card {step.card.hex()}"
        await self._until_light(
            queue, step.card, lambda light: self._truth.came_in_vain(who, light, reason=reason, expected=expected)
        )

    async def _second_helping(self, queue: Queue, _step: Step) -> None:
        child = await self._who_has_eaten()
        if child is not None:
            await self._once_more(queue, child)
            self._busy.discard(child.id)

    async def _who_has_eaten(self) -> Child | None:
        """Somebody who has, for sure, and longer ago than the grace; nobody else may choose the same meanwhile."""
        for _ in range(int((self._grace_s + A_WHILE_S) / LOOK_S)):
            before_s = time.monotonic() - self._grace_s
            known = [
                child
                for child, eaten in self._eaten.items()
                if eaten.latest_s < before_s and self._truth.has_eaten(child) and child not in self._busy
            ]
            if known:
                child = self._random.choice(known)
                self._busy.add(child)
                return self._children[child]
            await asyncio.sleep(LOOK_S)
        return None

    # --- operators --------------------------------------------------------------------------------------------------

    async def _forgotten(self, queue: Queue, _step: Step) -> None:
        """The operator's card, and once more: a meal that the operator answers for."""
        card = self._random.choice(self._operators)
        armed_s = await self._arm(queue, card)
        if armed_s is None:
            return
        await asyncio.sleep(queue.last[1] + HELD_S - time.monotonic())
        light = await self._show(queue, card)
        self._truth.gave_forgotten(int(light == "G"), int(light in LOST))
        if light == "A" and time.monotonic() - armed_s < SURELY_ARMED_S:
            self._truth.defects.append(f"{queue.reader.name}: an operator's second card only armed the reader again")
        if light != "G":
            await self._disarmed(queue)

    async def _taken_back(self, queue: Queue, step: Step) -> None:
        """The operator's card, then the child's."""
        child = await self._who_has_eaten()
        if child is None:
            return
        armed_s = await self._arm(queue, self._random.choice(self._operators))
        if armed_s is not None:
            light = await self._show(queue, child.cards[0])
            armed = time.monotonic() - armed_s < SURELY_ARMED_S
            self._truth.taken_back(child.id, light, armed=armed)
            if light != "G":
                await self._disarmed(queue)
            if step.visit is Visit.TAKEN_BACK_BY_MISTAKE or not self._truth.sure(child.id):
                await asyncio.sleep(queue.last[1] + HELD_S - time.monotonic())
                await self._meal(queue, child, child.cards[0])
        self._busy.discard(child.id)

    async def _arm(self, queue: Queue, card: bytes) -> float | None:
        """Until the reader says that it waits for the next card. Since when at the earliest; None if it never does."""
        began_s, greens, lost = time.monotonic(), 0, 0
        for _ in range(TRIES):
            light = await self._show(queue, card)
            greens, lost = greens + (light == "G"), lost + (light in LOST)
            if light == "A":
                self._truth.gave_forgotten(greens, lost)
                return began_s
            if (
                light == "G"
            ):  # it waited already, though nobody saw it: an unwanted meal, which the operator answers for
                began_s = time.monotonic()
            elif light not in LOST:
                self._truth.defects.append(f"{queue.reader.name}: an operator's card got {light}")
                return None
        self._truth.defects.append(f"{queue.reader.name}: an operator's card got no light in {TRIES} times")
        return None

    async def _disarmed(self, queue: Queue) -> None:
        """Nobody shows a card until the reader has surely stopped waiting."""
        await asyncio.sleep(queue.last[1] + A_WHILE_S + ARMED_S - time.monotonic())
