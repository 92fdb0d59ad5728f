"""SIGKILL of the agent at random moments while it burns, and persons answer: by card, on the box's command line.

Each fire of each zone is one incident, from its first sign to its end: opened once, told once for each step, never
without an owner, closed at the centre as at the box. The next one begins when the last is closed.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from simulator import day_school
from simulator.emergencies import Emergencies, Missing
from simulator.fire_panel import FIRE, NORMAL
from simulator.incident_truth import CLOSED, Case
from simulator.reckoning import reckon, until_stored
from simulator.responsible import CITY, GUARD, POLICE
from simulator.school import School
from simulator.truth import Fire, Truth

ALIVE_S = (0.0, 3.0)  # from a start to the next kill
DOWN_S = (0.0, 0.5)
PAUSE_S = (0.0, 1.0)  # between two fires of a zone
SETTLE_S = 90.0
KITCHEN, GYM = 2, 3  # zones of the panel: at the first there is a reader
PLACES = {KITCHEN: "kitchen", GYM: "gym"}


class IncidentKills:
    """run() kills so often and returns the reconciliation; the school's data must be published."""

    def __init__(self, school: School, *, seed: int) -> None:
        self.truth = Truth()
        self._school = school
        self._random = random.Random(seed)
        self._ending = asyncio.Event()
        queues = {reader.name: asyncio.Lock() for reader in school.devices.readers()}
        self._persons = Emergencies(school, self.truth, lambda _words: None, self._ending, queues)

    async def run(self, kills: int) -> dict[str, Any]:
        async with asyncio.TaskGroup() as tasks:
            for zone in PLACES:
                tasks.create_task(self._burn(zone))
            tasks.create_task(self._kill(kills))
        await until_stored(self._school, SETTLE_S)
        result = await reckon(self._school, self.truth)
        cases = self.truth.incidents.cases
        if result["incidents"]["others"] or len({case.incident for case in cases}) != len(cases):
            result["wrong"].append(f"{len(cases)} fires are {len(cases) + result['incidents']['others']} incidents")
        return result

    async def _kill(self, kills: int) -> None:
        try:
            for _ in range(kills):
                await asyncio.sleep(self._random.uniform(*ALIVE_S))
                self._school.agent.kill()
                self._school.devices.let_go()
                await asyncio.sleep(self._random.uniform(*DOWN_S))
                await self._school.agent.start()
        finally:
            self._ending.set()

    async def _burn(self, zone: int) -> None:
        while not self._ending.is_set():
            case = Case(f"fire in the {PLACES[zone]}", "fire", PLACES[zone], (GUARD, CITY, POLICE), only=False)
            self.truth.incidents.cases.append(case)
            try:
                await self._once(case, zone)
            except Missing as missing:
                self.truth.incidents.defects.append(f"{case.what}: {missing}")
                return
            await asyncio.sleep(self._random.uniform(*PAUSE_S))

    async def _once(self, case: Case, zone: int) -> None:
        """It burns, somebody goes there and puts it out, and says so."""
        fire = Fire(zone, time.time())
        self.truth.fires.append(fire)
        self._school.panel.set(zone, FIRE)
        await self._persons.opened(case, f"fire-panel/{zone}")
        if zone == KITCHEN:
            await self._persons.by_card(case, GUARD, self._school.readers[0])
        else:
            await self._persons.by_command(case, "acknowledge", "acknowledged")
        self._school.panel.set(zone, NORMAL)
        if not await self._school.until_told(zone, "normal", patience_s=SETTLE_S):
            raise Missing("that it is out was not told")
        fire.to_s = time.time()
        await self._persons.by_command(case, "confirm", "confirmed")
        await self._persons.by_command(case, "close", CLOSED)


async def killed(school: School, kills: int, seed: int) -> dict[str, Any]:
    """Start a school that was made, kill its agent so often, and reconcile."""
    school.trust_clock()
    await school.start()
    await day_school.publish(school)
    return await IncidentKills(school, seed=seed).run(kills)
