"""A picture is promised before its alarm, kept sealed, told in the record, and owed until it is delivered or lost.

The outbox and the files are real; what is killed is a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import private_file
from agent.age import fingerprint
from agent.datasets import Recipients
from agent.evidence import folder as evidence_folder
from agent.evidence import not_kept, store
from agent.evidence.picture import Ids
from agent.evidence.rows import RANK
from agent.evidence.store import PICTURES_WAITING, Evidence
from agent.model import Severity
from agent.school import pictures
from tests.agent.evidence.kept import Box
from tests.agent.evidence.pictures import (
    DESK,
    RECIPIENT,
    change,
    evidence_of,
    jpeg,
    nobody,
    opened,
    somebody,
)
from tests.agent.outbox.box import opened as outbox_opened
from tests.agent.outbox.box import records, until, write_locked
from tests.clock import FastClock

# --- keeping --------------------------------------------------------------------------------------------------------


async def test_a_picture_is_sealed_kept_and_recorded(box: Box) -> None:
    plain = jpeg(30_000)
    id_ = await box.keep(30_000)
    sealed = box.files()[id_]
    assert opened(sealed) == plain
    assert plain[2:50] not in sealed
    (record,) = await box.sealed()
    assert record == {
        "evidence": id_,
        "camera": "gate",
        "kind": "snapshot",
        "bytes": len(sealed),
        "sha256": hashlib.sha256(sealed).hexdigest(),
        "plain_bytes": 30_000,
        "plain_sha256": hashlib.sha256(plain).hexdigest(),
        "recipients": [fingerprint(RECIPIENT)],
    }
    assert box.table() == [(id_, 1)]
    owed = box.evidence.shelf.owed()
    assert owed is not None
    assert (owed.id, owed.bytes, owed.rank) == (id_, len(sealed), RANK[Severity.ERROR])
    assert await box.evidence.shelf.intact(owed)
    assert await box.evidence.shelf.read(owed, 100, 50) == sealed[100:150]


async def test_the_alarm_does_not_wait_and_is_never_on_the_disk_without_the_promise(box: Box) -> None:
    with write_locked(box.folder / "o.db"):
        picture = change(jpeg())
        async with asyncio.timeout(1):
            ids = await box.evidence.keep(picture, "gate", Severity.ERROR)
        assert box.outbox._waiting == 1  # the promise is with the writer before anybody has the id
        alarm = pictures.changed(picture, "gate", ids, synced=True)
        told = asyncio.ensure_future(box.outbox.accept([alarm]))
        await asyncio.sleep(0)
        assert (box.outbox._waiting, box.table()) == (2, [])
    await told
    assert box.table()[0][0] == ids.snapshot  # whatever became of the picture meanwhile
    await box.evidence.drained()
    assert [one["evidence"] for one in await box.sealed()] == [ids.snapshot]


async def test_what_is_delivered_leaves_nothing(box: Box) -> None:
    await box.keep()
    owed = box.evidence.shelf.owed()
    assert owed is not None
    box.evidence.shelf.delivered(owed)
    box.evidence.shelf.delivered(owed)  # a second receipt
    assert box.evidence.shelf.owed() is None
    await box.evidence.drained()
    assert (box.files(), box.table(), await box.lost()) == ({}, [], [])
    assert (box.evidence.state().delivered, box.evidence.state().kept) == (1, 0)


async def test_the_most_severe_is_sent_first(box: Box) -> None:
    first = await box.keep(severity=Severity.INFO)
    second = await box.keep(severity=Severity.FATAL)
    third = await box.keep(severity=Severity.FATAL)
    order = []
    while owed := box.evidence.shelf.owed():
        order.append(owed.id)
        box.evidence.shelf.delivered(owed)
    assert order == [second, third, first]
    await box.evidence.drained()


# --- what is not kept -----------------------------------------------------------------------------------------------


async def test_without_a_recipient_nothing_is_kept_and_that_is_told(tmp_path: Path) -> None:
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), nobody)
        await evidence.begin()
        assert [await evidence.keep(change(jpeg()), "gate", Severity.ERROR) for _ in range(3)] == [Ids()] * 3
        await evidence.tell_not_kept()
        (lost,) = await records(outbox, "evidence.lost")
        assert lost == {"evidence": "", "camera": "gate", "kind": "snapshot", "reason": "no_recipient", "count": 3}
        assert list(tmp_path.glob("evidence/*")) == []
        assert [one.code for one in evidence.trouble()] == ["E-102"]
        assert evidence.state().not_kept == 3
        assert await evidence.keep(change(jpeg()), "gate", Severity.ERROR) == Ids()
        await evidence.tell_not_kept()  # within the same minute it is gathered
        assert len(await records(outbox, "evidence.lost")) == 1
        await evidence.finish()
        assert [one["count"] for one in await records(outbox, "evidence.lost")] == [3, 1]


async def test_a_recipient_that_is_none_is_named_and_the_others_still_see(tmp_path: Path) -> None:
    given = [RECIPIENT, "age1" + "q" * 58]
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), lambda: Recipients(snapshot=given, blurred=[DESK]))
        await evidence.begin()
        id_ = (await evidence.keep(change(jpeg()), "gate", Severity.ERROR)).snapshot
        await evidence.drained()
        assert opened((tmp_path / f"evidence/{id_}.age").read_bytes()) == jpeg()
        assert [one.code for one in evidence.trouble()] == ["E-105"]
        given[:] = given[1:]
        assert await evidence.keep(change(jpeg()), "gate", Severity.ERROR) == Ids()


async def test_a_recipient_that_is_withdrawn_meanwhile_gets_nothing(tmp_path: Path) -> None:
    given = [RECIPIENT]
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), lambda: Recipients(snapshot=given))
        id_ = (
            await evidence.keep(change(jpeg()), "gate", Severity.ERROR)
        ).snapshot  # it waits: the store has not begun
        given.clear()
        await evidence.begin()
        await evidence.drained()
        assert list(tmp_path.glob("evidence/*")) == []
        (lost,) = await records(outbox, "evidence.lost")
        assert (lost["evidence"], lost["reason"]) == (id_, "no_recipient")


async def test_a_picture_without_bytes_or_a_quota_of_nothing_gives_no_id(box: Box, tmp_path: Path) -> None:
    assert await box.evidence.keep(change(b""), "gate", Severity.ERROR) == Ids()
    none = evidence_of(box.outbox, tmp_path, box.clock, somebody, quota_mb=0)
    assert await none.keep(change(jpeg()), "gate", Severity.ERROR) == Ids()


async def test_pictures_in_memory_are_bounded(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_kept, "PER_MINUTE", 1_000)
    with write_locked(box.folder / "o.db"):
        ids = [await box.evidence.keep(change(jpeg()), "gate", Severity.ERROR) for _ in range(PICTURES_WAITING + 2)]
        assert [bool(one.snapshot) for one in ids] == [True] * PICTURES_WAITING + [False, False]
    await box.evidence.drained()
    await box.evidence.tell_not_kept()
    assert await box.lost() == [("", "busy")]
    assert len(box.files()) == PICTURES_WAITING


async def test_a_camera_that_chatters_has_its_share(box: Box) -> None:
    ids = [await box.keep() for _ in range(not_kept.PER_MINUTE + 1)]
    assert ids[-1] == "" != ids[-2]
    assert await box.keep(camera="yard") != ""


# --- space ----------------------------------------------------------------------------------------------------------


async def test_over_the_quota_the_least_severe_and_oldest_goes_and_is_told(box: Box) -> None:
    severe = await box.keep(300_000, severity=Severity.FATAL)
    old = await box.keep(300_000, severity=Severity.INFO)
    young = await box.keep(300_000, severity=Severity.INFO)
    new = await box.keep(300_000, severity=Severity.WARN)
    assert await box.lost() == [(old, "quota")]
    assert set(box.files()) == {severe, young, new}
    mild = await box.keep(500_000, severity=Severity.DEBUG)  # everything there is more severe
    assert await box.lost() == [(old, "quota"), (mild, "quota")]
    assert set(box.files()) == {severe, young, new}
    assert box.evidence.shelf.owed_bytes() <= 1_000_000
    assert [one.code for one in box.evidence.trouble()] == ["E-103"]
    assert box.evidence.state().lost == 2


async def test_where_others_fill_the_disk_pictures_give_way(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await box.keep(100_000, severity=Severity.INFO)
    second = await box.keep(100_000)
    free = box.evidence._folder.free_bytes()
    monkeypatch.setattr(box.evidence._folder, "free_bytes", lambda: free)
    box.evidence.shelf._reserve_bytes = free + 50_000
    await box.evidence.shelf.relieve()
    assert await box.lost() == [(first, "disk_full")]
    third = await box.keep(100_000, severity=Severity.DEBUG)
    assert (await box.lost())[1:] == [(third, "disk_full")]
    assert set(box.files()) == {second}


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """400 kB for pictures; where nobody may mount one, every write beyond that fails as on one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k,mode=700", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    with pytest.MonkeyPatch.context() as patch:
        if not mounted:
            patch.setattr(evidence_folder, "write_private", functools.partial(write_within, 400_000))
        yield
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def write_within(limit: int, path: Path, content: bytes) -> None:
    used = sum(one.stat().st_size for one in path.parent.iterdir())
    if used + len(content) > limit:
        path.with_name(f".{path.name}.new").write_bytes(content[: limit - used])
        raise OSError(errno.ENOSPC, "No space left on device")
    private_file.write_private(path, content)


async def test_a_disk_that_is_full_loses_the_picture_and_says_so(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box.evidence._folder, "free_bytes", lambda: 10**9)  # somebody else was quicker
    with small_disk(tmp_path / "evidence"):
        kept = await box.keep(200_000)
        lost = await box.keep(250_000)
        assert set(box.files()) == {kept}  # of the half-written file nothing stays
        assert await box.lost() == [(lost, "disk_full")]
        assert [one.code for one in box.evidence.trouble()] == ["E-101"]
        assert await box.keep(100_000) in box.files()
        assert box.evidence.trouble() == []


async def test_a_folder_that_cannot_be_written_is_named(box: Box) -> None:
    (box.folder / "evidence").write_bytes(b"a file in its place")
    lost = await box.keep()
    assert await box.lost() == [(lost, "failed")]
    assert [one.code for one in box.evidence.trouble()] == ["E-101"]
    assert box.table() == [(lost, 2)]  # the row waits until the file is surely gone


# --- the next life ----------------------------------------------------------------------------------------------------


async def begun(box: Box) -> Evidence:
    """Another life on what lies there."""
    evidence = evidence_of(box.outbox, box.folder, box.clock, somebody, quota_mb=1)
    await evidence.begin()
    await evidence.drained()
    return evidence


async def test_what_is_kept_is_owed_in_the_next_life(box: Box) -> None:
    id_ = await box.keep()
    again = await begun(box)
    owed = again.shelf.owed()
    assert owed is not None
    assert (owed.id, await again.shelf.intact(owed)) == (id_, True)
    assert await box.lost() == []


async def test_a_promise_without_a_file_is_told(box: Box) -> None:
    id_ = "11111111-1111-4111-8111-111111111111"
    await box.outbox.transact(lambda t: store.rows.promise(t, id_, "gate", "snapshot", Severity.ERROR))
    (box.folder / "evidence").mkdir()
    (box.folder / f"evidence/{id_}.age").write_bytes(b"written, but the record was not")
    assert (await begun(box)).shelf.owed() is None
    assert await box.lost() == [(id_, "interrupted")]
    assert (box.files(), box.table()) == ({}, [])


async def test_a_file_that_is_gone_or_cut_is_told(box: Box) -> None:
    gone, cut, good = [await box.keep(seed=seed) for seed in range(3)]
    (box.folder / f"evidence/{gone}.age").unlink()
    os.truncate(box.folder / f"evidence/{cut}.age", 10)
    await begun(box)
    assert await box.lost() == [(gone, "damaged"), (cut, "damaged")]
    assert set(box.files()) == {good}
    assert box.table() == [(good, 1)]


async def test_what_was_over_is_removed_without_a_word(box: Box) -> None:
    id_ = await box.keep()
    await box.outbox.transact(lambda t: store.rows.end(t, id_))
    assert (await begun(box)).shelf.owed() is None
    assert (box.files(), box.table(), await box.lost()) == ({}, [], [])


async def test_a_file_that_no_database_knows_is_told_and_removed(box: Box) -> None:
    stray = "22222222-2222-4222-8222-222222222222"
    (box.folder / "evidence").mkdir()
    (box.folder / f"evidence/{stray}.age").write_bytes(b"of a database that was damaged")
    await begun(box)
    assert await box.lost() == [(stray, "damaged")]
    assert box.files() == {}


async def test_what_can_never_be_delivered_is_told(box: Box) -> None:
    id_ = await box.keep()
    owed = box.evidence.shelf.owed()
    assert owed is not None
    box.evidence.shelf.lose(owed, "refused")
    await box.evidence.drained()
    assert await box.lost() == [(id_, "refused")]
    assert (box.files(), box.table()) == ({}, [])


async def test_a_file_that_vanishes_is_read_as_nothing(box: Box) -> None:
    await box.keep()
    owed = box.evidence.shelf.owed()
    assert owed is not None
    (box.folder / f"evidence/{owed.id}.age").unlink()
    assert await box.evidence.shelf.read(owed, 0, 10) == b""


async def test_a_folder_that_cannot_be_looked_into_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), somebody)

        async def denied() -> dict[str, int]:
            raise PermissionError(errno.EACCES, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(evidence._folder, "scan", denied)
            running = asyncio.create_task(evidence.run())
            await until(evidence.trouble)
        assert [one.code for one in evidence.trouble()] == ["E-101"]
        id_ = (await evidence.keep(change(jpeg()), "gate", Severity.ERROR)).snapshot
        await until(lambda: evidence.shelf.find(id_))  # mended: it begins, and goes on with what waited
        assert evidence.trouble() == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_run_begins_and_looks_after_losses(tmp_path: Path) -> None:
    async with outbox_opened(tmp_path / "o.db") as outbox:
        evidence = evidence_of(outbox, tmp_path, FastClock(), nobody)
        running = asyncio.create_task(evidence.run())
        await evidence.keep(change(jpeg()), "gate", Severity.ERROR)
        async with asyncio.timeout(10):
            while not await records(outbox, "evidence.lost"):
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
