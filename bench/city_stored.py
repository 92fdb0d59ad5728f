"""What the city's centre has committed, read from its database by a connection of its own, whichever it is."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from centre.database import Database, open_database
from centre.settings import load_settings
from simulator.city import City

LOOK_S = 0.02
FIRE_ZONE = "kz.mektep.fire.zone.v1"
HIGHEST = "select school, epoch, lane, highest, through, events from stream"
ALARMS = "select school, highest from stream where lane = 'alarm'"
COUNTED = """
select s.school, s.epoch, s.lane, count(*), min(e.sequence), max(e.sequence)
from event e join stream s on s.id = e.stream group by 1, 2, 3
"""
FIRES = f"""
select s.school, e.sequence, e.body from event e join stream s on s.id = e.stream
where s.lane = 'alarm' and e.type = '{FIRE_ZONE}'
"""
TEXTS = """
select s.lane, e.sequence, s.epoch, e.body from event e join stream s on s.id = e.stream where s.school = '{}'
"""
WRONG = """
select 'conflict', count(*) from conflict union all select 'quarantined', count(*) from quarantine
union all select 'refused ' || reason, sum(count) from refusal group by reason
"""
Key = tuple[str, str, str]  # school, epoch, lane


class Told(NamedTuple):
    """One event, verbatim."""

    lane: str
    sequence: int
    epoch: str
    text: str


class _Fire(msgspec.Struct):
    monotonic: str


class Stored:
    """Looks at what is committed. seen: of each school's alarms, when (CLOCK_BOOTTIME) each was first seen."""

    def __init__(self, city: City) -> None:
        self._url = load_settings(city.folder / "centre.toml").database
        self._thread = ThreadPoolExecutor(1, "stored")  # a connection belongs to one
        self._db: Database | None = None
        self.seen: dict[str, dict[int, int]] = defaultdict(dict)
        self._highest: dict[str, int] = {}

    async def watch(self) -> None:
        """Until cancelled: an alarm counts from the look that first finds it, so the figure is an upper bound."""
        while True:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            await asyncio.sleep(LOOK_S)

    def _look(self) -> None:
        rows = self._rows(ALARMS)
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        for school, highest in rows:
            for sequence in range(self._highest.get(school, 0) + 1, highest + 1):
                self.seen[school][sequence] = now_ns
            self._highest[school] = highest

    async def until(self, wanted: dict[Key, int], patience_s: float) -> float:
        """Until all that is numbered there is stored without a gap; the moment. Raises TimeoutError."""
        deadline_s = time.monotonic() + patience_s
        while True:
            found = {(school, epoch, lane): through for school, epoch, lane, _, through, _ in await self.read(HIGHEST)}
            owed = {key: last - found.get(key, 0) for key, last in wanted.items() if found.get(key, 0) < last}
            if not owed:
                return time.monotonic()
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{sum(owed.values())} events of {len(owed)} lanes are not stored: {list(owed)[:3]}")
            await asyncio.sleep(0.1)

    async def total(self) -> int:
        return sum(row[5] for row in await self.read(HIGHEST))

    async def taken_ms(self, from_ns: int, until_ns: int) -> list[float]:
        """Accept to COMMIT of each alarm of that time."""
        found = []
        for school, sequence, body in await self.read(FIRES):
            begun_ns = int(msgspec.json.decode(body, type=_Fire).monotonic)
            if from_ns <= begun_ns < until_ns and sequence in self.seen[school]:
                found.append((self.seen[school][sequence] - begun_ns) / 1e6)
        return found

    async def differences(self, before: dict[Key, int], numbered: Callable[[], dict[Key, int]]) -> list[str]:
        """How it differs from what the boxes have numbered, read before and after: lost, doubled, invented, refused."""
        wrong = [f"{what}: {count}" for what, count in await self.read(WRONG) if count]
        counted = {(school, epoch, lane): (int(count), low, high)
                   for school, epoch, lane, count, low, high in await self.read(COUNTED)}  # fmt: skip
        after = numbered()
        for key in before.keys() | counted.keys():
            count, low, high = counted.get(key, (0, 1, 0))
            if not (count == high and low == 1 and before.get(key, 0) <= high <= after.get(key, 0)):
                wrong.append(f"{key}: numbered to {before.get(key, 0)}, {count} stored from {low} to {high}")
        return wrong

    async def texts(self, school: str) -> set[Told]:
        """Every event of a school."""
        return {Told(*row) for row in await self.read(TEXTS.format(school))}

    async def read(self, sql: str) -> list[tuple[Any, ...]]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._rows, sql)

    def close(self) -> None:
        if self._db is not None:
            self._thread.submit(self._db.close)
        self._thread.shutdown()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self._db is None:
            self._db = open_database(self._url)
        return self._db.execute(sql)
