"""The watcher: keeps what is well, undoes what is worse, tells the end once, whatever the power cuts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.trials.start import at_start
from agent.trials.trial import ended
from agent.trials.verdict import PATIENCE_S, Seen
from agent.trials.watch import Busy, Trials
from tests.agent.outbox.box import events, opened
from tests.agent.trials.kept import WELL, begun, outcome
from tests.clock import FastClock

GONE = Seen(working=WELL.working)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with opened(tmp_path / "outbox.db") as found:
        yield found


class Watched:
    """One start of the agent with a trial; time moves when the watcher sleeps."""

    def __init__(self, folder: Path, outbox: Outbox, seen: list[tuple[float, Seen]], word: str = "new") -> None:
        self.file, self.kind = begun(folder, word)
        self.outbox, self.clock, self.seen = outbox, FastClock(), seen
        self.restarts = 0
        self.began_ns = self.clock.monotonic_ns()

    def trials(self) -> Trials:
        return Trials(
            self.file, {"word": self.kind}, self.outbox, self.clock, look=self._look, configured={"canteen-1"},
            restart=self._restart,
        )  # fmt: skip

    def _restart(self) -> None:
        self.restarts += 1

    def _look(self) -> Seen:
        elapsed_s = (self.clock.monotonic_ns() - self.began_ns) / 1e9
        return [seen for from_s, seen in self.seen if from_s <= elapsed_s][-1]

    def elapsed_s(self) -> float:
        return (self.clock.monotonic_ns() - self.began_ns) / 1e9

    async def told(self) -> list[tuple[str, str]]:
        found = await events(self.outbox, Lane.RECORD)
        return [(one["type"], one["data"].get("reason", "")) for one in found if "config" in one["type"]]


async def test_what_is_well_is_kept_and_told(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, GONE), (5, WELL)])
    await box.trials().run()
    assert box.elapsed_s() == pytest.approx(300, abs=2)
    assert await box.told() == [("kz.mektep.config.applied.v1", "")]
    assert (box.kind.path.read_text(), box.restarts, box.file.read()) == ("new", 0, None)
    assert [one.outcome for one in box.kind.settled_trials] == ["kept"]


async def test_what_loses_the_link_is_undone_and_told_after_the_restart(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, GONE)])
    await box.trials().run()
    assert box.elapsed_s() == pytest.approx(PATIENCE_S, abs=2)
    assert (box.kind.path.read_text(), box.restarts) == ("old", 1)
    assert await box.told() == []
    at_start(box.file, {"word": box.kind})
    await box.trials().run()
    assert await box.told() == [("kz.mektep.config.undone.v1", "link_gone")]
    assert (box.restarts, box.file.read()) == (1, None)


async def test_an_end_is_told_once(tmp_path: Path, outbox: Outbox) -> None:
    """The power goes after the event, before the file is removed."""
    box = Watched(tmp_path, outbox, [(0, WELL)])
    trial = box.file.read()
    assert trial is not None
    kept = ended(trial, "kept")
    for _ in range(3):
        box.file.note(kept)
        await box.trials().run()
    assert await box.told() == [("kz.mektep.config.applied.v1", "")]


async def test_a_trial_that_somebody_on_site_has_ended_is_not_ended_again(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, GONE)])
    trial = box.file.read()
    assert trial is not None
    ended_on_site = ended(trial, "undone", "by_hand")
    box.seen = [(0, GONE)]
    trials = box.trials()
    before = box._look

    def look() -> Seen:
        box.file.note(ended_on_site)
        return before()

    trials._look = look
    await trials.run()
    assert (outcome(box.file), box.restarts) == (("undone", "by_hand"), 0)


async def test_ready_begins_the_count_anew(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, GONE)])
    at_start(box.file, {"word": box.kind})
    await box.trials().run()
    trial = box.file.read()
    assert trial is not None
    assert (trial.starts, trial.unready) == (1, 0)


async def test_one_change_at_a_time(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, WELL)])
    trials = box.trials()
    with pytest.raises(Busy):
        await trials.begin("word", "centre", 300, {})
    await trials.run()
    trial = await trials.begin("word", "olga", 60, {"a": "b"}, order=9)
    assert trials.now() == trial
    assert (trial.before, trial.by, trial.within_s, trial.order) == (WELL, "olga", 60, 9)


async def test_without_a_trial_there_is_nothing_to_watch(tmp_path: Path, outbox: Outbox) -> None:
    box = Watched(tmp_path, outbox, [(0, WELL)])
    box.file.remove()
    await box.trials().run()
    assert (box.elapsed_s(), await box.told()) == (0, [])
