"""Scores of the eyes are kept hour by hour in the box's own database, suspicions at once; nothing waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import db
from agent.book import EMPTY, Book
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.sightings import rows
from agent.sightings.rows import HOUR_NS, ScoreRow, SightingRow, Sums
from agent.sightings.verdicts import Verdict, record_verdict_of
from agent.watching.score_keeper import SUM_S, WAITING_MOST, ScoreKeeper
from drivers.readings import Looked, Scores, Watched, Worked
from tests.agent.outbox.box import opened
from tests.agent.paths.house import CALENDAR
from tests.agent.school.test_noticed import NOTICE
from tests.clock import START_NS, FastClock

HOUR = START_NS // HOUR_NS
FIGHT = Worked(runs=90, ms=5, hits=3, votes=2, told=1, scores=Scores(looks={5: 88, 40: 2}, minutes={5: 1}))


def report(pictures: int = 150, rests: tuple[str, ...] = (), **detectors: Worked) -> Watched:
    looked = Looked(pictures=pictures, detectors=detectors, resting=rests)
    return Watched(seconds=30.0, cameras={"gate": looked}, troubles=(), at_ns=START_NS, monotonic_ns=7)


class Box:
    """A keeper on a real database, with a clock of the test's."""

    def __init__(self, outbox: Outbox, path: Path) -> None:
        self.clock = FastClock()
        self.path = path
        self.book: Book = EMPTY
        self.keeper = ScoreKeeper(outbox.transact, lambda: self.book, self.clock)

    def scores(self) -> list[ScoreRow]:
        return self._read(lambda connection: rows.scores(connection.execute, 0))

    def sightings(self) -> list[SightingRow]:
        return self._read(lambda connection: rows.sightings(connection.execute, 0))

    def _read(self, read: Callable[[Any], list[Any]]) -> list[Any]:
        connection = db.connect_reader(self.path)
        try:
            return read(connection)
        finally:
            connection.close()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with opened(tmp_path / "outbox.db") as outbox:
        yield Box(outbox, tmp_path / "outbox.db")


async def test_an_hour_that_is_over_is_written_once(box: Box) -> None:
    for _ in range(4):
        box.keeper.took(report(fight=FIGHT))
        await box.keeper.look()
    assert box.scores() == []
    box.clock.advance(3600)
    await box.keeper.look()
    camera, fight = box.scores()
    assert (camera.detector, camera.seconds, camera.pictures) == ("", 120, 600)
    assert fight == ScoreRow(
        hour=HOUR, camera="gate", detector="fight", period="breaks+lessons+night", seconds=120, runs=360, hits=12,
        votes=8, told=4, looks={5: 352, 40: 8}, minutes={5: 4},
    )  # fmt: skip


async def test_at_the_end_all_is_written_and_an_hour_goes_on_after_a_restart(box: Box) -> None:
    for _ in range(2):
        box.keeper.took(report(fight=FIGHT))
        await box.keeper.finish()
    assert [(row.detector, row.seconds, row.runs) for row in box.scores()] == [("", 60, 0), ("fight", 60, 180)]


async def test_each_period_of_an_hour_has_its_row(box: Box) -> None:
    box.book = Book({"calendar": CALENDAR})  # the first lesson ends at 08:45
    box.keeper.took(report(fight=FIGHT))
    box.clock.advance(50 * 60)
    box.keeper.took(report(fight=FIGHT))
    await box.keeper.finish()
    assert [(row.hour - HOUR, row.period) for row in box.scores() if row.detector] == [(0, "breaks"), (0, "lessons")]


async def test_a_detector_that_rests_has_not_watched_and_a_dead_camera_neither(box: Box) -> None:
    box.keeper.took(report(rests=("fight",), fight=Worked(), tamper=Worked(runs=60)))
    box.keeper.took(report(pictures=0, fight=FIGHT))
    await box.keeper.finish()
    assert [(row.detector, row.seconds) for row in box.scores()] == [("", 30), ("tamper", 30)]


async def test_while_the_clock_is_not_trusted_nothing_is_kept(box: Box) -> None:
    box.clock.is_synced = False
    box.keeper.took(report(fight=FIGHT))
    await box.keeper.finish()
    assert box.scores() == []


async def test_a_suspicion_is_written_at_the_next_look(box: Box) -> None:
    box.keeper.noticed(NOTICE)
    await box.keeper.look()
    (row,) = box.sightings()
    assert (row.camera, row.kind, row.score, row.at_ns, row.verdict) == (
        NOTICE.camera, NOTICE.kind, NOTICE.score, NOTICE.at_ns, "",
    )  # fmt: skip


async def test_the_week_is_summed_at_the_start_with_what_is_new_and_with_what_people_said(box: Box) -> None:
    await box.keeper.look()
    assert box.keeper.week() == {}
    box.keeper.took(report(fight=FIGHT))
    box.keeper.noticed(msgspec.structs.replace(NOTICE, camera="gate"))
    await box.keeper.finish()
    await box.keeper.look()
    assert box.keeper.week() == {"gate": Sums(hits=3, votes=2, told=1)}

    def dismissed(transaction: Transaction) -> None:
        span = {"first_ns": 0, "last_ns": box.clock.utc_ns()}
        record_verdict_of(transaction, "gate", NOTICE.kind, **span, verdict=Verdict.DISMISSED, at_ns=START_NS)

    await box.keeper._transact(dismissed)
    box.clock.advance(SUM_S)
    await box.keeper.look()
    assert box.keeper.week() == {"gate": Sums(hits=3, votes=2, told=1, dismissed=1)}


async def test_what_cannot_be_written_is_a_trouble_until_it_can(box: Box) -> None:
    good, broken = box.keeper._transact, True

    async def transact(work: Callable[[Transaction], Any]) -> Any:
        if broken:
            raise OSError("no disk")
        return await good(work)

    box.keeper._transact = transact
    box.keeper.noticed(NOTICE)
    await box.keeper.look()
    assert {one.code for one in box.keeper.trouble()} == {"V-306"}
    broken = False
    box.keeper.noticed(NOTICE)
    box.clock.advance(SUM_S)
    await box.keeper.look()
    assert box.keeper.trouble() == []
    assert len(box.sightings()) == 1


async def test_more_than_can_wait_is_not_kept(box: Box) -> None:
    for _ in range(WAITING_MOST + 9):
        box.keeper.noticed(NOTICE)
    await box.keeper.look()
    assert len(box.sightings()) == WAITING_MOST
