"""What cells and the daemon say to each other comes back as it was said; anything else is an error, never a crash."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import cell_wire as wire
from drivers.clips import PIECE_BYTES, ClipMade, ClipOrder
from drivers.driver import Counters, LiveProgress, LiveTarget, Secret
from drivers.readings import (
    CardForm,
    ContactChange,
    ContactState,
    EyeTrouble,
    Light,
    Looked,
    Noticed,
    PictureChange,
    PictureState,
    Pressed,
    Reading,
    Still,
    Tap,
    Watched,
    Worked,
    ZoneChange,
    ZoneState,
)
from tests.drivers.supervised import open_files

AT = {"at_ns": 5, "monotonic_ns": 6}
READINGS: list[Reading] = [
    Tap(card="6F007B3972", form=CardForm.EM4100, **AT),
    ZoneChange(zone=3, state=ZoneState.FIRE, before=None, codes=(37, 44), words="fire", indicative=True, **AT),
    ContactChange(contact="tamper", state=ContactState.CUT, before=ContactState.IDLE, **AT),
    Pressed(**AT),
    PictureChange(state=PictureState.COVERED, before=None, jpeg=b"\xff\xd8" * 1000, **AT),
    Noticed(
        camera="gate", detector="fight", kind="fight", zone="", score=0.9, lasted_s=2.5, box=(0.1, 0.2, 0.3, 0.4),
        detail="", jpeg=b"\xff\xd8", blurred=b"", **AT,
    ),
    Watched(
        seconds=30.0,
        cameras={"gate": Looked(pictures=150, late_ms=3.5, detectors={"fight": Worked(runs=150, ms=99.5)})},
        troubles=(EyeTrouble(camera="gate", detector="fire", code="V-301", what="failed", do="Nothing."),),
        **AT,
    ),
]  # fmt: skip
DOWN: list[wire.ToCell] = [
    wire.Begin(64, 5, ("/etc/mektep/ca.crt",)),
    wire.Open(1, "drivers.readers.osdp", {"port": "/dev/x", "lights": {"accepted": "G"}}, {"key": Secret("a", "b")}),
    wire.Taken(1),
    wire.Show(1, Light.WAIT),
    wire.LiveStart(1, "a-view", LiveTarget(host="media.example", port=322, path="live/x", ca="PEM")),
    wire.LiveStop(1, "a-view"),
    wire.Snap(1, 7),
    wire.Rest(1, {"gate": ("fall",)}),
    wire.ClipStart(1, 9, ClipOrder(at_ns=5, before_s=30, after_s=-1.5, most_bytes=1, recipients=("age1",))),
    wire.ClipTaken(9),
    wire.ClipDrop(9),
    wire.Close(1),
]
UP: list[wire.FromCell] = [
    wire.Opened(1),
    wire.Shown(1, None),
    wire.Shown(1, ("P-104", "went away", "Check.")),
    wire.LiveNews(1, LiveProgress(session="a-view", state="ended", reason="host", what="gone", bytes_sent=5)),
    wire.Snapped(1, 7, Still(jpeg=b"\xff\xd8" * 1000, blurred=b"\xff\xd8", **AT), None),
    wire.Snapped(1, 7, None, ("V-106", "no whole picture", "Wait.")),
    wire.ClipPiece(9, b"\x00" * PIECE_BYTES),
    wire.ClipOver(9, ClipMade(plain_bytes=1, plain_sha256="0" * 64, before_s=30, after_s=-1.5)),
    wire.ClipOver(9, None, "busy"),
    wire.Ended(1),
    wire.Ended(1, None, "ZeroDivisionError"),
    wire.Beat({1: Counters(frames=3)}, (2,)),
]


async def carried(data: bytes) -> bytes:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await wire.next_body(stream)


@pytest.mark.parametrize("message", DOWN)
async def test_what_the_daemon_says_is_understood(message: wire.ToCell) -> None:
    assert wire.to_cell(await carried(wire.frame(message))) == message


@pytest.mark.parametrize("message", UP)
async def test_what_a_cell_says_is_understood(message: wire.FromCell) -> None:
    assert wire.from_cell(await carried(wire.frame(message))) == message


@pytest.mark.parametrize("reading", READINGS)
async def test_a_reading_comes_as_it_was_read(reading: Reading) -> None:
    message = wire.from_cell(await carried(wire.frame(wire.reading_message(4, reading))))
    assert isinstance(message, wire.Read)
    assert (message.channel, wire.reading_of(message)) == (4, reading)


def test_every_kind_of_reading_can_be_said() -> None:
    assert set(wire.READINGS.values()) == {reading.__class__ for reading in READINGS}


def test_the_first_word_comes_with_its_handles_under_the_numbers_that_it_names(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    lent = []
    for name in ("gate", "stairs"):
        (tmp_path / name).write_text(name)
        lent.append(os.open(tmp_path / name, os.O_RDONLY))
    numbers = (201, 150)
    begin = wire.Begin(100, 5, ("/x" * 9_000,), "gate", numbers)
    with ours, theirs:
        assert wire.say_begin(ours, begin, lent) == b""
        for handle in lent:
            os.close(handle)
        before = open_files()
        assert wire.hear_begin(theirs) == begin
        assert [os.read(number, 9) for number in numbers] == [b"gate", b"stairs"]
        assert not os.get_inheritable(201)
        for number in numbers:
            os.close(number)
        assert open_files() == before


@pytest.mark.parametrize(
    ("word", "handles"),
    [(wire.Close(1), 0), (wire.Begin(1, 0, ()), 1), (wire.Begin(1, 0, (), "x", (201, 202)), 1)],
    ids=["another word", "one too many", "one too few"],
)
def test_a_first_word_that_does_not_fit_its_handles_is_refused(word: wire.ToCell, handles: int) -> None:
    ours, theirs = socket.socketpair()
    before = open_files()
    with ours, theirs:
        socket.send_fds(ours, [wire.frame(word)], [0] * handles)
        with pytest.raises(wire.CellWireError, match="begins with its rights"):
            wire.hear_begin(theirs)
    assert len(open_files()) <= len(before) - 2


@pytest.mark.parametrize("said", [b"", b"\0\0", b"\0\0\0\x09begin"])
def test_a_daemon_that_ends_before_its_first_word_is_an_end(said: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(said)
        with pytest.raises(EOFError):
            wire.hear_begin(theirs)


async def test_a_frame_has_an_end() -> None:
    with pytest.raises(wire.CellWireError, match="a frame of"):
        await carried(b"\xff" * 8)
    with pytest.raises(EOFError):
        await carried(wire.frame(wire.Opened(1))[:-1])
    big = PictureChange(state=PictureState.COVERED, before=None, jpeg=bytes(2_000_000), **AT)
    with pytest.raises(wire.CellWireError, match="a message of"):
        wire.frame(wire.reading_message(1, big))


@given(st.binary(max_size=200))
def test_garbage_is_an_error(data: bytes) -> None:
    for understand in (wire.to_cell, wire.from_cell):
        try:
            understand(data)
        except wire.CellWireError:
            continue
    for kind in ("Tap", "nothing"):
        try:
            wire.reading_of(wire.Read(1, kind, msgspec.Raw(data)))
        except wire.CellWireError:
            continue


@pytest.mark.parametrize(
    "body",
    [
        b"\x91\xa1\x80",  # a name that is no UTF-8
        b"\x94\xa4read\x01\xa3Tap\x81\xa1\xff",
        b"\x91" * 50_000,  # arrays in arrays
    ],
)
def test_what_only_a_defect_would_send_is_an_error_too(body: bytes) -> None:
    """A cell that speaks nonsense is ended; it must not end the daemon that hears it."""
    for decode in (wire.to_cell, wire.from_cell):
        with pytest.raises(wire.CellWireError):
            decode(body)


def test_a_reading_that_is_no_text_is_an_error_too() -> None:
    with pytest.raises(wire.CellWireError):
        wire.reading_of(wire.Read(1, "Tap", msgspec.Raw(b"\x81\xa4card\xa1\xff")))
