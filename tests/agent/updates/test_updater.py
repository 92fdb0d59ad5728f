"""From the centre's word to the switch, over real TLS, with root played by a task; each step over a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.datasets import Calendar
from agent.model import Draft
from agent.trials.trial import Trial
from agent.trials.watch import Busy
from agent.updates.staged import Shelf, Staged, Step
from agent.updates.updater import Updater
from tests.agent.updates.staging import ARCHIVE, serving, staged
from tests.agent.updates.test_hour import CALENDAR, ns
from tests.agent.updates.test_trial_kind import trial
from tests.clock import FastClock

NIGHT, DAY = "2026-11-26T03:00+05:00", "2026-11-26T09:00+05:00"


class Root:
    """scripts/deb/update_version.py as the agent sees it."""

    def __init__(self, updates: Path, own: Path) -> None:
        self.wish, self.outcome = updates / "wish.json", own / "outcome.json"
        self.granted: list[str] = []
        self.refuses, self.later = "", False

    async def run(self) -> None:
        while True:
            if self.wish.exists():
                wish = json.loads(self.wish.read_text())
                said = "no such version" if self.refuses == wish["do"] else ""
                self.granted.append(wish["do"])
                if said and self.later:
                    self.refuses = ""  # once
                told = {"wish": wish, "done": not said, "said": said, "version": "0.2.0", "again": self.later}
                self.outcome.write_text(json.dumps(told))
                self.wish.unlink()
            await asyncio.sleep(0.002)


class Stage:
    """An updater, and all that is around it."""

    def __init__(self, folder: Path, authority: Path) -> None:
        self.clock = FastClock()
        self.clock.now_ns = ns(NIGHT)
        self.shelf = Shelf(folder / "updates", folder)
        self.root = Root(folder / "updates", folder)
        self.authority = authority
        self.began: list[dict[str, str]] = []
        self.dropped: list[Trial] = []
        self.recorded: list[Draft] = []
        self.busy = False
        self.incident = False

    def updater(self, running: str = "0.1.0") -> Updater:
        return Updater(
            self.shelf, self.clock, authority=self.authority, calendar=self.calendar,
            needed=lambda: self.incident, begin=self.begin, drop=self.drop, record=self.record, running=running,
        )  # fmt: skip

    def calendar(self) -> Calendar | None:
        return CALENDAR

    async def begin(self, what: str, by: str, within_s: int, change: dict[str, str], order: int) -> Trial:
        if self.busy:
            raise Busy(what)
        self.began.append(change)
        return trial()

    async def drop(self, begun: Trial) -> None:
        self.dropped.append(begun)

    async def record(self, drafts: Sequence[Draft]) -> None:
        self.recorded += drafts

    @asynccontextmanager
    async def running(self, updater: Updater) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(updater.run()), asyncio.create_task(self.root.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, step: Step, said: str = "") -> Staged:
        async with asyncio.timeout(20):
            while True:
                found = self.shelf.read()
                if found is not None and found.step is step and (not said or said in found.said):
                    return found
                await asyncio.sleep(0.005)

    async def until_granted(self, *wishes: str) -> None:
        async with asyncio.timeout(20):
            while self.root.granted != list(wishes):
                await asyncio.sleep(0.005)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, tmp_path / "pki/ca.crt")


async def test_fetched_built_and_switched_to_at_night(stage: Stage, tmp_path: Path) -> None:
    with serving(tmp_path / "pki") as (_, url, _):
        updater = stage.updater()
        async with stage.running(updater):
            assert await updater.stage(staged(url=url)) == "fetch"
            await stage.until(Step.TRIAL)
            await stage.until_granted("install", "use")
    assert (tmp_path / "updates/0.2.0.tar").read_bytes() == ARCHIVE
    assert stage.began == [{"from": "0.1.0", "to": "0.2.0"}]
    assert stage.recorded == []


async def test_it_waits_while_children_are_there_and_goes_on_at_night(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.SWITCH))
    stage.clock.now_ns = ns(DAY)
    async with stage.running(stage.updater()):
        await stage.until(Step.SWITCH, "school_hours")
        assert stage.began == []
        stage.clock.now_ns = ns(NIGHT) + 86_400_000_000_000
        await stage.until(Step.TRIAL)


async def test_it_waits_for_another_trial_and_for_an_incident(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.SWITCH))
    stage.incident = True
    async with stage.running(stage.updater()):
        await stage.until(Step.SWITCH, "an_incident")
        stage.incident, stage.busy = False, True
        await stage.until(Step.SWITCH, "another_trial")
        assert stage.root.granted == []
        stage.busy = False
        await stage.until(Step.TRIAL)


@pytest.mark.parametrize(("refuses", "step"), [("install", Step.INSTALL), ("use", Step.SWITCH)])
async def test_what_root_refuses_is_told_and_the_running_version_is_not_left(
    stage: Stage, refuses: str, step: Step
) -> None:
    stage.shelf.note(staged(step=step))
    stage.root.refuses = refuses
    updater = stage.updater()
    async with stage.running(updater):
        await stage.until(Step.OVER, "no such version")
    assert stage.dropped == [trial()] * (step is Step.SWITCH)  # or it would keep every other change away
    assert [one.type for one in stage.recorded] == ["kz.mektep.update.failed.v1"]
    assert [one.code for one in updater.trouble()] == ["G-120"]


async def test_what_root_cannot_do_yet_is_asked_for_again(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.INSTALL))
    stage.root.refuses, stage.root.later = "install", True
    async with stage.running(stage.updater()):
        await stage.until_granted("install", "install", "use")
        await stage.until(Step.TRIAL)
    assert stage.recorded == []


async def test_what_was_pruned_meanwhile_is_built_once_more(stage: Stage) -> None:
    """A package that was installed on site removes what it does not know."""
    stage.shelf.note(staged(step=Step.SWITCH))
    stage.root.refuses, stage.root.later = "use", True
    async with stage.running(stage.updater()):
        await stage.until_granted("use", "install", "use")
        await stage.until(Step.TRIAL)
    assert stage.dropped == [trial()]
    assert stage.recorded == []


async def test_root_is_not_asked_while_nobody_knows_the_time(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.INSTALL))
    stage.clock.is_synced = False
    async with stage.running(stage.updater()):
        await stage.until(Step.INSTALL, "clock")
        assert stage.root.granted == []
        stage.clock.is_synced = True
        await stage.until(Step.TRIAL)


async def test_an_archive_that_cannot_be_had_yet_is_asked_for_again(stage: Stage, tmp_path: Path) -> None:
    with serving(tmp_path / "pki") as (mine, url, _):
        mine.status = 503
        updater = stage.updater()
        async with stage.running(updater):
            await updater.stage(staged(url=url))
            await stage.until(Step.FETCH, "503")
            assert [one.code for one in updater.trouble()] == ["G-120"]
            mine.status = 0
            await stage.until(Step.TRIAL)
            assert updater.trouble() == []


async def test_the_version_that_runs_calls_a_staged_one_off(stage: Stage, tmp_path: Path) -> None:
    stage.shelf.note(staged(step=Step.SWITCH))
    (tmp_path / "updates/0.2.0.tar").write_bytes(ARCHIVE)
    assert await stage.updater().stage(staged(version="0.1.0", order=8)) == "running"
    assert not (tmp_path / "updates/0.2.0.tar").exists()
    found = stage.shelf.read()
    assert found is not None
    assert found.step is Step.OVER


async def test_the_same_order_again_and_one_during_a_trial_change_nothing(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.SWITCH))
    assert await stage.updater().stage(staged(url="https://localhost/other.tar")) == "switch"
    stage.shelf.note(staged(step=Step.TRIAL))
    assert await stage.updater().stage(staged(order=9)) == "trial"
    assert stage.shelf.read() == staged(step=Step.TRIAL)


async def test_a_version_that_is_staged_while_another_is_fetched_takes_its_place(stage: Stage, tmp_path: Path) -> None:
    with serving(tmp_path / "pki") as (_, url, _):
        fetching = asyncio.Event()
        sleep = stage.clock.sleep

        async def slowly(seconds: float) -> None:
            fetching.set()
            await asyncio.sleep(0.005)
            await sleep(seconds)

        stage.clock.sleep = slowly  # type: ignore[method-assign]
        updater = stage.updater()
        async with stage.running(updater):
            await updater.stage(staged(url=url))
            await fetching.wait()
            assert await updater.stage(staged(url=url, version="0.3.0", order=8)) == "fetch"
            await stage.until(Step.TRIAL)
    found = stage.shelf.read()
    assert found is not None
    assert (found.version, found.order) == ("0.3.0", 8)
    assert stage.began == [{"from": "0.1.0", "to": "0.3.0"}]
    assert stage.recorded == []


async def test_a_staged_version_that_runs_already_is_not_switched_to(stage: Stage) -> None:
    stage.shelf.note(staged(step=Step.SWITCH))
    async with stage.running(stage.updater(running="0.2.0")):
        await stage.until(Step.OVER, "running")
    assert stage.began == []
