"""A video on its way to the disk: kept whole or told as lost, and never in the way of a picture or an alarm."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.age import fingerprint
from agent.datasets import Recipients
from agent.evidence import clips
from agent.evidence.clips import CLIP_MOST_BYTES, STEP_BYTES
from agent.evidence.films import Films
from agent.evidence.folder import Folder
from agent.evidence.settings import EvidenceSettings
from agent.evidence.store import CLIPS_AT_ONCE, Evidence
from agent.model import Moment, Severity
from agent.outbox.outbox import Outbox
from centre.wire import EVIDENCE_MAX
from tests.agent.evidence.footage import HandFilms, HandFootage
from tests.agent.evidence.kept import Box
from tests.agent.evidence.pictures import RECIPIENT, change, jpeg, somebody
from tests.agent.outbox.box import opened as outbox_opened
from tests.clock import FastClock
from tests.drivers.supervised import until

AT = Moment(1_795_420_800_000_000_000, 55_000_000_000, True)
_: Films = HandFilms()


class Room(Box):
    """A box with a camera under the test's hand."""

    def __init__(self, folder: Path, outbox: Outbox, clock: FastClock, *, quota_mb: int = 1) -> None:
        self.films = HandFilms()
        self.recipients = somebody()
        evidence = Evidence(
            outbox, Folder(folder / "evidence"), EvidenceSettings(quota_mb=quota_mb), lambda: self.recipients, clock,
            reserve_bytes=0, cameras=1, films=self.films,
        )  # fmt: skip
        super().__init__(folder, outbox, evidence, clock)

    async def clip(self, camera: str = "gate", severity: Severity = Severity.ERROR) -> str:
        return await self.evidence.keep_clip(camera, before_s=10, after_s=20, severity=severity, at=AT)

    async def growing(self, size: int = 100_000, severity: Severity = Severity.ERROR) -> tuple[str, HandFootage]:
        """A clip of which so much is written."""
        id_ = await self.clip(severity=severity)
        footage = self.films.footage[-1]
        for _ in range(0, size, 50_000):
            footage.give(50_000)
        await until(lambda: footage.taken == len(range(0, size, 50_000)))
        return id_, footage

    async def keep(
        self, size: int = 20_000, seed: int = 1, severity: Severity = Severity.ERROR, camera: str = "gate"
    ) -> str:
        """A picture, until it is kept or told as lost, whatever the videos do."""
        ids = await self.evidence.keep(change(jpeg(size, seed)), camera, severity)
        await until(lambda: not self.evidence._making)
        return ids.snapshot

    def half_made(self) -> list[Path]:
        return sorted((self.folder / "evidence").glob(".*"))


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = FastClock()
    async with outbox_opened(tmp_path / "o.db", clock=clock) as outbox:
        made = Room(tmp_path, outbox, clock)
        await made.evidence.begin()
        yield made
        for footage in made.films.footage:
            footage.drop()
        await made.evidence.drained()


async def test_its_pieces_become_one_file_with_its_record(room: Room) -> None:
    id_, footage = await room.growing(150_000)
    assert room.half_made()
    assert room.files().keys() <= {f".{id_}.age"}
    footage.end()
    await room.evidence.drained()
    file = room.files()[id_]
    assert file == bytes(150_000)
    (record,) = await room.sealed()
    assert record == {
        "evidence": id_,
        "camera": "gate",
        "kind": "clip",
        "bytes": 150_000,
        "sha256": hashlib.sha256(file).hexdigest(),
        "plain_bytes": 900,
        "plain_sha256": "cd" * 32,
        "recipients": [fingerprint(RECIPIENT)],
        "before_s": 5.0,
        "after_s": 7.123,
    }
    kept = room.evidence.shelf.find(id_)
    assert kept is not None
    assert await room.evidence.shelf.intact(kept)
    assert (kept.kind, room.table()) == ("clip", [(id_, 1)])


async def test_the_camera_is_asked_at_once_and_for_who_may_see_plain_pictures_alone(room: Room) -> None:
    await room.clip()
    ((camera, order),) = room.films.orders
    assert (camera, order.at_ns, order.before_s, order.after_s) == ("gate", AT.monotonic_ns, 10, 20)
    assert order.recipients == (RECIPIENT,)
    assert order.most_bytes == 1_000_000  # the quota
    assert CLIP_MOST_BYTES == EVIDENCE_MAX


async def test_the_promise_is_on_the_disk_no_later_than_an_alarm_that_follows(room: Room) -> None:
    id_ = await room.clip()
    await room.outbox.transact(lambda _: None)
    assert room.table() == [(id_, 0)]


@pytest.mark.parametrize("reason", ["no_video", "failed", "interrupted"])
async def test_a_camera_that_gives_none_after_all_breaks_the_promise(room: Room, reason: str) -> None:
    id_, footage = await room.growing()
    footage.end(None, reason)
    await room.evidence.drained()
    assert await room.lost() == [(id_, reason)]
    assert (room.files(), room.half_made(), room.table()) == ({}, [], [])


async def test_a_camera_that_has_just_gone_breaks_the_promise(room: Room) -> None:
    room.films.gone = True
    id_ = await room.clip()
    await room.evidence.drained()
    assert await room.lost() == [(id_, "no_video")]


async def test_without_recipients_quota_or_a_free_camera_there_is_no_id(room: Room, tmp_path: Path) -> None:
    room.recipients = Recipients(snapshot=[], blurred=somebody().blurred)
    assert await room.clip() == ""
    room.recipients = somebody()
    room.films.refusals = {"yard": "masked"}
    assert await room.clip("yard") == ""
    ids = [await room.clip(f"camera-{number}") for number in range(CLIPS_AT_ONCE + 1)]
    assert [bool(id_) for id_ in ids] == [True] * CLIPS_AT_ONCE + [False]
    await room.evidence.tell_not_kept(last=True)
    assert sorted(reason for _, reason in await room.lost()) == ["busy", "masked", "no_recipient"]
    none = Room(tmp_path / "none", room.outbox, room.clock, quota_mb=0)
    assert (await none.clip(), none.films.orders) == ("", [])


async def test_one_that_outgrows_the_quota_is_lost_and_what_is_as_severe_a_picture_stays(room: Room) -> None:
    still = await room.keep(300_000)
    id_, footage = await room.growing(500_000)
    footage.give(50_000)
    await room.evidence.drained()
    assert await room.lost() == [(id_, "quota")]
    assert list(room.files()) == [still]
    assert room.half_made() == []


async def test_one_pushes_out_what_is_less_severe(room: Room) -> None:
    still = await room.keep(500_000, severity=Severity.INFO)
    id_, footage = await room.growing(600_000)
    footage.end()
    await room.evidence.drained()
    assert await room.lost() == [(still, "quota")]
    assert list(room.files()) == [id_]


async def test_a_picture_that_has_no_room_takes_that_of_a_growing_video(room: Room) -> None:
    id_, footage = await room.growing(600_000)
    still = await room.keep(500_000)
    await room.evidence.drained()
    assert await room.lost() == [(id_, "quota")]
    assert list(room.files()) == [still]
    assert footage.dropped
    assert room.half_made() == []


async def test_a_picture_that_is_less_severe_does_not(room: Room) -> None:
    id_, footage = await room.growing(600_000)
    still = await room.keep(500_000, severity=Severity.INFO)
    footage.end()
    await room.evidence.drained()
    assert [reason for _, reason in await room.lost()] == ["quota"]
    assert (still in room.files(), list(room.files())) == (False, [id_])


async def test_a_disk_that_fills_costs_the_video_and_neither_the_picture_nor_the_alarm(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, footage = await room.growing(100_000)

    async def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room.evidence._folder, "append", full)
    footage.give(50_000)
    await until(lambda: footage.dropped)
    still = await room.keep(20_000)
    await room.evidence.drained()
    assert await room.lost() == [(id_, "disk_full")]
    assert (list(room.files()), room.half_made()) == ([still], [])


async def test_where_others_fill_the_disk_a_growing_video_gives_way_first(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = await room.keep(100_000)
    id_, _ = await room.growing(100_000)
    free = room.evidence._folder.free_bytes()
    monkeypatch.setattr(room.evidence._folder, "free_bytes", lambda: free)
    room.evidence.shelf._reserve_bytes = free + STEP_BYTES // 2
    async with room.evidence.shelf.turn:
        await room.evidence.shelf.relieve()
    await room.evidence.drained()
    assert await room.lost() == [(id_, "disk_full")]
    assert list(room.files()) == [still]


async def test_a_cell_that_gives_more_than_was_ordered_is_not_believed(room: Room) -> None:
    id_ = await room.clip()
    room.films.footage[0].give(1_000_001)
    await room.evidence.drained()
    assert await room.lost() == [(id_, "failed")]
    assert (room.files(), room.half_made()) == ({}, [])


async def test_one_that_never_ends_is_given_up(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "PATIENCE_S", -19.9)  # of the 20 s that it may go on
    id_, footage = await room.growing(50_000)
    await room.evidence.drained()
    assert await room.lost() == [(id_, "failed")]
    assert (bool(footage.dropped), room.half_made()) == (True, [])


async def test_a_picture_is_written_while_a_video_grows(room: Room) -> None:
    """Also one whose half-made file must be cleared away does not take the video along."""
    id_, footage = await room.growing(50_000)
    still = await room.keep(20_000)
    assert still in room.files()
    room.evidence._folder._remove_half_made()
    footage.give(50_000)
    footage.end()
    await room.evidence.drained()
    assert len(room.files()[id_]) == 100_000


async def test_clips_wait_for_what_an_earlier_life_left(tmp_path: Path) -> None:
    clock = FastClock()
    async with outbox_opened(tmp_path / "o.db", clock=clock) as outbox:
        room = Room(tmp_path, outbox, clock)
        id_ = await room.clip()
        footage = room.films.footage[0]
        footage.give(10)
        footage.end()
        await asyncio.sleep(0)
        await room.evidence.begin()
        await room.evidence.drained()
        assert list(room.files()) == [id_]
        assert await room.lost() == []
