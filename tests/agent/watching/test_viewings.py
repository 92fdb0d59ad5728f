"""Whoever looks at a plain picture leaves a file first; it becomes a record, and is never lost."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.events import CameraViewed
from agent.model import Draft, Lane, Severity
from agent.watching import viewings
from agent.watching.viewings import Viewings, note, read
from tests.agent.outbox.box import opened, records, until
from tests.clock import FastClock

SHOWN = "2026-11-26T08:00:00.000000Z"


class Taken:
    def __init__(self, folder: Path) -> None:
        self.drafts: list[Draft] = []
        self.broken = False
        self.viewings = Viewings(folder, self._accept, FastClock())

    async def _accept(self, drafts: Sequence[Draft]) -> None:
        if self.broken:
            raise OSError("no disk")
        self.drafts += drafts

    def data(self) -> list[CameraViewed]:
        return [one.data for one in self.drafts if isinstance(one.data, CameraViewed)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "viewings"


async def test_a_note_becomes_a_record_and_its_file_goes(folder: Path) -> None:
    taken = Taken(folder)
    await taken.viewings.take()  # nobody has ever looked
    id_ = note(folder, "gate", "olga", "zones", SHOWN)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / f"{id_}.json")] == [0o700, 0o600]
    await taken.viewings.take()
    await taken.viewings.take()
    assert taken.data() == [CameraViewed(camera="gate", viewing=id_, by="olga", what="zones", shown=SHOWN)]
    (one,) = taken.drafts
    assert (one.lane, one.severity, one.type) == (Lane.RECORD, Severity.WARN, "kz.mektep.camera.viewed.v1")
    assert list(folder.iterdir()) == []
    assert taken.viewings.trouble() == []


async def test_what_the_disk_does_not_take_stays(folder: Path) -> None:
    taken = Taken(folder)
    id_ = note(folder, "gate", "olga", "snapshot", SHOWN)
    taken.broken = True
    with pytest.raises(OSError, match="no disk"):
        await taken.viewings.take()
    assert [path.stem for path in folder.iterdir()] == [id_]
    taken.broken = False
    await taken.viewings.take()
    assert [one.viewing for one in taken.data()] == [id_]


async def test_many_are_taken_in_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewings, "AT_ONCE", 2)
    ids = {note(folder, "gate", "olga", "snapshot", SHOWN) for _ in range(5)}
    taken = Taken(folder)
    for _ in range(3):
        await taken.viewings.take()
    assert {one.viewing for one in taken.data()} == ids


async def test_a_file_that_is_none_of_ours_stays_and_is_told(folder: Path) -> None:
    id_ = note(folder, "gate", "olga", "snapshot", SHOWN)
    for name, text in (
        ("note.txt", b"hello"), (f"{id_[:-1]}x.json", b"{}"), (f"{'0' * 8}{id_[8:]}.json", b'{"camera":""}'),
        (f"{'1' * 8}{id_[8:]}.json", bytes(10_000)), (f".{id_}.json.new", b"half made"),
    ):  # fmt: skip
        (folder / name).write_bytes(text)
    taken = Taken(folder)
    await taken.viewings.take()
    assert [one.viewing for one in taken.data()] == [id_]
    assert [one.code for one in taken.viewings.trouble()] == ["V-403"] * 4
    for path in folder.iterdir():
        path.unlink()
    await taken.viewings.take()
    assert taken.viewings.trouble() == []


def test_where_nothing_can_be_written_nothing_may_be_shown(tmp_path: Path) -> None:
    (tmp_path / "viewings").write_bytes(b"a file in its place")
    for place in (tmp_path / "viewings", tmp_path / "no" / "state"):
        with pytest.raises(AgentError) as caught:
            note(place, "gate", "olga", "snapshot", SHOWN)
        assert caught.value.code == "V-402"


async def test_run_makes_records_in_a_real_outbox(tmp_path: Path, folder: Path) -> None:
    async with opened(tmp_path / "o.db") as outbox:
        running = asyncio.create_task(Viewings(folder, outbox.accept, FastClock()).run())
        id_ = note(folder, "gate", "olga", "snapshot", SHOWN)
        await until(lambda: not os.listdir(folder))
        assert [one["viewing"] for one in await records(outbox, "camera.viewed")] == [id_]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(text: bytes) -> None:
    assert read(text) is None or text.lstrip().startswith(b"{")
