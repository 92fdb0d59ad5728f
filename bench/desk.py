"""From a fire at a panel to the desk's screen: the panel is pymodbus's server on a paced serial line, the box the
daemon, the centre its receivers and `mektep-centre desk`, the screen a card in the DOM of Chromium.

The clock starts when the panel is first asked for the zone's new state: how often the box asks is the configuration's
word. COMMIT is when another process sees the incident in the centre's database; the screen is a MutationObserver's.
Idle; while a backlog of records drains and then videos go up, on loopback; and the same on a line of 20 Mbit/s.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from agent.cli.asking import ask
from bench.clip import box
from bench.figure import Figure, median, p99
from simulator import day_school
from simulator.desk import OPERATOR
from simulator.desk_visit import chromium, in_browser
from simulator.fire_panel import FIRE, NORMAL
from simulator.school import SCHOOL, School

FIRES = 120
COMMIT_S, SCREEN_S = 0.5, 1.0
BITS_PER_S, DELAY_S = 20e6, 0.005
VIDEOS = 24  # that wait
NEAR_THOUSANDS, FAR_THOUSANDS = 500, 100  # of records that wait before them
ZONES = {1: "canteen", 2: "kitchen", 3: "gym", 4: "library"}
PATIENCE_S = 30.0
LOOK_S = 0.004
PAUSE_S = (0.0, 0.4)
INCIDENTS = "select id, place from incident where kind = 'fire'"
SEEN = """() => {
  window.seen = {};
  new MutationObserver(() => {
    for (const card of document.querySelectorAll('.card')) window.seen[card.id] ??= Date.now();
  }).observe(document.getElementById('board'), {childList: true, subtree: true});
}"""


class Fire:
    """Seconds of the wall clock."""

    def __init__(self, read_s: float, committed_s: float, shown_s: float) -> None:
        self.commit_s = committed_s - read_s
        self.screen_s = shown_s - read_s


async def measure(folder: Path) -> list[Figure]:
    return [
        *await _fires(folder, "idle"),
        *await _fires(folder, "during a backlog and videos", NEAR_THOUSANDS),
        *await _fires(folder, "during a backlog and videos, 20 Mbit/s", FAR_THOUSANDS, shaped=True),
    ]


async def _fires(folder: Path, where: str, thousands: int = 0, *, shaped: bool = False) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=not shaped, uses=day_school.USES, kernel_clock=True, desk=True)
        try:
            await _begin(school)
            if thousands:
                await school.agent.stop()
                await box(school, "fill", VIDEOS, thousands)
                if shaped:
                    school.line.bits_per_s, school.line.delay_s = BITS_PER_S, DELAY_S
                await school.agent.start()
            return await _shown(school, where)
        finally:
            await school.stop()


async def _begin(school: School) -> None:
    """The box is online with its school's data, and somebody may sit at the desk."""
    await school.make()
    school.trust_clock()
    await school.start()
    await school.city.name_recipient(SCHOOL)
    await day_school.publish(school)
    assert school.desk is not None
    await school.desk.open(SCHOOL)
    if not await school.until(lambda: "recipients" in school.status().get("datasets", {}), PATIENCE_S):
        raise RuntimeError("the box does not hear who may see pictures")


async def _shown(school: School, where: str) -> list[Figure]:
    assert school.desk is not None
    owed: list[bool] = []
    async with chromium() as browser, in_browser(browser, school.desk.url, school.desk.login(OPERATOR)) as operator:
        await operator.page.evaluate(SEEN)
        watch = Watch(school)
        watching = asyncio.create_task(watch.run())
        fires: list[Fire] = []
        left = itertools.count()
        zones = [_burn(school, operator.page, watch, zone, left, fires, owed) for zone in ZONES]
        await asyncio.gather(*zones)
        watching.cancel()
    told = f"; {sum(owed)} of them while records or videos waited" if any(owed) else ""
    commits, screens = [one.commit_s for one in fires], [one.screen_s for one in fires]
    return [
        _figure(f"panel fire, read to committed at the centre, p99, {where}", commits, COMMIT_S, told),
        _figure(f"panel fire, read to the desk's screen, p99, {where}", screens, SCREEN_S, told),
    ]


def _figure(name: str, taken_s: list[float], limit_s: float, told: str) -> Figure:
    value = p99(taken_s)
    return Figure(
        figure=name, value=value, unit="s", limit_or_peer=f"{limit_s:g} s; median {median(taken_s):.3f} s{told}",
        ratio=value / limit_s, target=f"<= {limit_s:g} s", met=value <= limit_s, range=(min(taken_s), max(taken_s)),
        runs=len(taken_s),
    )  # fmt: skip


class Watch:
    """When each incident was first seen committed, and where it is."""

    def __init__(self, school: School) -> None:
        self.committed: dict[str, tuple[float, str]] = {}
        self._path = f"file:{school.city.folder}/centre.db?mode=ro"

    async def run(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, uri=True)) as db:
            while True:
                for name, place in db.execute(INCIDENTS):
                    self.committed.setdefault(name, (time.time(), place))
                await asyncio.sleep(LOOK_S)

    async def new(self, place: str, known: set[str]) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for name, (_, where) in self.committed.items():
                    if where == place and name not in known:
                        return name
                await asyncio.sleep(LOOK_S)


async def _burn(
    school: School, page: Page, watch: Watch, zone: int, left: Iterator[int], fires: list[Fire], owed: list[bool]
) -> None:
    """One fire after the other in this zone, each answered and closed before the next."""
    rng, known = random.Random(zone), set[str]()
    while next(left) < FIRES:
        await asyncio.sleep(rng.uniform(*PAUSE_S))
        school.panel.set(zone, FIRE)
        name = await watch.new(ZONES[zone], known)
        known.add(name)
        mark = f"i-{SCHOOL}-{name}"
        await page.wait_for_selector(f"#{mark}", state="attached", timeout=PATIENCE_S * 1e3)
        shown_s = await page.evaluate("mark => window.seen[mark]", mark) / 1e3
        fires.append(Fire(school.panel.read_ns[zone] / 1e9, watch.committed[name][0], shown_s))
        owed.append(_owes(school.status()))
        await _end(school, zone, name)


def _owes(status: dict[str, Any]) -> bool:
    lane = status.get("lanes", {}).get("record", {"last": 0, "settled": 0})
    return lane["last"] - lane["settled"] > 1_000 or bool(status.get("evidence", {}).get("owed_bytes"))


async def _end(school: School, zone: int, name: str) -> None:
    """It is out, and somebody says so on the box."""
    control = school.box / "run/control.sock"
    for word in ("acknowledged", "confirmed"):
        await asyncio.to_thread(ask, control, "answer", dict[str, Any], incident=name, answer=word, reason="")
    school.panel.set(zone, NORMAL)
    async with asyncio.timeout(PATIENCE_S):
        while zone not in school.panel.read_ns:
            await asyncio.sleep(LOOK_S)
    await asyncio.to_thread(ask, control, "answer", dict[str, Any], incident=name, answer="closed", reason="")
