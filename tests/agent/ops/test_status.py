"""The picture outlives its daemon: atomic, readable, honest about who took it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent.ops import status


def picture_of(pid: int) -> status.Status:
    return msgspec.structs.replace(
        status.blank("school-07"), state="running", pid=pid, pid_start=status.process_start(pid)
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    taken = picture_of(os.getpid())
    status.write(tmp_path / "status.json", taken)
    assert status.read(tmp_path / "status.json") == taken
    assert [entry.name for entry in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"state":"running"}', b"\xff\xfe"])
def test_no_picture_or_a_broken_one_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "status.json"
    if content is not None:
        path.write_bytes(content)
    assert status.read(path) is None


def test_a_living_process_is_alive_a_dead_one_is_not() -> None:
    assert status.is_alive(picture_of(os.getpid()))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    taken = picture_of(child.pid)
    assert status.is_alive(taken)
    child.communicate(b"\n")
    assert not status.is_alive(taken)


def test_a_reused_number_is_not_the_daemon() -> None:
    taken = msgspec.structs.replace(picture_of(os.getpid()), pid_start=1)
    assert not status.is_alive(taken)


def test_a_box_that_never_ran_is_not_alive() -> None:
    assert not status.is_alive(status.blank("school-07"))
