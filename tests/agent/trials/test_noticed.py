"""What a technician changes in the file is noticed at the next start, kept, and told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.trials.config_file import change_of
from agent.trials.history import History, sha256_of
from agent.trials.noticed import notice
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from tests.agent.outbox.box import events, opened
from tests.clock import FastClock


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with opened(tmp_path / "outbox.db") as found:
        yield found


class Site:
    def __init__(self, folder: Path, outbox: Outbox) -> None:
        self.path, self.outbox = folder / "agent.toml", outbox
        self.history, self.file = History(folder / "config"), TrialFile(folder / "config")

    async def start(self, text: str) -> None:
        self.path.write_text(text)
        await notice(self.path, self.history, self.file, self.outbox, FastClock())

    def known(self) -> list[tuple[str, str, str]]:
        return [(self.history.text(one).decode(), one.by, one.outcome) for one in self.history.entries()]

    async def told(self) -> list[tuple[str, str]]:
        found = [one for one in await events(self.outbox, Lane.RECORD) if "config" in one["type"]]
        return [(one["data"]["before"][:4], one["data"]["sha256"][:4]) for one in found]


async def test_each_change_is_noticed_once(tmp_path: Path, outbox: Outbox) -> None:
    site = Site(tmp_path, outbox)
    for text in ("a", "a", "b", "b", "a"):
        await site.start(text)
    assert site.known() == [(text, "technician", "in_use") for text in "aba"]
    a, b = (sha256_of(text)[:4] for text in (b"a", b"b"))
    assert await site.told() == [(a, b), (b, a)]


async def test_a_power_cut_before_the_history_tells_nothing_twice(tmp_path: Path, outbox: Outbox) -> None:
    site = Site(tmp_path, outbox)
    await site.start("a")
    await site.start("b")
    for path in site.history.folder.glob("0002*"):
        path.unlink()
    await site.start("b")
    assert (len(site.known()), len(await site.told())) == (2, 1)


async def test_what_is_on_trial_is_not_the_technicians(tmp_path: Path, outbox: Outbox) -> None:
    site = Site(tmp_path, outbox)
    await site.start("a")
    new = site.history.add(b"b", at="", by="centre", outcome="trial")
    site.file.begin("config", "centre", "", 300, Seen(), change_of(site.path, new, site.history.entries()[0]))
    await site.start("b")
    assert (site.known()[1:], len(await site.told())) == ([("b", "centre", "trial")], 0)


async def test_an_entry_whose_trial_never_began_is_closed(tmp_path: Path, outbox: Outbox) -> None:
    site = Site(tmp_path, outbox)
    await site.start("a")
    site.history.add(b"b", at="", by="centre", outcome="trial")
    await site.start("a")
    assert [(one.outcome, one.reason) for one in site.history.entries()] == [
        ("in_use", ""),
        ("undone", "interrupted"),
    ]
