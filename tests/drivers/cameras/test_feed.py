"""What a stream gives to who looks in another process: keyframes while it is quiet, five pictures a second when not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from drivers.cameras.attention import HOLD_S, Settings
from drivers.cameras.feed import Feed, fitting
from drivers.cameras.pictures import Decoder, Greyer
from drivers.frame_slot import FrameSlot, Picture
from tests.clock import FastClock
from tests.drivers.slot_file import slot_in

RATE = 15
GROUP = 30  # pictures from keyframe to keyframe
QUIET_S, BUSY_S = 8, 6


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room in which nothing moves, then somebody walks."""
    path = tmp_path_factory.mktemp("feed") / "room.mp4"
    rng = np.random.default_rng(1)
    room = rng.integers(60, 120, (360, 640, 3), dtype=np.uint8)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", RATE)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"g": str(GROUP), "sc_threshold": "0", "bf": "0", "preset": "veryfast"}
        for number in range((QUIET_S + BUSY_S) * RATE):
            picture = np.clip(room + rng.normal(0, 1, room.shape), 0, 255).astype(np.uint8)
            if number >= QUIET_S * RATE:
                at = 40 + 6 * (number - QUIET_S * RATE)
                picture[100:300, at : at + 60] = rng.integers(0, 255, (200, 60, 3), dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode(None))
    return path


class Played:
    """A video through a feed, at its own pace by a clock that is ours; what was seen in the slot after each packet."""

    def __init__(self, path: Path, slot: FrameSlot, settings: Settings) -> None:
        self.clock = FastClock()
        self.feed = Feed(settings, self.clock)
        self.feed.lend(slot)
        self._path, self._slot = path, slot

    def run(self) -> Iterator[tuple[int, Picture]]:
        with av.open(str(self._path)) as container:
            stream: Any = container.streams.video[0]
            decoder, greyer = Decoder(stream.codec_context), Greyer()
            for number, packet in enumerate(container.demux(stream)):
                if not packet.size:
                    break
                self.clock.advance(1 / RATE)
                if packet.is_keyframe and (frame := decoder.picture(packet)) is not None:
                    self.feed.keyframe(frame, greyer.grey(frame))
                self.feed.packet(packet, stream.codec_context)
                found = self._slot.newer()
                if found is not None:
                    yield number, found


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[FrameSlot]:
    with slot_in(tmp_path / "slot") as made:
        yield made


def test_keyframes_while_quiet_and_five_a_second_while_somebody_walks(video: Path, slot: FrameSlot) -> None:
    played = Played(video, slot, Settings())
    seen = list(played.run())
    quiet = [picture for number, picture in seen if number < QUIET_S * RATE]
    busy = [(number, picture) for number, picture in seen if number >= QUIET_S * RATE]
    assert len(quiet) == QUIET_S * RATE // GROUP
    assert not any(picture.moving for picture in quiet)
    awake = [number for number, picture in busy if picture.moving]
    assert awake[0] - QUIET_S * RATE <= 3, "within a fifth of a second, not at the next keyframe"
    assert BUSY_S * 5 * 0.8 <= len(awake) <= BUSY_S * 5 * 1.2
    assert (quiet[0].width, quiet[0].height) == (640, 360)


def test_after_catching_up_the_picture_is_the_true_one(video: Path, slot: FrameSlot) -> None:
    """A decoder that began in the middle of a group would show grey."""
    (number, picture), *_ = [one for one in Played(video, slot, Settings()).run() if one[1].moving]
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    true = frames[number].to_ndarray()[:360].astype(int)
    shown = np.frombuffer(picture.pixels, np.uint8)[: 640 * 360].reshape(360, 640).astype(int)
    assert np.abs(true - shown).mean() < 2.0


def test_always_is_all_the_time(video: Path, slot: FrameSlot) -> None:
    seen = list(Played(video, slot, Settings(always=True)).run())
    assert len(seen) >= (QUIET_S + BUSY_S) * 5 * 0.8


def test_who_wishes_for_pictures_gets_them(video: Path, slot: FrameSlot) -> None:
    played = Played(video, slot, Settings())
    slot.wish(played.clock.monotonic_ns() + 2_000_000_000)
    awake = [number for number, picture in played.run() if picture.moving and number < QUIET_S * RATE]
    assert awake
    assert awake[-1] <= (2 + HOLD_S) * RATE + 1


def test_a_wish_is_for_ten_a_second_in_the_mean_and_without_it_there_are_five(video: Path, slot: FrameSlot) -> None:
    """Of fifteen a second: every other one would be 7.5."""
    played = Played(video, slot, Settings(always=True))
    slot.wish(played.clock.monotonic_ns() + 6_000_000_000)
    numbers = [number / RATE for number, _ in played.run()]
    wished, later = [at for at in numbers if 1 <= at < 6], [at for at in numbers if 7 <= at < 12]
    assert 48 <= len(wished) <= 52
    assert 24 <= len(later) <= 26


def test_nothing_is_decoded_that_nobody_looks_at(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av.CodecContext, "create", None)  # no decoder can be made
    feed = Feed(Settings(always=True), FastClock())
    with av.open(str(video)) as container:
        stream: Any = container.streams.video[0]
        packets = list(container.demux(stream))
        for packet in packets:
            feed.packet(packet, stream.codec_context)
    assert len(packets) > 100


def test_broken_packets_cost_their_picture_and_nothing_else(video: Path, slot: FrameSlot) -> None:
    clock = FastClock()
    feed = Feed(Settings(always=True), clock)
    feed.lend(slot)
    given = [False] * ((QUIET_S + BUSY_S) * RATE)
    with av.open(str(video)) as container:
        stream: Any = container.streams.video[0]
        for number, packet in enumerate(container.demux(stream)):
            if not packet.size:
                break
            clock.advance(1 / RATE)
            broken = 40 <= number < 50
            feed.packet(av.Packet(b"\x00\x00\x00\x05garba") if broken else packet, stream.codec_context)
            given[number] = slot.newer() is not None
    assert not any(given[41:50])
    assert sum(given[60:]) >= (len(given) - 60) / RATE * 5 * 0.9


@pytest.mark.parametrize(
    ("size", "fits"),
    [((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((353, 289), (352, 288)), ((480, 1920), (120, 480))],
)
def test_the_size_that_fits(size: tuple[int, int], fits: tuple[int, int]) -> None:
    assert fitting(*size) == fits
