"""Slots: made for this user alone, gone with the daemon or at the next start, and never a reason not to start."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cells import slots
from agent.cells.slots import PREFIX, remove_stale, slots_of
from drivers.frame_slot import SIZE, FrameSlot
from tests.drivers.supervised import open_files

HOLDS = """
import asyncio, sys
from pathlib import Path
from agent.cells.slots import slots_of

async def hold():
    async with slots_of(["gate"], Path(sys.argv[1])) as slots:
        print(slots.files["gate"], flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


def folders(where: Path) -> list[Path]:
    return list(where.glob(f"{PREFIX}*"))


async def test_each_camera_has_a_slot_of_its_own_and_nothing_is_left(tmp_path: Path) -> None:
    before = open_files()
    async with slots_of(["gate", "stairs"], tmp_path) as made:
        assert (sorted(made.files), made.error) == (["gate", "stairs"], None)
        (folder,) = folders(tmp_path)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in map(Path, made.files.values()):
            assert (path.parent, stat.S_IMODE(path.stat().st_mode)) == (folder, 0o600)
            assert path.stat().st_blocks * 512 >= SIZE  # the memory is taken: a full tmpfs ends nobody later
            FrameSlot.open(str(path)).close()
    assert folders(tmp_path) == []
    assert open_files() == before


async def test_they_lie_in_memory() -> None:
    async with slots_of(["gate"]) as made:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
        assert Path(made.files["gate"]).is_relative_to(slots.SHARED_MEMORY)
        assert f" {slots.SHARED_MEMORY} tmpfs " in "\n".join(mounts)


async def test_no_camera_no_folder(tmp_path: Path) -> None:
    async with slots_of([], tmp_path) as made:
        assert (dict(made.files), made.error, folders(tmp_path)) == ({}, None, [])


async def test_what_a_killed_daemon_left_goes_at_the_next_start_and_a_living_one_keeps_its_own(tmp_path: Path) -> None:
    lives, killed = (
        subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    )
    try:
        assert lives.stdout
        assert killed.stdout
        kept, left = Path(lives.stdout.readline().strip()), Path(killed.stdout.readline().strip())
        killed.kill()
        killed.wait()
        assert left.exists()
        async with slots_of(["gate"], tmp_path):
            assert kept.exists()
            assert not left.parent.exists()
    finally:
        for process in (lives, killed):
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def test_what_is_not_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{PREFIX}strange").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("no folder")
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    remove_stale(tmp_path)
    assert len(folders(tmp_path)) == 2


async def test_without_a_place_for_them_nobody_looks_and_it_is_said(tmp_path: Path) -> None:
    async with slots_of(["gate"], tmp_path / "missing") as made:
        assert dict(made.files) == {}
        assert made.error is not None
        assert made.error.code == "U-110"


async def test_a_full_memory_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    before = open_files()
    async with slots_of(["gate"], tmp_path) as made:
        assert made.error is not None
        assert "No space left" in made.error.what
    assert (folders(tmp_path), open_files()) == ([], before)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """As systemd-tmpfiles makes it: whose group it is, that of the files will be."""
    folder = tmp_path / "mektep"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, -1, 4711)
    folder.chmod(0o2710)
    return folder


async def test_where_cells_have_users_of_their_own_their_group_may_write_and_look(shared: Path) -> None:
    before = open_files()
    (shared / "left-by-one-that-was-killed").touch()
    async with slots_of(["gate", "stairs"], shared=shared) as made:
        assert made.error is None
        assert sorted(path.name for path in shared.iterdir()) == ["gate", "stairs"]
        for path in map(Path, made.files.values()):
            about = path.stat()
            assert (stat.S_IMODE(about.st_mode), about.st_gid) == (0o660, shared.stat().st_gid)
        async with slots_of(["gate"], shared=shared) as second:
            assert second.error is not None
            assert (second.error.code, "another agent" in second.error.what) == ("U-110", True)
        assert sorted(path.name for path in shared.iterdir()) == ["gate", "stairs"]
    assert list(shared.iterdir()) == []
    assert open_files() == before


async def test_without_that_folder_nobody_is_watched_and_it_says_how_to_make_it(tmp_path: Path) -> None:
    async with slots_of(["gate"], shared=tmp_path / "none") as made:
        assert made.error is not None
        assert made.error.code == "U-110"
        assert "systemd-tmpfiles --create" in made.error.do
