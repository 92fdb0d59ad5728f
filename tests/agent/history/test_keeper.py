"""The history is written as things happen, sparingly: a flapping device costs few rows, an unclean end is found out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from agent import db
from agent.config import SourceConfig
from agent.history import rows
from agent.history.keeper import AT_ONCE, COUNTS_S, HistoryKeeper, port_of
from agent.history.rows import Part, Stretch
from agent.model import Moment
from agent.outbox.outbox import Outbox
from agent.sources import SourceState, Station, Trouble
from agent.sync.centre_link import LinkSnapshot
from tests.agent.outbox.box import health, opened
from tests.clock import FastClock

GONE = Trouble("P-104", "/dev/gate went away", "Check the USB plug.")


class Settings(msgspec.Struct, frozen=True):
    port: str = ""


def link(state: str, code: str = "") -> LinkSnapshot:
    return LinkSnapshot(
        state=state, since_ns=0, code=code, what="no way" if code else "", do="Check the cable." if code else "",
        in_flight_bytes=0, bytes_per_s=0, rtt_ms=0, last_receipt_ns=0, counters={}, refused={},
    )  # fmt: skip


class Box:
    """A keeper with one device, on a real database, with a clock of the test's."""

    def __init__(self, outbox: Outbox, path: Path, port: str = "") -> None:
        self.path, self.outbox, self.clock, self.link = path, outbox, FastClock(), link("connecting")
        config = SourceConfig(name="gate", kind="reader", driver="x", settings=Settings(port), places={})
        self.station = Station(config, self.clock)
        self.commits = 0
        self.begin()

    def begin(self) -> None:
        """As a new process would."""
        self.keeper = HistoryKeeper(self._transact, self.clock, [self.station], lambda: self.link)

    async def _transact(self, work: object) -> object:
        self.commits += 1
        return await self.outbox.transact(work)  # type: ignore[arg-type]

    async def start(self) -> None:
        task = asyncio.create_task(self.keeper.run())
        while not self.keeper._begun:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def now(self, state: SourceState, trouble: Trouble | None = None) -> None:
        assert self.station.now(state, trouble, self.clock.utc_ns())
        self.keeper.changed(self.station)

    def life(self, part: Part = Part.DEVICE, name: str = "gate") -> list[Stretch]:
        with closing(db.connect_reader(self.path)) as connection:
            found = rows.life(connection.execute, part, name, 0)
        return [one for one in found if one.part is part]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with opened(tmp_path / "outbox.db") as outbox:
        made = Box(outbox, tmp_path / "outbox.db")
        await made.start()
        yield made


def states(found: list[Stretch]) -> list[str]:
    return [f"{one.state} {one.code}".strip() for one in found]


async def test_each_change_of_a_device_is_a_row_with_code_fact_and_instruction(box: Box) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    box.clock.advance(60)
    box.now(SourceState.FAILED, GONE)
    await box.keeper.look()
    working, failed = box.life()
    assert failed.at_ns - working.at_ns == 60 * 10**9
    assert (failed.code, failed.what, failed.advice) == (GONE.code, GONE.what, GONE.do)


async def test_a_change_that_is_over_within_a_second_is_there(box: Box) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    box.now(SourceState.FAILED, Trouble("U-101", "the cell ended", "Nothing."))
    box.now(SourceState.WORKING)
    await box.keeper.look()
    assert "failed U-101" in states(box.life())
    assert states(box.life())[-1] == "working"


async def test_what_came_within_a_stretch_is_counted_when_it_ends(box: Box) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    box.station.readings, box.station.last_reading_ns, box.station.counters.garbled = 5, 77, 3
    box.now(SourceState.FAILED, GONE)
    await box.keeper.look()
    working, failed = box.life()
    assert (working.readings, working.garbled, working.last_ns) == (5, 3, 77)
    assert (failed.readings, failed.garbled, failed.last_ns) == (0, 0, 0)


async def test_counts_cost_a_commit_an_hour_and_none_if_nothing_came(box: Box) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    before = box.commits
    box.station.readings, box.station.last_reading_ns = 9, 78
    for _ in range(5):
        await box.keeper.look()
    assert box.commits == before
    for _ in range(3):
        box.clock.advance(COUNTS_S)
        await box.keeper.look()
    assert box.commits == before + 1
    assert [one.readings for one in box.life()] == [9]


async def test_a_flapping_device_is_written_a_few_times_a_minute(box: Box) -> None:
    before = box.commits
    for _ in range(200):
        box.now(SourceState.FAILED, GONE)
        box.now(SourceState.WORKING)
        await box.keeper.look()
        box.clock.advance(0.1)
    assert box.commits - before <= AT_ONCE + 1  # and the clock's own row
    box.clock.advance(60)
    await box.keeper.look()
    assert sum(one.times for one in box.life()) == 400
    assert len(box.life()) <= 4


async def test_the_link_is_told_by_what_lasts(box: Box) -> None:
    for now in (link("connecting"), link("offline", "L-103"), link("connecting", "L-103"), link("offline", "L-103"),
                link("greeting"), link("online"), link("probing", "L-120"), link("online")):  # fmt: skip
        box.link = now
        await box.keeper.look()
        box.clock.advance(20)
    assert states(box.life(Part.CENTRE, "")) == ["offline L-103", "probing L-120", "online"]


async def test_the_clock_is_told_when_it_is_set_and_when_it_is_believed(box: Box) -> None:
    await box.keeper.look()
    box.clock.is_synced = False
    await box.keeper.look()
    box.clock.now_ns += 3_600 * 10**9
    await box.keeper.look()
    found = [(one.state, one.what) for one in box.life(Part.CLOCK, "")]
    assert found == [("synced", ""), ("unsynced", ""), ("set", "+3600.0")]


@pytest.mark.parametrize(("boot", "state"), [("", "killed"), ("another", "power")])
async def test_an_end_that_nobody_wrote_is_found_out(box: Box, boot: str, state: str) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    box.clock.advance(90)
    sign = Moment(box.clock.now_ns, box.clock.up_ns, True)
    await box.outbox.accept([msgspec.structs.replace(health(), at=sign)])
    box.clock.boot_id = boot or box.clock.boot_id
    box.begin()
    await box.start()
    found = box.life(Part.AGENT, "")
    assert [one.state for one in found] == ["started", state, "started"]
    assert found[1].at_ns <= found[2].at_ns


async def test_an_end_in_order_is_written_and_the_device_goes_on_with_its_row(box: Box) -> None:
    box.now(SourceState.WORKING)
    await box.keeper.look()
    await box.keeper.finish()
    box.begin()
    box.station.state = SourceState.STARTING
    box.now(SourceState.WORKING)  # before the history could be read
    await box.start()
    await box.keeper.look()
    assert [one.state for one in box.life(Part.AGENT, "")] == ["started", "ended", "started"]
    assert [one.times for one in box.life()] == [1]


async def test_who_never_began_ends_without_a_word(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        made = Box(outbox, tmp_path / "outbox.db")
        await made.keeper.finish()
        assert made.life(Part.AGENT, "") == []


def test_a_port_is_called_as_the_kernel_calls_it_now(tmp_path: Path) -> None:
    (tmp_path / "reader").symlink_to("/dev/null")
    for place, port in ((tmp_path / "reader", "null"), (tmp_path / "gone", ""), ("/dev/no-such", ""), ("", "")):
        config = SourceConfig(name="gate", kind="reader", driver="x", settings=Settings(str(place)), places={})
        assert port_of(config) == port
