"""Sealed files are private, whole or not there, and what is not ours is left alone."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from agent.evidence import folder as folder_module
from agent.evidence.folder import Folder
from agent.evidence.rows import Kept

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


async def test_what_is_written_is_private_and_read_in_pieces(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "evidence")
    await folder.write(ONE, b"0123456789")
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / f"evidence/{ONE}.age").stat().st_mode) == 0o600
    assert await folder.read(ONE, 3, 4) == b"3456"
    assert await folder.read(ONE, 8, 4) == b"89"
    assert await folder.scan() == {ONE: 10}
    await folder.remove([ONE, ONE])
    assert await folder.scan() == {}


async def test_a_scan_removes_what_is_half_made_and_leaves_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / f".{ONE}.age.new").write_bytes(b"half")
    (tmp_path / "notes.age").write_bytes(b"a technician's")
    assert await Folder(tmp_path).scan() == {}
    assert [path.name for path in tmp_path.iterdir()] == ["notes.age"]
    assert await Folder(tmp_path / "none").scan() == {}


async def test_a_file_that_changed_is_not_intact(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    await folder.write(ONE, b"sealed")
    kept = Kept(
        number=1, id=ONE, camera="c", kind="snapshot", rank=1, bytes=6, sha256=hashlib.sha256(b"sealed").hexdigest()
    )
    assert await folder.intact(kept)
    assert not await folder.intact(msgspec.structs.replace(kept, sha256="0" * 64))
    (tmp_path / f"{ONE}.age").unlink()
    assert not await folder.intact(kept)


async def test_reading_does_not_wait_for_a_card_that_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, synced = Folder(tmp_path), threading.Event()
    await folder.write(ONE, b"0123456789")
    monkeypatch.setattr(folder_module, "write_private", lambda *_: synced.wait(10))
    writing = asyncio.create_task(folder.write(TWO, b"x"))
    async with asyncio.timeout(5):
        assert await folder.read(ONE, 0, 4) == b"0123"
    assert not writing.done()
    synced.set()
    await writing


async def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        await Folder(tmp_path / "file").write(ONE, b"x")


def test_free_space_is_that_of_the_state_directory_before_there_is_a_folder(tmp_path: Path) -> None:
    assert Folder(tmp_path / "not yet").free_bytes() > 0
