"""The newest picture of one camera, in memory that two processes share: the camera's cell writes, whoever looks reads.

Newest   one picture has room: a reader that is slow misses pictures and is never late. Nothing waits for anybody.
Shape    I420 (8 bits): luma (height, width), then the two chroma planes of a quarter each; sides even.
Torn     the writer counts up before and after; a reader that sees an odd count, or another one afterwards, reads again.
Wishes   the reader may ask for twice as many pictures for a while: wish() is the one thing that it writes.
Memory   of the daemon's making, without a name: a process has it by its handle, and by nothing else
         (agent/cells/slots.py). Nothing of a picture reaches a disk.
Raises   OSError; ValueError for a picture that does not fit.
"""

from __future__ import annotations

import mmap
import os
import struct
from types import TracebackType

import msgspec

WIDTH_MOST, HEIGHT_MOST = 640, 480
PIXELS_MOST = WIDTH_MOST * HEIGHT_MOST * 3 // 2
MAGIC = b"mkf1"
HEAD = struct.Struct("<4sIQIIqqQ")  # magic, flags, count, width, height, at_ns, monotonic_ns, number
WISH = struct.Struct("<q")  # monotonic ns until which every picture is wanted
WISH_AT = 64
PIXELS_AT = 128
SIZE = PIXELS_AT + PIXELS_MOST
TRIES = 3  # a writer is done within a tenth of a millisecond
MOVING = 1
OWN = "/proc/self/fd/"


class Picture(msgspec.Struct, frozen=True):
    """One picture, copied out."""

    number: int  # counts up from 1 with each picture of this camera
    width: int
    height: int
    at_ns: int  # UTC of the camera's cell
    monotonic_ns: int
    moving: bool  # whether the camera's cell gives every picture now, because something moves
    pixels: bytes  # I420


def place_of(handle: int) -> str:
    """How the memory behind a handle is called, in each process that has it under this number."""
    return f"{OWN}{handle}"


def handle_of(place: str) -> int:
    return int(place.removeprefix(OWN))


class FrameSlot:
    """One end of it. Use make() in the daemon, open() in a child."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._seen = 0

    @classmethod
    def make(cls, handle: int) -> FrameSlot:
        """Take the memory behind an empty file's handle, which stays open."""
        os.posix_fallocate(handle, 0, SIZE)  # a hole would end the writer when the memory is full
        slot = cls(mmap.mmap(handle, SIZE))
        slot._memory[: HEAD.size] = HEAD.pack(MAGIC, 0, 0, 0, 0, 0, 0, 0)
        return slot

    @classmethod
    def open(cls, path: str) -> FrameSlot:
        """The memory at a place (place_of), which this process was handed. Raises ValueError if it is none."""
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            memory = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        if memory[: len(MAGIC)] != MAGIC:
            memory.close()
            raise ValueError(f"{path} holds no picture's memory")
        return cls(memory)

    @classmethod
    def look(cls, path: str) -> Picture | None:
        """The newest picture, for who only looks once; None if there is none yet. Raises ValueError, OSError."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            memory = mmap.mmap(handle, SIZE, access=mmap.ACCESS_READ)
        finally:
            os.close(handle)
        with cls(memory) as slot:
            if memory[: len(MAGIC)] != MAGIC:
                raise ValueError(f"{path} holds no picture's memory")
            return slot.newer()

    def __enter__(self) -> FrameSlot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._memory.close()

    # --- the writer -----------------------------------------------------------------------------------------------

    def put(self, pixels: bytes, width: int, height: int, *, at_ns: int, monotonic_ns: int, moving: bool) -> None:
        """Replace the picture. Raises ValueError if it is too large, or its bytes are not of its size."""
        if width > WIDTH_MOST or height > HEIGHT_MOST or len(pixels) != width * height * 3 // 2:
            raise ValueError(f"{len(pixels)} bytes are no I420 picture of {width}x{height}, or too many")
        _, _, count, _, _, _, _, number = self._head()
        flags = MOVING if moving else 0
        count += count % 2  # one that ended in the middle left it odd
        head = (width, height, at_ns, monotonic_ns, number + 1)
        self._memory[: HEAD.size] = HEAD.pack(MAGIC, flags, count + 1, *head)
        self._memory[PIXELS_AT : PIXELS_AT + len(pixels)] = pixels
        self._memory[: HEAD.size] = HEAD.pack(MAGIC, flags, count + 2, *head)

    def wished(self, monotonic_ns: int) -> bool:
        """Whether the reader wants every picture now."""
        (until_ns,) = WISH.unpack_from(self._memory, WISH_AT)
        return bool(monotonic_ns < until_ns)

    # --- the reader -----------------------------------------------------------------------------------------------

    def newer(self) -> Picture | None:
        """The picture, if it is another than the one before; None also while it is being replaced."""
        for _ in range(TRIES):
            magic, flags, count, width, height, at_ns, monotonic_ns, number = self._head()
            if magic != MAGIC or number == self._seen or count % 2:
                return None
            size = width * height * 3 // 2
            if size > PIXELS_MOST:
                return None
            pixels = self._memory[PIXELS_AT : PIXELS_AT + size]
            if self._head()[2] == count:
                self._seen = number
                return Picture(number, width, height, at_ns, monotonic_ns, bool(flags & MOVING), pixels)
        return None

    def wish(self, until_ns: int) -> None:
        """Ask for every picture until then, monotonic."""
        WISH.pack_into(self._memory, WISH_AT, until_ns)

    def _head(self) -> tuple[bytes, int, int, int, int, int, int, int]:
        return HEAD.unpack_from(self._memory, 0)
