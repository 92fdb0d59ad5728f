"""A new configuration is checked whole before anything changes; what is refused changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import config
from agent.restart import Restart, RestartWanted
from agent.trial_kinds import trial_kinds
from agent.trials.apply import Applied, ConfigChange, NewConfig, Refusal
from agent.trials.history import History, sha256_of
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from agent.trials.watch import Trials
from tests.agent.cli.command import write_config
from tests.agent.outbox.box import opened
from tests.clock import FastClock

MORE = b'\n[[camera]]\nname = "gate"\ndriver = "rtsp"\nurl = "rtsp://10.0.0.9/1"\n'


class Box:
    def __init__(self, folder: Path, trials: Trials, restart: Restart) -> None:
        self.path, self.trials, self.restart = folder / "box.toml", trials, restart
        self.old = self.path.read_bytes()
        self.history = History(folder / "state" / "config")
        self.incident = False
        running = config.load(self.path)
        self.change = ConfigChange(running, trials, self.history, restart, FastClock(), lambda: self.incident)

    async def apply(self, text: bytes, **changes: object) -> Applied:
        return await self.change.apply(NewConfig(text=text, by="centre", **changes))  # type: ignore[arg-type]

    async def refused(self, text: bytes, **changes: object) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.apply(text, **changes)
        assert self.path.read_bytes() == self.old
        return caught.value

    def known(self) -> list[tuple[str, str]]:
        return [(one.by, one.outcome) for one in self.history.entries()]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    write_config(tmp_path)
    folder, restart = tmp_path / "state" / "config", Restart()
    async with opened(tmp_path / "outbox.db") as outbox:
        trials = Trials(
            TrialFile(folder), trial_kinds(folder.parent), outbox, FastClock(), look=Seen, configured=(),
            restart=lambda: restart.now("undone"),
        )  # fmt: skip
        yield Box(tmp_path, trials, restart)


async def test_a_good_one_is_on_trial_and_the_agent_restarts(box: Box) -> None:
    applied = await box.apply(box.old + MORE, expects=sha256_of(box.old), within_s=60, order=7)
    assert applied == Applied(sha256=sha256_of(box.old + MORE), before=sha256_of(box.old), within_s=60)
    assert box.path.read_bytes() == box.old + MORE
    assert box.known() == [("technician", "in_use"), ("centre", "trial")]
    trial = box.trials.now()
    assert trial is not None
    assert (trial.by, trial.order, trial.within_s) == ("centre", 7, 60)
    box.restart.answered()
    with pytest.raises(RestartWanted, match="by centre"):
        await box.restart.run()


async def test_a_file_that_cannot_be_written_leaves_no_trial_behind(box: Box) -> None:
    blocked = box.path.with_name(f".{box.path.name}.new")
    (blocked / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="new"):
        await box.apply(box.old + MORE, order=7)
    assert (box.trials.now(), box.known()) == (None, [("technician", "in_use"), ("centre", "undone")])
    (blocked / "in the way").rmdir()
    blocked.rmdir()
    await box.apply(box.old + MORE, order=7)  # the same order again


BAD = [
    ("no TOML", b"= 3", "C-003"),
    ("no text", b"\xff", "UTF-8"),
    ("a setting that is none", b"zzz = 1\n", "C-101"),
    ("deep", b"a = " + b"[" * 5000, "C-003"),
]


@pytest.mark.parametrize(("text", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_a_bad_one_is_refused_with_each_mistake(box: Box, text: bytes, says: str) -> None:
    refusal = await box.refused(text)
    assert refusal.reason == "bad_config"
    assert says in str(refusal.result["problems"])
    assert (box.known(), box.trials.now()) == ([], None)


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        (b'"school-07"', b'"school-08"', "school"),
        (b"/state", b"/elsewhere", "state"),
        (b"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", b"A" * 43 + b"=", "centre.orders_key"),
    ],
)
async def test_who_and_whose_a_box_is_changes_nobody_from_afar(box: Box, old: bytes, new: bytes, setting: str) -> None:
    refusal = await box.refused(box.old.replace(old, new))
    assert (refusal.reason, refusal.result) == ("forbidden_change", {"settings": [setting]})


async def test_a_file_that_was_changed_on_site_is_not_overwritten(box: Box) -> None:
    refusal = await box.refused(box.old + MORE, expects="0" * 64)
    assert (refusal.reason, refusal.result) == ("changed_on_site", {"sha256": sha256_of(box.old)})


async def test_while_an_incident_is_open_the_box_stays_unless_told_so(box: Box) -> None:
    box.incident = True
    assert (await box.refused(box.old + MORE, force=False)).reason == "incident_open"
    assert (box.known(), box.trials.now()) == ([], None)
    first = await box.apply(box.old + MORE, force=True, order=7)
    again = await box.apply(box.old + MORE, force=False, order=7)  # an order that comes again changes nothing
    assert again == first


async def test_one_trial_at_a_time(box: Box) -> None:
    await box.apply(box.old + MORE)
    box.old += MORE
    assert (await box.refused(box.old + b"# more\n")).reason == "trial_running"


async def test_the_same_again_changes_nothing(box: Box) -> None:
    first = await box.apply(box.old + MORE, order=7)
    assert await box.apply(box.old + MORE, order=7) == first
    assert len(box.history.entries()) == 2
    assert (await box.apply(box.old + MORE)).within_s == 300
    trial = box.trials.now()
    assert trial is not None
    await box.trials.stop(trial, "link_gone")
    await box.trials.settle(box.trials.now() or trial)
    assert box.path.read_bytes() == box.old
    assert (await box.apply(box.old + MORE, order=7)).sha256 == first.sha256  # an order that comes again
    assert box.path.read_bytes() == box.old
    assert (await box.apply(box.old)).within_s == 0  # in force already
    assert len(box.history.entries()) == 2


async def test_undo_ends_the_trial_that_goes_on(box: Box) -> None:
    await box.apply(box.old + MORE)
    done = await box.change.undo("olga")
    assert (done.sha256, done.within_s) == (sha256_of(box.old), 0)
    trial = box.trials.now()
    assert trial is not None
    assert (trial.outcome, trial.reason, box.path.read_bytes()) == ("undone", "by_hand", box.old)


async def test_undo_tries_the_one_before(box: Box) -> None:
    with pytest.raises(Refusal, match="nothing_before"):
        await box.change.undo("olga")
    box.history.add(box.old + MORE, at="", by="technician", outcome="in_use")
    box.history.add(box.old, at="", by="technician", outcome="in_use")
    done = await box.change.undo("olga")
    assert (done.sha256, done.within_s) == (sha256_of(box.old + MORE), 300)
    assert box.known()[-1] == ("olga", "trial")
