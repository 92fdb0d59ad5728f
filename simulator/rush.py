"""The meal rush: hundreds of children at two readers in a few minutes, the line to the centre down, the power cut.

Six in a hundred are no plain meals: simulator/rush_plan.py. Before, the centre publishes the school's data; afterwards
the line comes back, the day ends by the school's own time, and the statement of the day is made.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from simulator import papers, school_time
from simulator.canteen import Canteen
from simulator.reckoning import until_stored
from simulator.roll import Roll, made_up
from simulator.rush_plan import planned
from simulator.rush_truth import RushTruth
from simulator.school import SCHOOL, School
from simulator.statements import DATED, GRANTED, REVERSED, STATEMENT

USES = {"canteen-1": 'purpose = "meals"', "canteen-2": 'purpose = "meals"'}
REAL_S = 1_200.0  # 600 children in 20 minutes
GRACE_S = 60.0  # of which a faster rush has less
DOWN_S = (0.0, 0.5)
POWER_CUT_S = 1.5
PATIENCE_S = 60.0
DATING_S = 240.0  # a hundred meals at each look
DATASETS = ("calendar", "cards", "meals")


class Settings(NamedTuple):
    """How the rush goes.

    seconds   so long; 1,200 is as long as a true one
    kills     of the agent, at random moments; 0: one power cut in the middle
    untrusted the clock is not trusted until the rush is over
    replaced  in the middle the box is replaced: its database is new
    """

    seconds: float = 60.0
    pupils: int = 3_000
    eaters: int = 600
    kills: int = 0
    untrusted: bool = False
    replaced: bool = False
    seed: int = 7

    @property
    def grace_s(self) -> int:
        return max(2, round(GRACE_S * min(1.0, self.seconds / REAL_S)))


class Rush:
    """run() once, on a school that is made with USES and a clock of the kernel's that can be trusted."""

    def __init__(self, school: School, settings: Settings) -> None:
        self.school = school
        self.settings = settings
        self.truth = RushTruth()
        self.log: list[str] = []
        self.stage = "starting"
        self.kills = 0
        self.came = 0  # of the steps of the plan
        self._offset_min = school_time.rush_offset(school_time.now())
        day = school_time.local_day(school_time.now(), self._offset_min)
        self.roll: Roll = made_up(day, seed=settings.seed, pupils=settings.pupils, eaters=settings.eaters)
        self.steps = planned(self.roll, seed=settings.seed, rights_end=not settings.untrusted)
        self.canteen = Canteen(school, self.roll, self.truth, seed=settings.seed, grace_s=settings.grace_s)
        self._random = random.Random(settings.seed)
        self._began_s = time.monotonic()

    async def run(self) -> None:
        """From the publication of the school's data to the statement at the centre."""
        self._began_s = time.monotonic()
        await self.prepare()
        with self._line_down():
            await self._rush()
        if self.settings.untrusted:
            await self._trust_clock()
            await self.until("each meal has its day", self._dated, DATING_S)
        else:
            await self._again()  # as a technician would: it does not wait any longer before it asks for the centre
        await self.end_the_day()

    async def prepare(self) -> None:
        """The school runs, and has what the centre knows of it, its time first of all."""
        await self.school.start()
        await self.until("the box is online", self._online)
        await self.publish(self._offset_min)
        self.note(f"{len(self.roll.children)} pupils, {len(self.roll.eaters())} of them eat: the box has them")
        if not self.settings.untrusted:
            await self._trust_clock()

    async def _trust_clock(self) -> None:
        """A time daemon keeps the box's clock from now on. What is due is done at the start, not at the next look."""
        self.school.trust_clock()
        await self._again()
        self.note("the clock is trusted")

    async def _again(self) -> None:
        """Switched off and on, in order."""
        await self.school.agent.stop()
        await self.school.agent.start()
        await self.until("the box is online", self._online)

    async def publish(self, offset_min: int) -> None:
        """By the centre's own command, from the files of the school's office."""
        before = self.school.status().get("datasets", {})
        folder = self.school.folder / "office"
        papers.write(folder, self.roll, offset_min=offset_min, grace_s=self.settings.grace_s)
        await asyncio.to_thread(self.school.city.must, "school-data", "load", SCHOOL, str(folder), "--publish")
        wanted = [name for name in DATASETS if not before or name == "calendar"]

        def has_come() -> bool:
            now = self.school.status().get("datasets", {})
            return all(name in now and now[name] != before.get(name) for name in wanted)

        await self.until("the school's data are at the box", has_come)

    async def end_the_day(self) -> None:
        """It is past eight on the school's wall; the statement comes; everything is stored."""
        self.stage = "the day ends"
        self.note("the day ends at the school")
        await self.publish(school_time.day_end_offset(self._offset_min))
        await self._again()
        await self.until("the statement of the day", lambda: self.school.count(STATEMENT) > 0)
        self.stage = "waiting until all is stored"
        self.note("the statement of the day is made")
        await until_stored(self.school, PATIENCE_S)
        self.note("all is stored")

    async def until(self, what: str, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Raises RuntimeError if it does not come."""
        if not await self.school.until(true, patience_s):
            raise RuntimeError(f"{what}: did not come in {patience_s:.0f} s\n{self.school.agent.last_words()}")

    def _online(self) -> bool:
        status = self.school.status()
        return status.get("pid") == self.school.agent.pid and status["link"]["state"] == "online"

    def _dated(self) -> bool:
        """Of the meals that were given without a day; some hundred at each look of the box."""
        count = self.school.count
        return count(GRANTED, day="") <= count(DATED) + count(REVERSED, day="")

    def note(self, text: str) -> None:
        self.log.append(f"{time.monotonic() - self._began_s:6.1f} s  {text}")

    # --- the rush itself --------------------------------------------------------------------------------------------

    @contextmanager
    def _line_down(self) -> Iterator[None]:
        self.school.line.refusing = True
        self.school.line.cut()
        self.note("the line to the centre is down")
        yield
        self.school.line.refusing = False
        self.note("the line is back")

    async def _rush(self) -> None:
        self.stage = "rush"
        serving = [asyncio.create_task(queue.serve()) for queue in self.canteen.queues]
        cutting = asyncio.create_task(self._cut_power())
        try:
            await self._come()
            await self.canteen.empty()
            await cutting
        finally:
            for task in (*serving, cutting):
                task.cancel()
            await asyncio.wait((*serving, cutting))

    async def _come(self) -> None:
        began_s = time.monotonic()
        half = len(self.steps) // 2
        for number, step in enumerate(self.steps):
            if number == half and self.settings.replaced:
                await self._replace_box()
                began_s = time.monotonic() - step.at * self.settings.seconds
            await asyncio.sleep(began_s + step.at * self.settings.seconds - time.monotonic())
            self.canteen.visit(step)
            self.came += 1

    async def _cut_power(self) -> None:
        """kill -9 of the agent: once, or as often as is wanted, at random moments; never of a box that is replaced."""
        if self.settings.replaced:
            return
        if not self.settings.kills:
            await asyncio.sleep(self.settings.seconds * 0.4)
            self.note("the power is cut")
            await self._cut(POWER_CUT_S)
            self.note("the power is back")
            return
        pause_s = self.settings.seconds / self.settings.kills
        for _ in range(self.settings.kills):
            await asyncio.sleep(self._random.uniform(0.0, 1.0) * pause_s)
            await self._cut(self._random.uniform(*DOWN_S))

    async def _cut(self, down_s: float) -> None:
        self.school.agent.kill()
        self.kills += 1
        await asyncio.sleep(down_s)
        await self.school.agent.start()

    async def _replace_box(self) -> None:
        """Everybody has gone for a moment, the line is up: then the box gets a new database."""
        await self.canteen.empty()
        self.school.line.refusing = False
        await self._again()
        await until_stored(self.school, PATIENCE_S)
        await self.school.agent.stop()
        state = self.school.box / "state"
        for file in (*state.glob("outbox.db*"), state / "ledger.checkpoint"):
            file.unlink()
        await self.school.agent.start()
        await self.until("the box is online", self._online)
        await until_stored(self.school, PATIENCE_S)
        self.note("the box is replaced: its database is new")
        self.school.line.refusing = True
        self.school.line.cut()
