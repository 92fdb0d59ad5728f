"""The power goes before or after any write of a change: the box ends with one whole file, and its end is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent import config, private_file
from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.restart import Restart
from agent.trial_kinds import trial_kinds
from agent.trials import config_file
from agent.trials.apply import ConfigChange, NewConfig
from agent.trials.history import History
from agent.trials.noticed import notice
from agent.trials.start import at_start
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from agent.trials.watch import Trials
from tests.agent.cli.command import write_config
from tests.agent.outbox.box import events, opened
from tests.clock import FastClock

WELL, GONE = Seen(link=True, centre=True), Seen()


class Cut(BaseException):
    """The power."""


class Power:
    """Goes at the Nth write: before it, or just after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        self.after = False
        real: Callable[[Path, Path], None] = private_file.publish

        def publish(fresh: Path, path: Path) -> None:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Cut
            real(fresh, path)
            if self.left == 0:
                raise Cut

        monkeypatch.setattr(private_file, "publish", publish)
        monkeypatch.setattr(config_file, "publish", publish)


class Box:
    """Started as often as wanted. `seen`: how it is with the new configuration."""

    def __init__(self, folder: Path, outbox: Outbox, seen: Seen) -> None:
        self.path = write_config(folder)
        self.old, self.new = self.path.read_bytes(), self.path.read_bytes() + b"# another\n"
        self.outbox, self.clock, self.seen = outbox, FastClock(), seen
        self.folder = folder / "state" / "config"
        self.file, self.history, self.kinds = (
            TrialFile(self.folder),
            History(self.folder),
            trial_kinds(self.folder.parent),
        )

    def trials(self) -> Trials:
        return Trials(
            self.file, self.kinds, self.outbox, self.clock, look=self.look, configured=(), restart=lambda: None
        )

    def look(self) -> Seen:
        return self.seen if self.path.read_bytes() == self.new else WELL

    async def life(self) -> None:
        """From start to the end of what is on trial."""
        at_start(self.file, self.kinds)
        await notice(self.path, self.history, self.file, self.outbox, self.clock)
        await self.trials().run()

    async def order(self) -> None:
        running = config.load(self.path)
        change = ConfigChange(running, self.trials(), self.history, Restart(), self.clock, lambda: False)
        await change.apply(NewConfig(text=self.new, by="centre", order=7))

    async def told(self) -> list[str]:
        return [one["type"] for one in await events(self.outbox, Lane.RECORD) if "config" in one["type"]]


async def course(box: Box) -> None:
    """The order, and lives until nothing is on trial any more."""
    await box.life()
    await box.order()
    for _ in range(3):
        await box.life()


@pytest.mark.parametrize(
    ("seen", "after"), [(WELL, False), (GONE, False), (GONE, True)], ids=["better", "worse", "worse, after"]
)
@pytest.mark.parametrize("write", range(1, 13))
async def test_a_cut_at_any_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int, after: bool, seen: Seen
) -> None:
    power = Power(monkeypatch)
    async with opened(tmp_path / "outbox.db") as outbox:
        box = Box(tmp_path, outbox, seen)
        power.left, power.after = write, after
        try:
            await course(box)
        except Cut:
            await course(box)  # the order is given again: it was not answered, or is answered as before
        assert power.left < write
        assert box.file.read() is None
        good = box.new if seen is WELL else box.old
        assert box.path.read_bytes() == good
        told = await box.told()
        last = "kz.mektep.config.applied.v1" if seen is WELL else "kz.mektep.config.undone.v1"
        assert told.count(last) in (1, 2)
        assert told[-1] == last
        assert told.count("kz.mektep.config.applied.v1") == (seen is WELL)
        standing = box.history.standing()
        assert standing is not None
        assert box.history.text(standing) == good
        assert [one for one in box.history.entries() if one.outcome == "trial"] == []
