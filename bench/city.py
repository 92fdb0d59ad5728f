"""A city: 200 boxes against one reference centre on this machine, broker and receivers as shipped, TLS and rules on.

Real    every box is a process of its own, `mektep run` with its certificate, database and a card reader; each tenth
        has a fire panel. No cameras; broker, centre and boxes share the machine, as no city's do.
First   all boxes start without a centre and owe a part of a usual day; then the centre comes: they connect, and
        the city drains.
Then    the broker is killed, is away for a while, and comes back.
Always  zones burn at the panels, and each alarm is timed from its acceptance to the COMMIT that another process sees;
        what was accepted before the broker was there is not timed, for that is the outage's length.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from bench.city_boxes import Boxes, load
from bench.city_pace import obeyed, order_pace
from bench.city_stored import Stored
from bench.figure import Figure, median, p99
from simulator.city import City

SCHOOLS = 200
CONNECTED_S, ALARM_MS = 60.0, 3_000.0
STORM = 0.5  # of all boxes in one second: more is one
PATIENCE_S = 1_500.0
SHOWN = 60  # seconds of a histogram
COMPARED = 5  # schools of which every event is compared, byte by byte


class Plan(NamedTuple):
    """How a city is measured; a test's is smaller and shorter.

    outage  the boxes start before there is a centre, so that they try seldom when it comes
    day     the share of a usual day that each box owes
    pace    bytes a second to which the centre holds each box by order while it drains; 0: by no order
    rest_s  the boxes at rest before the centre comes: their processor
    calm_s  between draining and the kill: a connection that held so long is lost as if it were the first time
    away_s  the broker, when it is killed
    most_s  alarms are timed for so long at least, after everybody is back
    last_s  the last of them are on their way
    """

    boxes: int = SCHOOLS
    postgres: bool = False
    outage: bool = True
    day: float = 1.0
    pace: int = 0
    rest_s: float = 10.0
    calm_s: float = 35.0
    away_s: float = 10.0
    most_s: float = 20.0
    last_s: float = 3.0


class Came(NamedTuple):
    """What happened from the moment when the broker was there (or gone) until all was well."""

    boxes: int
    connected_s: float
    tries: Counter[int]  # by second
    reached: Counter[int]  # of those, that came to a broker that was there
    alarms_ms: list[float]
    load: float


class Drained(NamedTuple):
    """A day's outage made good."""

    came: Came
    events: int
    seconds: float
    memory_mb: float
    percent: float  # of a core, all boxes together, before the centre came
    obeyed: int  # boxes that answered the order to keep a pace


class Result(NamedTuple):
    """Of one city."""

    drained: Drained
    restarted: Came
    wrong: list[str]
    events: int


PLANS = (
    Plan(postgres=True),
    Plan(postgres=True, day=0.2, pace=5_000),
    Plan(day=0.2),
)


async def measure(folder: Path, boxes: int = SCHOOLS) -> list[Figure]:
    figures = []
    for plan in (plan._replace(boxes=boxes) for plan in PLANS):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            Path(name).chmod(0o711)
            figures += figures_of(plan, await city_of(Path(name), plan))
    return figures


async def city_of(folder: Path, plan: Plan) -> Result:
    """Make it, let it drain, kill its broker, compare what is stored."""
    city = City(folder, postgres=plan.postgres)
    boxes = Boxes(folder / "boxes", plan.boxes)
    await city.make()
    stored = Stored(city)
    try:
        await boxes.make(city, plan.day)
        if plan.outage:
            await boxes.start()
        async with _burning(boxes, stored):
            drained = await _drain(city, boxes, stored, plan)
            await asyncio.sleep(plan.calm_s)
            restarted = await _restart(city, boxes, stored, plan)
        return Result(drained, restarted, await _wrong(boxes, stored), await stored.total())
    finally:
        stored.close()
        await boxes.stop()
        await city.stop()


@contextlib.asynccontextmanager
async def _burning(boxes: Boxes, stored: Stored) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(box.burn()) for box in boxes.all] + [asyncio.create_task(stored.watch())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(city: City, boxes: Boxes, stored: Stored, plan: Plan) -> Drained:
    """The centre was away, and each box owes a day."""
    used_s, began_s = boxes.cpu_s(), time.monotonic()
    await asyncio.sleep(plan.rest_s)
    percent = (boxes.cpu_s() - used_s) / max(1e-3, time.monotonic() - began_s) * 100
    memory_mb, wanted = boxes.memory_mb(), boxes.numbered()
    await city.start_broker()
    back_s, back_ns = time.monotonic(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    for receiver in city.receivers:
        await receiver.start()
    if plan.pace:
        await city.deliverer.start()
        order_pace(city, [box.school for box in boxes.all], plan.pace)
    if not plan.outage:
        await boxes.start()
    connected_s = await boxes.online(PATIENCE_S) - back_s
    seconds = await stored.until(wanted, PATIENCE_S) - back_s
    came = await _came(boxes, stored, back_s, back_s, back_ns, connected_s, plan.last_s)
    held = await obeyed(stored) if plan.pace else 0
    return Drained(came, sum(wanted.values()), seconds, memory_mb, percent, held)


async def _restart(city: City, boxes: Boxes, stored: Stored, plan: Plan) -> Came:
    """Receivers stay: they connect again as the boxes do."""
    killed_s = time.monotonic()
    city.broker.kill()
    await asyncio.sleep(plan.away_s)
    await city.start_broker()
    back_s, back_ns = time.monotonic(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    connected_s = await boxes.online(PATIENCE_S) - back_s
    await asyncio.sleep(max(0.0, plan.most_s - connected_s))
    return await _came(boxes, stored, killed_s, back_s, back_ns, connected_s, plan.last_s)


async def _came(
    boxes: Boxes, stored: Stored, since_s: float, back_s: float, back_ns: int, connected_s: float, last_s: float
) -> Came:
    now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    await asyncio.sleep(last_s)
    tries = Counter(int(at) for at in boxes.tries(since_s))
    reached = Counter(int(at) for at in boxes.tries(back_s))
    return Came(len(boxes.all), connected_s, tries, reached, await stored.taken_ms(back_ns, now_ns), load())


async def _wrong(boxes: Boxes, stored: Stored) -> list[str]:
    """Lost, doubled, invented or altered; the boxes go on meanwhile, so theirs is read before and after."""
    before = boxes.numbered()
    await stored.until(before, PATIENCE_S)
    wrong = await stored.differences(before, boxes.numbered)
    for box in boxes.all[:COMPARED]:
        held = [one for one in box.texts() if one.sequence <= before.get((box.school, one.epoch, one.lane), 0)]
        theirs = await stored.texts(box.school)
        altered = [one for one in held if one not in theirs]
        wrong += [f"{box.school}: {len(altered)} of {len(held)} events differ: {altered[0]}"] if altered else []
    return wrong


def figures_of(plan: Plan, result: Result) -> list[Figure]:
    drained, restarted = result.drained, result.restarted
    boxes, came = drained.came.boxes, drained.came
    what = f"{boxes} boxes, {'PostgreSQL' if plan.postgres else 'SQLite'}"
    what += f", each held to {plan.pace:,} bytes/s" if plan.pace else ""
    told = f"; {drained.obeyed} boxes obey the order" if plan.pace else ""
    return [
        _connected(f"{what}: broker killed, back after {plan.away_s:.0f} s: all online", restarted),
        _storm(f"{what}: the same, most tries in a second", restarted),
        _alarms(f"{what}: the same, alarm accept to COMMIT, p99", restarted),
        _connected(f"{what}: the centre there for the first time: all online", came),
        _storm(f"{what}: the same, most tries in a second at the broker", came),
        Figure(
            figure=f"{what}: the same, {plan.day:.0%} of a day of all schools stored", value=drained.seconds, unit="s",
            limit_or_peer=f"{drained.events:,} events, {drained.events / drained.seconds:,.0f} a second; "
            f"load {came.load:.0f}{told}", ratio=None, target="", met=None,
        ),
        _alarms(f"{what}: the same, alarm accept to COMMIT meanwhile, p99", came),
        Figure(
            figure=f"{what}: lost, doubled or altered", value=len(result.wrong), unit="differences",
            limit_or_peer=" ".join(result.wrong[:3]) or f"{result.events:,} events, each lane of each school",
            ratio=None, target="0", met=not result.wrong,
        ),
        Figure(
            figure=f"{what}: memory of all `mektep run` (PSS)", value=drained.memory_mb, unit="MB",
            limit_or_peer=f"{drained.memory_mb / boxes:.1f} MB each, {drained.percent / boxes:.2f} % of a core each, "
            "without a centre", ratio=None, target="", met=None,
        ),
    ]  # fmt: skip


def _connected(name: str, came: Came) -> Figure:
    return Figure(
        figure=name, value=came.connected_s, unit="s", limit_or_peer=f"{CONNECTED_S:.0f} s; load {came.load:.0f}",
        ratio=came.connected_s / CONNECTED_S, target=f"<= {CONNECTED_S:.0f} s", met=came.connected_s <= CONNECTED_S,
    )  # fmt: skip


def _storm(name: str, came: Came) -> Figure:
    """The histogram from the first second on; what came to a broker that was there is what it had to bear."""
    most, seconds = max(came.reached.values(), default=0), max(came.tries, default=0) + 1
    told = ", ".join(str(came.tries[second]) for second in range(min(seconds, SHOWN)))
    mean = sum(came.reached.values()) / max(1.0, came.connected_s)
    return Figure(
        figure=name, value=most, unit="tries", limit_or_peer=f"{came.boxes} boxes; mean {mean:.1f}; by second: {told}",
        ratio=most / (STORM * came.boxes), target=f"<= {STORM:g} of the boxes", met=most <= STORM * came.boxes,
    )  # fmt: skip


def _alarms(name: str, came: Came) -> Figure:
    value = p99(came.alarms_ms)
    return Figure(
        figure=name, value=value, unit="ms", ratio=value / ALARM_MS, target=f"<= {ALARM_MS:.0f} ms",
        limit_or_peer=f"{ALARM_MS:.0f} ms; median {median(came.alarms_ms):.0f} ms; load {came.load:.0f}",
        met=value <= ALARM_MS, range=(min(came.alarms_ms), max(came.alarms_ms)), runs=len(came.alarms_ms),
    )  # fmt: skip
