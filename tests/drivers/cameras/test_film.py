"""A clip of a real camera: before and after the moment, copied, sealed, playable; and what ends it early."""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
from fractions import Fraction
from pathlib import Path

import av
import pyrage  # type: ignore[import-untyped]
import pytest

from agent.clock import SystemClock
from drivers.cameras import file, rtsp
from drivers.cameras.camera import FILMS, Camera
from drivers.cameras.film import Film
from drivers.cameras.ring import Form, Packet, Ring
from drivers.clips import PIECE_BYTES, PIECES_AHEAD, ClipMade, ClipOrder
from simulator.scenes import Sight, write_video
from tests.drivers.cameras.far_camera import GOP_S, far_camera
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import until
from tests.secrets import no_secrets

CLOCK = SystemClock()
IDENTITY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
MJPEG = Form("mjpeg", 64, 64, Fraction(1, 1_000))
SIZE = 10_000  # of a packet


class Shown:
    """What a film hands over, taken as it comes."""

    def __init__(self, *, takes: bool = True) -> None:
        self.sealed, self.pieces = b"", 0
        self.made: ClipMade | None = None
        self.reason: str | None = None
        self.takes = takes
        self.film: Film | None = None

    def on_piece(self, piece: bytes) -> None:
        assert self.reason is None
        assert len(piece) <= PIECE_BYTES
        self.sealed, self.pieces = self.sealed + piece, self.pieces + 1
        if self.takes and self.film is not None:
            self.film.taken()

    def on_end(self, made: ClipMade | None, reason: str) -> None:
        assert self.reason is None
        self.made, self.reason = made, reason

    def plain(self) -> bytes:
        """The video, which is what it was told to be."""
        assert self.made is not None
        plain = bytes(pyrage.decrypt(self.sealed, [IDENTITY]))
        assert (len(plain), hashlib.sha256(plain).hexdigest()) == (self.made.plain_bytes, self.made.plain_sha256)
        return plain

    async def ended(self) -> Shown:
        await until(lambda: self.reason is not None)
        return self


def order(
    before_s: float = 1.0, after_s: float = 0.5, most_bytes: int = 4_000_000, at_ns: int | None = None
) -> ClipOrder:
    return ClipOrder(
        at_ns=CLOCK.monotonic_ns() if at_ns is None else at_ns, before_s=before_s, after_s=after_s,
        most_bytes=most_bytes, recipients=(str(IDENTITY.to_public()), str(OTHER.to_public())),
    )  # fmt: skip


def filmed(ring: Ring, told: ClipOrder, *, takes: bool = True) -> Shown:
    shown = Shown(takes=takes)
    shown.film = Film(ring, CLOCK, told, shown.on_piece, shown.on_end)
    shown.film.start()
    return shown


def of(camera: Camera, told: ClipOrder) -> Shown:
    shown = Shown()
    film = camera.film(told, shown.on_piece, shown.on_end)
    assert isinstance(film, Film)
    shown.film = film
    return shown


def packet(now_ms: int, *, key: bool = False, size: int = SIZE) -> Packet:
    return Packet(b"\xff\xd8" + bytes(size - 2), key, now_ms, now_ms)


def ring_of(seconds: int, *, most_bytes: int = 32_000_000, size: int = SIZE) -> Ring:
    """Ten packets a second, a keyframe each second, the last packet one tenth of a second before the next second."""
    ring = Ring(60, most_bytes)
    for at in range(seconds * 10):
        ring.put(packet(at * 100, key=at % 10 == 0, size=size), MJPEG)
    return ring


def times(plain: bytes) -> list[float]:
    with av.open(io.BytesIO(plain), "r") as played:
        return [float(one.pts * one.time_base) for one in played.demux(video=0) if one.pts is not None]


# --- real cameras -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("codec", "named"), [("h264", "h264"), ("h265", "hevc")])
async def test_a_network_cameras_clip_plays_from_before_the_moment_to_after_it(codec: str, named: str) -> None:
    async with (
        far_camera(codec=codec) as far,
        rtsp.connect(rtsp.Settings(url=far.url), CLOCK, no_secrets) as camera,
    ):
        await until(lambda: (clip := camera.ring.cut(60)) and clip.seconds > 1.5)
        shown = await of(camera, order(before_s=1.0, after_s=0.6)).ended()
    made = shown.made
    assert made is not None
    assert 1.0 <= made.before_s <= 1.0 + 2 * GOP_S
    assert 0.3 <= made.after_s <= 0.6
    with av.open(io.BytesIO(shown.plain()), "r") as played:
        video = played.streams.video[0]
        frames = list(played.decode(video))
        assert video.codec_context.name == named
    assert frames[0].key_frame
    assert not any(one.is_corrupt for one in frames)
    assert len(frames) == pytest.approx((made.before_s + made.after_s) * 25, abs=3)


async def test_a_files_packets_have_lengths_and_its_clip_plays_too(tmp_path: Path) -> None:
    path, source = tmp_path / "room.mp4", tmp_path / "room.mkv"
    write_video(source, [(Sight.CLEAR, 3)], width=320, height=180)
    with av.open(str(source)) as read, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(read.streams.video[0])
        for one in read.demux(video=0):
            if one.dts is not None:
                one.stream = stream
                out.mux(one)
    async with file.connect(file.Settings(file=str(path)), CLOCK, no_secrets) as camera:
        shown = await of(camera, order(after_s=0.4)).ended()
    with av.open(io.BytesIO(shown.plain()), "r") as played:
        assert len([one for one in played.decode(video=0) if not one.is_corrupt]) > 3


async def test_a_camera_that_ends_ends_its_clip_which_is_whole() -> None:
    async with far_camera() as far:
        async with rtsp.connect(rtsp.Settings(url=far.url), CLOCK, no_secrets) as camera:
            await until(lambda: (clip := camera.ring.cut(60)) and clip.seconds > 0.5)
            shown = of(camera, order(before_s=0.3, after_s=30))
            await until(lambda: (clip := camera.ring.cut(60)) and clip.seconds > 1.0)
        await shown.ended()
    assert shown.made is not None
    assert shown.made.after_s < 5
    assert times(shown.plain())


async def test_the_clip_of_a_masked_camera_is_painted_over(tmp_path: Path) -> None:
    """From before the moment to after it, and the hidden part is black in every picture."""
    path = tmp_path / "room.mkv"
    write_video(path, [(Sight.CLEAR, 3)], width=320, height=180)
    nothing = Shown()
    async with file.connect(file.Settings(file=str(path), masks=(LEFT,)), CLOCK, no_secrets) as camera:
        await until(lambda: (clip := camera.ring.cut(60)) and clip.seconds > 1.2)
        came = camera.ring.cut(60)
        film = of(camera, order(before_s=1.0, after_s=0.5))
        assert camera.film(order(), nothing.on_piece, nothing.on_end) == "busy"  # one at a time: it works
        shown = await film.ended()
    assert shown.made is not None
    assert shown.made.before_s >= 0.8
    plain = shown.plain()
    assert came is not None
    assert not any(packet.data[-200:] in plain for packet in came.packets)
    with av.open(io.BytesIO(plain), "r") as played:
        assert played.streams.video[0].codec_context.name == "h264"
        pictures = [frame.to_ndarray(format="gray") for frame in played.decode(video=0)]
    assert len(pictures) >= 4
    assert max(int(one[:, :156].max()) for one in pictures) < 40  # black, and what an encoder makes of its edge
    assert min(int(one[:, 170:].mean()) for one in pictures) > 40


async def test_a_busy_camera_gives_no_more(tmp_path: Path) -> None:
    path, nothing = tmp_path / "room.mkv", Shown()
    write_video(path, [(Sight.CLEAR, 2)], width=320, height=180)
    async with file.connect(file.Settings(file=str(path)), CLOCK, no_secrets) as camera:
        going = [of(camera, order(after_s=60)) for _ in range(FILMS)]
        assert camera.film(order(), nothing.on_piece, nothing.on_end) == "busy"
        for one in going:
            assert one.film is not None
            one.film.stop()
            await one.ended()
        await until(lambda: not any(one.film and one.film.going for one in going))
        again = of(camera, order(after_s=0.1))
    await again.ended()
    assert again.made is not None


# --- what is in it ----------------------------------------------------------------------------------------------------


async def test_packets_that_come_follow_those_that_were_there_until_the_last_one_asked_for() -> None:
    ring = ring_of(10)
    shown = filmed(ring, order(before_s=3.0, after_s=2.0))
    for at in range(100, 140):
        ring.put(packet(at * 100, key=at % 10 == 0), MJPEG)
    await shown.ended()
    made = shown.made
    assert made is not None
    assert made.before_s == pytest.approx(3.9, abs=0.05)  # from the keyframe before
    assert made.after_s == pytest.approx(2.0, abs=0.1)
    found = times(shown.plain())
    assert found[0] == 0.0
    assert len(found) == pytest.approx(60, abs=1)  # the moment is that of the clock: it lies between two pictures
    assert found == sorted(found)


async def test_a_moment_that_is_past_is_counted_back_from_now() -> None:
    shown = filmed(ring_of(20), order(before_s=2.0, after_s=1.0, at_ns=CLOCK.monotonic_ns() - 10 * 10**9))
    await shown.ended()
    assert shown.made is not None
    assert (shown.made.before_s, shown.made.after_s) == pytest.approx((2.9, 1.0), abs=0.11)
    assert len(times(shown.plain())) == pytest.approx(40, abs=1)


async def test_a_clip_that_is_too_large_loses_its_oldest_seconds_and_keeps_the_moment() -> None:
    ring = ring_of(20)  # 100,000 bytes a second
    shown = filmed(ring, order(before_s=15.0, after_s=15.0, most_bytes=1_000_000))
    for at in range(200, 400):
        ring.put(packet(at * 100, key=at % 10 == 0), MJPEG)
    await shown.ended()
    assert shown.made is not None
    assert len(shown.sealed) <= 1_000_000
    assert 3.0 < shown.made.before_s < 6.0
    assert 3.0 < shown.made.after_s < 6.0
    assert times(shown.plain())


@pytest.mark.parametrize("anew", ["form", "time"])
async def test_a_stream_that_begins_anew_ends_the_clip(anew: str) -> None:
    ring = ring_of(5)
    shown = filmed(ring, order(after_s=60))
    ring.put(packet(5_000, key=True), MJPEG)
    other = Form("mjpeg", 32, 32, Fraction(1, 1_000))
    ring.put(packet(5_100 if anew == "form" else 100, key=True), other if anew == "form" else MJPEG)
    await shown.ended()
    assert shown.made is not None
    assert shown.made.after_s == pytest.approx(0.1, abs=0.05)


async def test_a_camera_that_gives_nothing_gives_no_clip_and_does_not_keep_it_waiting() -> None:
    shown = filmed(Ring(10, 1_000_000), order(after_s=0.0, at_ns=CLOCK.monotonic_ns() - 2 * 10**9))
    await shown.ended()
    assert (shown.made, shown.reason) == (None, "no_video")


async def test_a_clip_begins_with_the_first_keyframe_where_none_was_there() -> None:
    ring = Ring(10, 1_000_000)
    shown = filmed(ring, order(after_s=0.2))
    for at in range(5):
        ring.put(packet(at * 100, key=at == 0), MJPEG)
    await shown.ended()
    assert shown.made is not None
    assert shown.made.before_s <= 0


# --- how it is handed over --------------------------------------------------------------------------------------------


async def test_no_more_than_some_pieces_are_ahead_and_the_ring_goes_on() -> None:
    ring = ring_of(10, size=100_000)
    shown = filmed(ring, order(before_s=10, after_s=5), takes=False)
    await until(lambda: shown.pieces == PIECES_AHEAD)
    before = ring.size
    ring.put(packet(10_000, key=True), MJPEG)  # nothing waits for whoever takes the pieces
    assert ring.size == before + SIZE
    shown.takes = True
    assert shown.film is not None
    shown.film.finish()
    for _ in range(PIECES_AHEAD):
        shown.film.taken()
    await shown.ended()
    assert times(shown.plain())


async def test_one_that_is_given_up_ends_at_once_and_leaves_nothing() -> None:
    ring = ring_of(10, size=100_000)
    threads = threading.active_count()
    shown = filmed(ring, order(before_s=10, after_s=60), takes=False)
    await until(lambda: shown.pieces == PIECES_AHEAD)
    assert shown.film is not None
    shown.film.stop()
    await shown.ended()
    assert (shown.made, shown.reason, shown.pieces) == (None, "stopped", PIECES_AHEAD)
    await until(lambda: threading.active_count() <= threads)
    assert ring._followers == []
    idle = filmed(Ring(10, 1_000), order(after_s=60))  # one that waits for packets
    assert idle.film is not None
    idle.film.stop()
    await idle.ended()
    assert idle.reason == "stopped"


async def test_what_is_no_recipient_is_a_failure_that_is_told() -> None:
    told = ClipOrder(at_ns=CLOCK.monotonic_ns(), before_s=1, after_s=0, most_bytes=100_000, recipients=("age1none",))
    shown = await filmed(ring_of(2), told).ended()
    assert (shown.made, shown.reason) == (None, "failed")


async def test_what_the_muxer_refuses_is_a_failure_that_is_told() -> None:
    ring = Ring(10, 1_000_000)
    ring.put(Packet(b"no picture", True, 0, 0), Form("h264", 0, 0, Fraction(1, 1_000)))
    shown = await filmed(ring, order(after_s=60.0)).ended()
    assert (shown.made, shown.reason) == (None, "failed")
    await asyncio.sleep(0)
