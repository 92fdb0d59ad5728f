"""What a box writes on a usual day in a school where 600 children eat: how many events of which kind.

Pure, and filled into a box's own database while its daemon does not run. Health is told each minute, day and night;
meals are leaves of the ledger, so the centre hashes them as it would.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.clock import SystemClock
from agent.events import Health, LaneHealth, draft
from agent.model import Draft, Lane
from agent.outbox.outbox import open_outbox
from agent.outbox.settings import OutboxSettings
from agent.school_events import AttendanceSummary, MealGranted, MealRefused, Passed
from bench.load import now

GROUP = 1_000
DAY = "2026-11-25"
MEALS, REFUSED = 600, 30  # one in twenty has eaten, or has no right to
PUPILS = 800  # come in and go out
CLASSES, BELLS = 27, 7
HEALTHS = 1_440
EVENTS = MEALS + REFUSED + 2 * PUPILS + CLASSES * BELLS + HEALTHS


def school_day(share: float = 1.0) -> Iterator[Draft]:
    """All of them, or a share of each kind."""
    for number in range(round(PUPILS * share)):
        yield _passed(number, "in", "present")
    for number in range(round(CLASSES * BELLS * share)):
        yield _summary(number)
    for number in range(round(MEALS * share)):
        yield _granted(number)
    for number in range(round(REFUSED * share)):
        yield _refused(number)
    for number in range(round(PUPILS * share)):
        yield _passed(number, "out", "left")
    for number in range(round(HEALTHS * share)):
        yield _health(number)


async def fill(database: Path, school: str, share: float) -> None:
    """Accept a day, as the daemon does, and let go of the database."""
    events = list(school_day(share))
    settings = OutboxSettings(reserve_mb=1, ballast_mb=0)
    async with open_outbox(database, school=school, clock=SystemClock(), settings=settings) as outbox:
        for first in range(0, len(events), GROUP):
            await outbox.accept(events[first : first + GROUP])


def _passed(number: int, way: str, state: str) -> Draft:
    return draft(Passed(reader="entrance", pupil=f"{number:016x}", day=DAY, way=way, state=state), now())


def _summary(number: int) -> Draft:
    class_, lesson = f"{number % 11 + 1}A", number // CLASSES
    told = AttendanceSummary(
        day=DAY, class_=class_, shift=1, lesson=lesson, bell="08:00", enrolled=30, present=28, late=1, left_early=0,
        absent=2,
    )  # fmt: skip
    return draft(told, now())


def _granted(number: int) -> Draft:
    meal = MealGranted(
        reader="canteen-1", pupil=f"{number:016x}", salt=f"{number:032x}", day=DAY, meal="lunch",
        programme="free-1-4", tenge=745,
    )  # fmt: skip
    return draft(meal, now())


def _refused(number: int) -> Draft:
    told = MealRefused(reader="canteen-1", reason="already_eaten", pupil=f"{number:016x}", day=DAY, meal="lunch")
    return draft(told, now())


def _health(number: int) -> Draft:
    lanes = {lane.word: LaneHealth(last=number, settled=number, bytes=40_000) for lane in Lane}
    told = Health(
        uptime_s=60 * number, lanes=lanes, disk_free_bytes=20_000_000_000, wal_bytes=400_000, commit_p99_ms=4.2,
        sources={"entrance": "working", "fire-panel": "working"}, temperature_c=51.5,
    )  # fmt: skip
    return draft(told, now())
