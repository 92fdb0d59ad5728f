"""The newest picture between two processes: never torn, never late, whoever ends in the middle."""

from __future__ import annotations

import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.frame_slot import HEAD, MAGIC, FrameSlot
from tests.drivers.slot_file import slot_in

WIDTH, HEIGHT = 64, 36
SIZE = WIDTH * HEIGHT * 3 // 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def put(slot: FrameSlot, shade: int, *, moving: bool = False) -> None:
    slot.put(bytes([shade]) * SIZE, WIDTH, HEIGHT, at_ns=shade, monotonic_ns=shade + 1, moving=moving)


def test_what_is_written_is_read_once(path: Path) -> None:
    with slot_in(path) as writer, FrameSlot.open(str(path)) as reader:
        assert reader.newer() is None
        put(writer, 7, moving=True)
        found = reader.newer()
        assert found
        assert (found.number, found.width, found.height, found.at_ns, found.monotonic_ns) == (1, WIDTH, HEIGHT, 7, 8)
        assert (found.moving, found.pixels) == (True, bytes([7]) * SIZE)
        assert reader.newer() is None


def test_who_looks_once_sees_the_newest_and_writes_nothing(path: Path) -> None:
    with slot_in(path) as writer:
        assert FrameSlot.look(str(path)) is None
        put(writer, 7)
        path.chmod(0o400)
        before = path.read_bytes()
        for _ in range(2):
            found = FrameSlot.look(str(path))
            assert found
            assert (found.number, found.pixels) == (1, bytes([7]) * SIZE)
        assert path.read_bytes() == before
    path.chmod(0o600)
    path.write_bytes(bytes(len(before)))
    with pytest.raises(ValueError, match="holds no picture"):
        FrameSlot.look(str(path))


def test_only_the_newest_is_there(path: Path) -> None:
    with slot_in(path) as writer, FrameSlot.open(str(path)) as reader:
        for shade in range(5):
            put(writer, shade)
        found = reader.newer()
        assert found
        assert (found.number, found.pixels[0]) == (5, 4)


def test_one_that_is_being_replaced_is_not_read_and_the_next_is(path: Path) -> None:
    """A writer that was killed in the middle leaves the count odd."""
    with slot_in(path) as writer, FrameSlot.open(str(path)) as reader:
        put(writer, 1)
        head = writer._head()
        writer._memory[: HEAD.size] = HEAD.pack(*head[:2], head[2] + 1, *head[3:7], head[7] + 1)
        assert reader.newer() is None
        put(writer, 3)
        found = reader.newer()
        assert found
        assert found.pixels == bytes([3]) * SIZE


def test_pictures_are_whole_while_another_process_writes(path: Path) -> None:
    script = f"""
from drivers.frame_slot import FrameSlot
slot = FrameSlot.open({str(path)!r})
for shade in range(40_000):
    slot.put(bytes([shade % 256]) * {SIZE}, {WIDTH}, {HEIGHT}, at_ns=0, monotonic_ns=0, moving=False)
"""
    with slot_in(path) as reader, subprocess.Popen([sys.executable, "-c", script]) as writing:
        seen = 0
        while writing.poll() is None or reader._head()[7] != reader._seen:
            found = reader.newer()
            if found is not None:
                seen += 1
                assert len(set(found.pixels)) == 1, "of one picture alone"
        assert writing.returncode == 0
    assert seen > 1


def test_a_wish_lasts_until_its_time(path: Path) -> None:
    with slot_in(path) as writer, FrameSlot.open(str(path)) as reader:
        assert not writer.wished(5)
        reader.wish(10)
        assert (writer.wished(9), writer.wished(10)) == (True, False)


@pytest.mark.parametrize(("width", "height", "size"), [(642, 36, 0), (64, 482, 0), (64, 36, SIZE - 1)])
def test_what_does_not_fit_is_an_error(path: Path, width: int, height: int, size: int) -> None:
    with slot_in(path) as writer, pytest.raises(ValueError, match="I420"):
        writer.put(bytes(size or width * height * 3 // 2), width, height, at_ns=0, monotonic_ns=0, moving=False)


def test_it_is_the_users_alone_and_not_made_twice(path: Path) -> None:
    slot_in(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        slot_in(path)


def test_what_is_no_such_memory_is_an_error(path: Path) -> None:
    slot_in(path).close()
    path.write_bytes(b"none" + path.read_bytes()[4:])
    with pytest.raises(ValueError, match="no picture"):
        FrameSlot.open(str(path))


def test_a_head_that_lies_about_its_size_reads_nothing(path: Path) -> None:
    with slot_in(path) as slot:
        slot._memory[: HEAD.size] = struct.pack("<4sIQIIqqQ", MAGIC, 0, 2, 60_000, 60_000, 0, 0, 1)
        assert slot.newer() is None
