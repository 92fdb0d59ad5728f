"""What a cell may say to the daemon and the daemon to a cell: a child that lies ends its own conversation, no more."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec

from agent.cells.footage import Footage
from agent.cells.remote import Remote
from agent.pipelines.detectors import PLANS
from agent.pipelines.eye import Eye
from agent.pipelines.networks import Networks
from agent.pipelines.watch import Detects, Watch, WatchedCamera
from drivers import cell_wire
from drivers.cell_wire import FRAME_BYTES, LENGTH_BYTES, CellWireError, ToCell
from drivers.clips import PIECES_AHEAD, ClipMade, ClipOrder
from drivers.driver import Counters, LiveProgress, LiveTarget, Secret
from drivers.frame_slot import HEAD, MAGIC, PIXELS_AT, PIXELS_MOST, SIZE, FrameSlot
from drivers.readings import CardForm, Light, PictureChange, PictureState, Tap
from tests.clock import FastClock
from tests.drivers.slot_file import slot_in
from tests.fuzz.target import Target


async def _bodies(data: bytes) -> list[bytes]:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    found = []
    try:
        while True:
            found.append(await cell_wire.next_body(stream))
    except (EOFError, CellWireError):
        return found


def frames(data: bytes) -> None:
    """Whole frames of bounded size, and nothing that was not in the stream."""
    found = asyncio.run(_bodies(data))
    assert all(len(body) <= FRAME_BYTES for body in found)
    assert sum(len(body) + LENGTH_BYTES for body in found) <= len(data)


def from_a_cell(data: bytes) -> None:
    """A message is followed or refused; a reading that is believed is one of ours, in our time."""
    clock = FastClock()
    remote, footage = Remote(1, lambda _: None, clock), Footage(1, lambda _: None)
    for body in data.split(b"\xa5\x5a"):
        try:
            message = cell_wire.from_cell(body)
            if isinstance(message, cell_wire.Beat):
                for counters in message.counters.values():
                    remote.count(counters)
                continue
            if isinstance(message, cell_wire.ClipPiece | cell_wire.ClipOver):
                footage.hear(message)
                assert len(footage._pieces) <= PIECES_AHEAD
                assert footage.made is None or footage.made.plain_bytes > 0
                continue
            if isinstance(message, cell_wire.Read):
                reading = cell_wire.reading_of(message)
                assert type(reading) in cell_wire.READINGS.values()
            remote.hear(message)
            if (held := remote._next) is not None:
                assert clock.utc_ns() - held.at_ns == max(0, clock.monotonic_ns() - held.monotonic_ns)
        except CellWireError:
            continue


def to_a_cell(data: bytes) -> None:
    """What is understood is said again in the same way."""
    try:
        message: ToCell = cell_wire.to_cell(data)
    except CellWireError:
        return
    assert cell_wire.to_cell(cell_wire.frame(message)[LENGTH_BYTES:]) == message


def picture_in_a_slot(data: bytes) -> None:
    """Whatever a camera's cell has written there: a whole picture or none, and the eye on it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gate"
        slot_in(path).close()
        with path.open("r+b") as file:
            file.write(MAGIC + data[: SIZE - len(MAGIC)])
        with FrameSlot.open(str(path)) as slot:
            camera = WatchedCamera(name="gate", slot=str(path), watch=Watch(sees=[Detects.TAMPER]))
            eye = Eye(camera, slot, PLANS, Networks(), FastClock())
            picture = eye.newest()
            if picture is not None:
                assert len(picture.pixels) == picture.width * picture.height * 3 // 2 <= PIXELS_MOST
                assert eye.look(picture) == []


def _slot(width: int, height: int, count: int = 2) -> bytes:
    head = HEAD.pack(MAGIC, 1, count, width, height, 5, 6, 1).ljust(PIXELS_AT, b"\0")
    return (head + bytes(range(256)) * 8)[len(MAGIC) :]


def _said(*messages: msgspec.Struct) -> bytes:
    return b"\xa5\x5a".join(msgspec.msgpack.encode(message) for message in messages)


_TAP = Tap(card="6F00010203", form=CardForm.EM4100, at_ns=1, monotonic_ns=1)
_PICTURE = PictureChange(state=PictureState.CLEAR, before=None, jpeg=b"\xff\xd8", at_ns=1, monotonic_ns=1)
_ORDER = ClipOrder(at_ns=1, before_s=10.0, after_s=20.0, most_bytes=1_000_000, recipients=("age1x",))
_MADE = ClipMade(plain_bytes=5, plain_sha256="ab" * 32, before_s=1.5, after_s=2.5)
TARGETS = {
    "cell, frames": Target(
        frames,
        [cell_wire.frame(cell_wire.Opened(1)) * 2, b"\xff\xff\xff\xff1", b"\0\0\0\0\0\0\0\x05abc", b""],
    ),
    "cell, to the daemon": Target(
        from_a_cell,
        [
            _said(cell_wire.Opened(1), cell_wire.reading_message(1, _TAP), cell_wire.reading_message(1, _TAP)),
            _said(cell_wire.reading_message(1, _PICTURE), cell_wire.Ended(1, ("P-101", "gone", "plug it in"))),
            _said(
                cell_wire.Beat({1: Counters(frames=1)}, (1,)), cell_wire.Shown(1, None), cell_wire.Ended(1, None, "x")
            ),
            _said(cell_wire.LiveNews(1, LiveProgress(session="a", state="ended")), cell_wire.Snapped(1, 1, None, None)),
            _said(cell_wire.ClipPiece(1, b"x"), cell_wire.ClipPiece(1, b"y"), cell_wire.ClipOver(1, _MADE)),
            _said(cell_wire.ClipOver(1, None, "masked"), cell_wire.ClipPiece(1, b"after the end")),
            msgspec.msgpack.encode(["read", 1, "Tap", {"card": 5}]),
            msgspec.msgpack.encode(["read", 1, "Secret", {}]),
        ],
    ),
    "cell, a camera's slot": Target(
        picture_in_a_slot,
        [
            _slot(64, 36),
            _slot(2, 2),
            _slot(0, 36),
            _slot(64, 1),
            _slot(640, 480),
            _slot(1 << 20, 1 << 20),
            _slot(2, 2, 3),
        ],
    ),
    "cell, to the child": Target(
        to_a_cell,
        [
            _said(cell_wire.Begin(64, 5, ("/tmp/a",))),
            _said(
                cell_wire.Open(1, "drivers.readers.osdp", {"port": "/dev/x", "n": 1}, {"k": Secret("now", "before")})
            ),
            _said(cell_wire.Show(1, Light.ACCEPTED)),
            _said(cell_wire.Taken(2)),
            _said(cell_wire.ClipStart(1, 2, _ORDER)),
            _said(cell_wire.ClipTaken(2)),
            _said(cell_wire.ClipDrop(2)),
            _said(cell_wire.LiveStart(1, "a", LiveTarget(host="h", port=1, path="p", ca=""))),
            _said(cell_wire.LiveStop(1, "a"), cell_wire.Snap(1, 2)),
        ],
    ),
}
