"""Keeps what the cameras' detectors score, hour by hour, and what they told: for `mektep camera tune`, and the status.

Written an hour that is over, once; a suspicion that was raised, at once. A power cut costs the hour that it falls into.
Clock   while it is not trusted nothing is kept: nobody could say of which day it was.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import msgspec

from agent.book import Book
from agent.clock import Clock
from agent.outbox.group import Transaction
from agent.pipelines.scores import plus
from agent.school.calendar import local
from agent.school.defects import Defects, Words
from agent.school.periods import periods_of
from agent.sightings import rows
from agent.sightings.rows import DAY_NS, HOUR_NS, ScoreRow, SightingRow, Sums
from drivers.readings import Looked, Noticed, Watched, Worked

LOOK_S = 20.0
SHOWN_NS = 7 * DAY_NS  # what the status sums up
SUM_S = 300.0  # so often it is summed anew: people's verdicts come from elsewhere
WAITING_MOST = 256  # suspicions that are not written yet: beyond that the newest are not kept
FAILED = Words(
    "V-306", "the scores of the cameras' detectors: {part} failed: {error}", "Send the log to support; alarms go on."
)
Key = tuple[int, str, str, str]  # hour, camera, detector, period
Transact = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]


class ScoreKeeper:
    """One per box. took() and noticed() wait for nothing; run() writes."""

    def __init__(self, transact: Transact, book: Callable[[], Book], clock: Clock) -> None:
        self._transact = transact
        self._book = book
        self._clock = clock
        self._defects = Defects(clock, FAILED)
        self._hours: dict[Key, ScoreRow] = {}
        self._told: list[SightingRow] = []
        self._news = asyncio.Event()
        self._summed_s = float("-inf")
        self._sums: dict[str, Sums] = {}
        self.trouble = self._defects.trouble

    def took(self, watched: Watched) -> None:
        """A report of the eyes."""
        now = self._clock.now()
        if not now.synced:
            return
        calendar = self._book().calendar
        period = "+".join(sorted(periods_of(local(now.utc_ns, calendar), calendar)))
        for camera, looked in watched.cameras.items():
            if looked.pictures:
                for row in _rows(camera, looked, watched.seconds):
                    key = (now.utc_ns // HOUR_NS, camera, row.detector, period)
                    row = msgspec.structs.replace(row, hour=key[0], period=period)
                    self._hours[key] = added(self._hours[key], row) if key in self._hours else row

    def noticed(self, notice: Noticed) -> None:
        """A suspicion is raised as an alarm."""
        if len(self._told) < WAITING_MOST:
            self._told.append(
                SightingRow(
                    camera=notice.camera, detector=notice.detector, kind=notice.kind, zone=notice.zone,
                    score=notice.score, at_ns=notice.at_ns,
                )
            )  # fmt: skip
            self._news.set()

    def week(self) -> Mapping[str, Sums]:
        """By camera what the last seven days came to."""
        return self._sums

    async def run(self) -> None:
        """Runs for ever; what fails ends nothing."""
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):  # wait_for() may lose a cancellation
                    await self._news.wait()

    async def look(self) -> None:
        """Write what is over."""
        hour = self._clock.utc_ns() // HOUR_NS
        await self._write([key for key in self._hours if key[0] != hour])
        now_s = self._clock.monotonic_ns() / 1e9
        if now_s - self._summed_s >= SUM_S:
            self._summed_s = now_s
            await self._try("summing up", self._sum)

    async def finish(self) -> None:
        """Write everything."""
        await self._write(list(self._hours))

    # --- inside -------------------------------------------------------------------------------------------------

    async def _write(self, keys: Collection[Key]) -> None:
        self._news.clear()
        if not keys and not self._told:
            return
        hours, told, now = [self._hours.pop(key) for key in keys], self._told, self._clock.now()
        self._told = []

        def work(transaction: Transaction) -> None:
            for one in told:
                rows.add_sighting(transaction, one)
            for row in hours:
                before = rows.score(transaction, row.hour, row.camera, row.detector, row.period)
                rows.put_score(transaction, added(before, row) if before else row)
            if now.synced:
                rows.forget(transaction, now.utc_ns)

        if await self._try("writing", work):
            self._summed_s = float("-inf")

    def _sum(self, transaction: Transaction) -> None:
        self._sums = rows.sums(transaction.execute, self._clock.utc_ns() - SHOWN_NS)

    async def _try(self, part: str, work: Callable[[Transaction], Any]) -> bool:
        """What fails is told; its rows are lost, and the next are tried again."""
        (outcome,) = await asyncio.gather(self._transact(work), return_exceptions=True)
        if isinstance(outcome, Exception):
            self._defects.failed(part, outcome)
            return False
        self._defects.passed(part)
        return True


def _rows(camera: str, looked: Looked, seconds: float) -> list[ScoreRow]:
    """Of the camera itself and of its detectors that were not resting."""
    whole = round(seconds)
    found = [ScoreRow(hour=0, camera=camera, detector="", period="", seconds=whole, pictures=looked.pictures)]
    for name, worked in looked.detectors.items():
        if name not in looked.resting or worked.runs:
            found.append(_detector(camera, name, worked, whole))
    return found


def _detector(camera: str, name: str, worked: Worked, seconds: int) -> ScoreRow:
    scores = worked.scores
    return ScoreRow(
        hour=0, camera=camera, detector=name, period="", seconds=seconds, runs=worked.runs, hits=worked.hits,
        votes=worked.votes, told=worked.told, looks=scores.looks, minutes=scores.minutes, again=scores.again,
    )  # fmt: skip


def added(one: ScoreRow, other: ScoreRow) -> ScoreRow:
    """Two rows of one detector as one, with the first one's hour and period."""
    scores = plus(one.scores, other.scores)
    return msgspec.structs.replace(
        one,
        seconds=one.seconds + other.seconds,
        pictures=one.pictures + other.pictures,
        runs=one.runs + other.runs,
        hits=one.hits + other.hits,
        votes=one.votes + other.votes,
        told=one.told + other.told,
        looks=scores.looks,
        minutes=scores.minutes,
        again=scores.again,
    )
