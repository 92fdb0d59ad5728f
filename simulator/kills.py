"""SIGKILL at random moments: agent, broker, receivers and database of a school that goes on tapping and burning.

A kill is a power cut without the disk's part: what a process had not handed to the kernel is gone. Each victim is
started again a moment later; at times another dies meanwhile. Now and then the agent starts while the centre is away
and is killed in its first second.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from simulator.card_reader import CardReader
from simulator.child import light_of, listens
from simulator.fire_panel import FIRE, NORMAL
from simulator.reckoning import reckon, until_stored
from simulator.school import School
from simulator.truth import Fire, Shown, Truth

BETWEEN_S = (0.02, 1.2)  # from a restart to the next kill
DOWN_S = (0.0, 0.5)
TAP_PAUSE_S = (0.005, 0.12)
LIGHT_PATIENCE_S = 2.5
EAGER_SHARE = 0.02  # of the moments without an agent: a child taps all the same
FIRE_S = (0.5, 2.5)
SETTLE_S = 90.0
ZONE = 2


class Victim(NamedTuple):
    """Who can die: which parts nobody else may touch meanwhile, and how often against the others."""

    name: str
    parts: set[str]
    kill: Callable[[], Awaitable[None]]
    weight: float = 1.0


class Kills:
    """run() kills so often and returns the reconciliation; `done` tells who died how often."""

    def __init__(self, school: School, *, seed: int) -> None:
        self.truth = Truth()
        self.done: dict[str, int] = {}
        self._school = school
        self._random = random.Random(seed)
        self._ending = asyncio.Event()
        self._card = 0
        self._locks = {part: asyncio.Lock() for part in ("agent", "broker", "database", "receiver")}
        self._victims = [
            Victim("agent", {"agent"}, self._agent),
            Victim("agent in its first second, offline", {"agent", "broker"}, self._cold_agent, weight=0.4),
            Victim("broker", {"broker"}, self._broker),
            Victim("receiver", {"receiver", "broker"}, self._receiver),  # it starts only where a broker is
        ]
        if school.city.postgres:
            self._victims.append(Victim("database", {"database"}, self._database))

    async def run(self, kills: int) -> dict[str, Any]:
        """The school must run. What does not come to rest afterwards is seen in what is wrong."""
        async with asyncio.TaskGroup() as tasks:
            for reader in self._school.readers:
                tasks.create_task(self._tap(reader))
            tasks.create_task(self._burn())
            tasks.create_task(self._kill(kills))
        await until_stored(self._school, SETTLE_S)
        return await reckon(self._school, self.truth)

    # --- who dies ---------------------------------------------------------------------------------------------------

    async def _kill(self, kills: int) -> None:
        """Each kind in turn at first, then by chance; sometimes the next dies before the last one is back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(kills):
                    tasks.create_task(self._once(self._next(number)))
                    await asyncio.sleep(self._random.uniform(*BETWEEN_S))
        finally:
            self._ending.set()

    def _next(self, number: int) -> Victim:
        if number < len(self._victims):
            return self._victims[number]
        return self._random.choices(self._victims, [victim.weight for victim in self._victims])[0]

    async def _once(self, victim: Victim) -> None:
        """A part that is being started is not killed by somebody else."""
        async with contextlib.AsyncExitStack() as held:
            for part in sorted(victim.parts):
                await held.enter_async_context(self._locks[part])
            self.done[victim.name] = self.done.get(victim.name, 0) + 1
            await victim.kill()

    async def _agent(self) -> None:
        self._school.agent.kill()
        await self._down()
        await self._school.agent.start()

    async def _cold_agent(self) -> None:
        """Off, on without a centre, a tap, and off again within the second."""
        city = self._school.city
        self._school.agent.kill()
        city.broker.kill()
        await self._school.agent.start()
        await asyncio.sleep(self._random.uniform(0.0, 0.6))
        self._school.agent.kill()
        await city.start_broker()
        await self._school.agent.start()

    async def _broker(self) -> None:
        self._school.city.broker.kill()
        await self._down()
        await self._school.city.start_broker()

    async def _receiver(self) -> None:
        victim = self._random.choice(self._school.city.receivers)
        victim.kill()
        await self._down()
        await victim.start()

    async def _database(self) -> None:
        assert self._school.city.postgres is not None  # noqa: S101 - a victim only where there is one
        await self._school.city.postgres.kill()
        await self._down()
        await self._school.city.postgres.start()

    async def _down(self) -> None:
        await asyncio.sleep(self._random.uniform(*DOWN_S))

    # --- what goes on meanwhile -------------------------------------------------------------------------------------

    async def _tap(self, reader: CardReader) -> None:
        while not self._ending.is_set():
            self._card += 1
            card = bytes([0x6F]) + self._card.to_bytes(4, "big")
            while (
                not self._ending.is_set() and not listens(self._school, reader) and self._random.random() > EAGER_SHARE
            ):
                await asyncio.sleep(0.02)
            light = await light_of(self._school, reader, card, LIGHT_PATIENCE_S)
            self.truth.shown.append(Shown(reader.name, reader.number(card), light))
            await asyncio.sleep(self._random.uniform(*TAP_PAUSE_S))

    async def _burn(self) -> None:
        """One fire after the other in one zone; each lasts until the panel was asked, as a real one does."""
        while not self._ending.is_set():
            await asyncio.sleep(self._random.uniform(*FIRE_S))
            fire = Fire(ZONE, time.time())
            self.truth.fires.append(fire)
            self._school.panel.set(ZONE, FIRE)
            await self._school.until_told(ZONE, "fire")  # normal again before anybody asked, it was never seen to burn
            await asyncio.sleep(self._random.uniform(*FIRE_S))
            self._school.panel.set(ZONE, NORMAL)
            await self._school.until_told(ZONE, "normal")
            fire.to_s = time.time()
