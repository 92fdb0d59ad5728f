"""A secret is whole or not there, its owner's alone, and on disk when the call returns."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.private_file import write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert mode(tmp_path / "key") == 0o600
    assert (tmp_path / "key").read_bytes() == b"secret"


def test_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"one")
    write_private(tmp_path / "key", b"two")
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").read_bytes() == b"two"


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    (tmp_path / "key").chmod(0o644)
    write_private(tmp_path / "key", b"new")
    assert mode(tmp_path / "key") == 0o600


def test_the_rest_of_an_interrupted_write_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".key.new").write_bytes(b"half")
    (tmp_path / ".key.new").chmod(0o644)
    write_private(tmp_path / "key", b"whole")
    assert (tmp_path / "key").read_bytes() == b"whole"
    assert mode(tmp_path / "key") == 0o600
    assert not (tmp_path / ".key.new").exists()


def test_a_trap_beside_it_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    (tmp_path / ".key.new").symlink_to("elsewhere")
    write_private(tmp_path / "key", b"secret")
    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"
    assert not (tmp_path / "key").is_symlink()


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_private(tmp_path / "key", b"old")
    if fails == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "key", b"new")
    monkeypatch.undo()
    assert (tmp_path / "key").read_bytes() == b"old"


def test_content_and_name_are_on_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def noted(fd: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{fd}"), (tmp_path / "key").exists()))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noted)
    write_private(tmp_path / "key", b"secret")
    assert synced == [(str(tmp_path / ".key.new"), False), (str(tmp_path), True)]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "none" / "key", b"secret")
