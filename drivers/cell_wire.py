"""What a cell and the daemon say to each other: frames on a socket pair, both ends of one machine.

Wire    four bytes of length, big endian, then one message as MessagePack, an array with its name first. With the first
        word, Begin, come the handles that it names (SCM_RIGHTS of unix(7)).
Raises  CellWireError where a frame is too large or none of ours: whoever reads it ends the conversation.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import Any

import msgspec

from drivers.clips import ClipMade, ClipOrder
from drivers.driver import Counters, LiveProgress, LiveTarget, Secret
from drivers.errors import DeviceError
from drivers.readings import (
    SNAPSHOT_BYTES,
    ContactChange,
    Light,
    Noticed,
    PictureChange,
    Pressed,
    Reading,
    Still,
    Tap,
    Watched,
    ZoneChange,
)

FRAME_BYTES = SNAPSHOT_BYTES + 65_536
LENGTH_BYTES = 4
HANDLES_MOST = 80  # a cell has them under lower numbers first; the kernel would take 253
Trouble = tuple[str, str, str]  # a DeviceError: code, fact, instruction
READINGS: dict[str, type[Reading]] = {
    kind.__name__: kind for kind in (Tap, ZoneChange, ContactChange, Pressed, PictureChange, Noticed, Watched)
}


class CellWireError(Exception):
    """The other end does not speak as it should."""


class Begin(msgspec.Struct, frozen=True, array_like=True, tag="begin"):
    """The daemon's first word: what this cell may do."""

    memory_mb: int
    nice: int
    paths: tuple[str, ...]  # files that its drivers must read
    name: str = ""  # of its devices, as a technician knows them
    slots: tuple[int, ...] = ()  # numbers of the handles that come with this word: drivers/frame_slot.py


class Open(msgspec.Struct, frozen=True, array_like=True, tag="open"):
    """Connect a device; everything about it is said on this channel."""

    channel: int
    module: str
    settings: dict[str, Any]
    secrets: dict[str, Secret]
    slot: str = ""  # place of the memory that its pictures go to (drivers/frame_slot.py); empty: nobody looks


class Taken(msgspec.Struct, frozen=True, array_like=True, tag="taken"):
    """The last reading is dealt with: the next one may come."""

    channel: int


class Show(msgspec.Struct, frozen=True, array_like=True, tag="show"):
    channel: int
    light: Light


class Rest(msgspec.Struct, frozen=True, array_like=True, tag="rest"):
    """To what looks at pictures: which detectors of each camera rest from now on; all others work."""

    channel: int
    resting: dict[str, tuple[str, ...]]


class Close(msgspec.Struct, frozen=True, array_like=True, tag="close"):
    """Disconnect the device; answered by Ended."""

    channel: int


class LiveStart(msgspec.Struct, frozen=True, array_like=True, tag="live"):
    """Show a camera live; answered by LiveNews, to its end."""

    channel: int
    session: str
    target: LiveTarget


class LiveStop(msgspec.Struct, frozen=True, array_like=True, tag="live-stop"):
    channel: int
    session: str


class Snap(msgspec.Struct, frozen=True, array_like=True, tag="snap"):
    """A picture of now; answered by Snapped with this number."""

    channel: int
    number: int


class ClipStart(msgspec.Struct, frozen=True, array_like=True, tag="clip"):
    """Make a clip; answered by its pieces, then by ClipOver. Its number is no other's in the life of the cell."""

    channel: int
    clip: int
    order: ClipOrder


class ClipTaken(msgspec.Struct, frozen=True, array_like=True, tag="clip-taken"):
    """A piece is dealt with: another one may come."""

    clip: int


class ClipDrop(msgspec.Struct, frozen=True, array_like=True, tag="clip-drop"):
    """Nobody wants it any more."""

    clip: int


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="opened"):
    channel: int


class Read(msgspec.Struct, frozen=True, array_like=True, tag="read"):
    """One reading: the name of its type, and itself."""

    channel: int
    kind: str
    reading: msgspec.Raw


class Shown(msgspec.Struct, frozen=True, array_like=True, tag="shown"):
    """A light is on its way to the device, or why not."""

    channel: int
    trouble: Trouble | None


class LiveNews(msgspec.Struct, frozen=True, array_like=True, tag="live-news"):
    channel: int
    progress: LiveProgress


class Snapped(msgspec.Struct, frozen=True, array_like=True, tag="snapped"):
    """A picture, or why there is none."""

    channel: int
    number: int
    still: Still | None
    trouble: Trouble | None


class ClipPiece(msgspec.Struct, frozen=True, array_like=True, tag="clip-piece"):
    """The next bytes of a clip, sealed."""

    clip: int
    data: bytes


class ClipOver(msgspec.Struct, frozen=True, array_like=True, tag="clip-over"):
    """All of it was told; or why it is none: busy, no_video, stopped, failed."""

    clip: int
    made: ClipMade | None
    reason: str = ""


class Ended(msgspec.Struct, frozen=True, array_like=True, tag="ended"):
    """A device is disconnected. `trouble`: its DeviceError; `defect`: what our own code failed with."""

    channel: int
    trouble: Trouble | None = None
    defect: str = ""


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """Each second: the cell lives, and what each device has seen."""

    counters: dict[int, Counters]
    stopped: tuple[int, ...]  # channels whose blocking code gave no sign of life for too long
    pid: int = 0  # its process: in a unit of its own only it can say


ToCell = (
    Begin | Open | Taken | Show | Rest | LiveStart | LiveStop | Snap | ClipStart | ClipTaken | ClipDrop | Close
)  # fmt: skip
FromCell = Opened | Read | Shown | LiveNews | Snapped | ClipPiece | ClipOver | Ended | Beat
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # all that a decoder raises
_ENCODER = msgspec.msgpack.Encoder()
TO_CELL: msgspec.msgpack.Decoder[ToCell] = msgspec.msgpack.Decoder(ToCell)
FROM_CELL: msgspec.msgpack.Decoder[FromCell] = msgspec.msgpack.Decoder(FromCell)


def frame(message: ToCell | FromCell) -> bytes:
    """A message as it goes onto the socket."""
    body = _ENCODER.encode(message)
    if len(body) > FRAME_BYTES:
        raise CellWireError(f"a message of {len(body)} bytes")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def trouble_of(error: DeviceError) -> Trouble:
    return error.code, error.what, error.do


def error_of(trouble: Trouble) -> DeviceError:
    code, what, do = trouble
    return DeviceError(code, what, do=do)


def reading_message(channel: int, reading: Reading) -> Read:
    return Read(channel, reading.__class__.__name__, msgspec.Raw(_ENCODER.encode(reading)))


def reading_of(message: Read) -> Reading:
    """Raises CellWireError."""
    try:
        return msgspec.msgpack.decode(message.reading, type=READINGS[message.kind])
    except (KeyError, *UNREADABLE) as error:
        raise CellWireError(f"no reading: {message.kind[:32]!r}: {error}") from error


def say_begin(end: socket.socket, begin: Begin, handles: Sequence[int]) -> bytes:
    """The first word and the handles that go with it, in one call. Returns what is still to be sent. Raises OSError."""
    words = frame(begin)
    return words[socket.send_fds(end, [words], handles) :]


def hear_begin(end: socket.socket) -> Begin:
    """The first word; its handles have their numbers when this returns. Raises CellWireError, EOFError."""
    end.setblocking(True)  # nothing else is to be done before it
    head, handles, _, _ = socket.recv_fds(end, LENGTH_BYTES, HANDLES_MOST, socket.MSG_WAITALL)
    begin = to_cell(_whole(end, _length(head))) if len(head) == LENGTH_BYTES else None
    if begin is None:
        raise EOFError
    if not isinstance(begin, Begin) or len(begin.slots) != len(handles):
        for handle in handles:
            os.close(handle)
        raise CellWireError("a cell begins with its rights, and the handles that they name")
    for handle, number in zip(handles, begin.slots, strict=True):
        if handle != number:
            os.dup2(handle, number, inheritable=False)
            os.close(handle)
    return begin


def _whole(end: socket.socket, length: int) -> bytes:
    body = b""
    while len(body) < length:
        piece = end.recv(length - len(body))
        if not piece:
            raise EOFError
        body += piece
    return body


def _length(head: bytes) -> int:
    length = int.from_bytes(head, "big")
    if length > FRAME_BYTES:
        raise CellWireError(f"a frame of {length} bytes")
    return length


async def next_body(stream: asyncio.StreamReader) -> bytes:
    """The next frame's message, not decoded. Raises EOFError at the end, CellWireError."""
    head = await stream.readexactly(LENGTH_BYTES)
    return await stream.readexactly(_length(head))


def to_cell(body: bytes) -> ToCell:
    """Raises CellWireError."""
    try:
        return TO_CELL.decode(body)
    except UNREADABLE as error:
        raise CellWireError(str(error)) from error


def from_cell(body: bytes) -> FromCell:
    """Raises CellWireError."""
    try:
        return FROM_CELL.decode(body)
    except UNREADABLE as error:
        raise CellWireError(str(error)) from error
