"""An open camera: blind at first or later, stuck, not to be closed; changes that nobody takes; a closer look."""

from __future__ import annotations

import io
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

from agent.clock import SystemClock
from drivers.cameras import camera, encoder, file, reader
from drivers.cameras.anew import Look
from drivers.cameras.camera import CHANGES, Camera, open_camera
from drivers.cameras.file import Settings
from drivers.cameras.reader import Place
from drivers.cameras.ring import Followed, Form, Packet
from drivers.cameras.view import View
from drivers.errors import DeviceError
from drivers.readings import PictureChange, PictureState
from simulator.scenes import Sight, write_video
from tests.clock import FastClock
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import kept_reading, open_files, until
from tests.secrets import no_secrets


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "room.mkv"
    write_video(path, [(Sight.CLEAR, 2)], width=320, height=180)
    return path


async def test_packets_without_a_whole_picture_are_no_open_camera(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "FIRST_S", 0.5)
    monkeypatch.setattr(reader.Decoder, "picture", lambda *_: None)
    before = open_files()
    with pytest.raises(DeviceError) as caught:
        async with file.connect(Settings(file=str(video)), SystemClock(), no_secrets):
            pass
    assert caught.value.code == "V-104"
    assert open_files() == before


async def test_a_camera_that_goes_blind_is_told(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PICTURE_S", 1.5)
    async with kept_reading(file, Settings(file=str(video))) as kept:
        await until(kept.works)
        monkeypatch.setattr(reader.Decoder, "picture", lambda *_: None)
        await until(lambda: kept.states[-1] == "V-106")
    assert kept.station.totals().garbled > 0


async def test_a_thread_that_is_stuck_shows_in_the_pulse_and_is_no_clean_end(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "STUCK_S", 0.2)
    monkeypatch.setattr(camera, "CLOSE_S", 0.3)
    free, holding = threading.Event(), threading.Event()

    def stick(*_: object) -> None:
        holding.set()
        free.wait(20)

    async def use() -> None:
        async with file.connect(Settings(file=str(video)), SystemClock(), no_secrets) as source:
            monkeypatch.setattr(reader.Reader, "_take", stick)
            await until(holding.is_set)
            await until(source.pulse.stopped)

    with pytest.raises(RuntimeError, match="does not end"):
        await use()
    free.set()
    await until(lambda: not [one for one in threading.enumerate() if one.name.startswith("camera ")])


async def test_changes_that_nobody_takes_are_bounded_and_the_newest_are_kept(video: Path) -> None:
    source = Camera(View(), FastClock(), Place(name="never opened", url=str(video)), None)
    for number in range(CHANGES + 5):
        source._tell(PictureChange(state=PictureState.CLEAR, before=None, jpeg=b"", at_ns=number, monotonic_ns=number))
    told = aiter(source)
    assert [(await anext(told)).at_ns for _ in range(CHANGES)] == list(range(5, CHANGES + 5))
    await source.close()  # it was never started


@pytest.mark.parametrize("clearer", [None, DeviceError("V-108", "another certificate", do="Look.")])
async def test_a_closer_look_tells_more_or_nothing(clearer: DeviceError | None, tmp_path: Path) -> None:
    place = Place(name="none", url=str(tmp_path / "none.mkv"))
    with pytest.raises(DeviceError) as caught:
        async with open_camera(View(), SystemClock(), place, why=lambda: clearer):
            pass
    assert caught.value.code == ("V-108" if clearer else "V-101")


# --- who looks live, who asks for a picture -------------------------------------------------------------------------


def live(camera: Camera, *, main: bool = False, masked: bool = False) -> Followed | str:
    return camera.live(main=main, masked=masked, on_over=lambda _reason, _what: None)


async def test_a_live_view_follows_the_small_stream_unless_the_main_one_is_asked_for(video: Path) -> None:
    place = Place(name="never opened", url=str(video))
    one, two = (Camera(View(), FastClock(), place, sub) for sub in (None, place))
    assert live(one) is live(one, main=True) is one.ring
    assert live(two, main=True) is two.ring
    assert live(two) is two._small_ring
    for source in (one, two):
        await source.close()


async def test_a_camera_with_masks_gives_none_of_its_packets(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever stream is asked for, and whatever the order says of masks."""
    place = Place(name="never opened", url=str(video))
    for sub in (None, place):
        camera = Camera(View(masks=(LEFT,)), FastClock(), place, sub)
        for main in (False, True):
            for masked in (False, True):
                assert isinstance(live(camera, main=main, masked=masked), Look)
        assert camera.counters.video is not None
        assert camera.counters.video.encodes is True
        with monkeypatch.context() as here:
            here.setattr(encoder, "NAME", "libnothing")
            assert live(camera) == "no_encoder"
            lacking = Camera(View(masks=(LEFT,)), FastClock(), place, sub)
            assert lacking.counters.video is not None
            assert lacking.counters.video.encodes is False
        await camera.close()


async def test_masks_of_which_its_process_knows_nothing_show_nothing(video: Path) -> None:
    camera = Camera(View(), FastClock(), Place(name="never opened", url=str(video)), None)
    assert live(camera, masked=True) == "masked"
    assert camera.counters.video is not None
    assert camera.counters.video.encodes is None
    await camera.close()


async def test_packets_that_nobody_takes_are_encoded_anew(video: Path) -> None:
    """As of most USB cameras."""
    camera = Camera(View(), FastClock(), Place(name="never opened", url=str(video)), None)
    for codec, passed_on in (("h264", True), ("hevc", True), ("mjpeg", False)):
        camera.ring.put(Packet(b"x", True, 0, 0), Form(codec, 320, 180, Fraction(1, 10)))
        assert (live(camera) is camera.ring) is passed_on
    raw = Camera(View(), FastClock(), Place(name="never opened", url=str(video)), None)
    assert live(raw) is raw.ring  # just opened: its first packet is on its way
    raw.counters.frames = 2
    assert live(raw) == "codec"
    await raw.close()
    await camera.close()


@pytest.mark.parametrize(("small", "same"), [((320, 180), True), ((320, 240), False)])
async def test_masks_are_burnt_into_the_small_stream_only_where_it_shows_the_same(
    small: tuple[int, int], same: bool, video: Path
) -> None:
    place = Place(name="never opened", url=str(video))
    camera = Camera(View(masks=(LEFT,)), FastClock(), place, place)
    for ring, size in ((camera.ring, (640, 360)), (camera._small_ring, small)):
        ring.put(Packet(b"x", True, 0, 0), Form("h264", *size, Fraction(1, 10)))
    assert (camera._decoded()._ring is camera._small_ring) is same
    await camera.close()


async def test_the_small_stream_can_be_followed(video: Path) -> None:
    place = Place(name="a room", url=str(video), paced=True)
    async with open_camera(View(), SystemClock(), place, place) as source:
        heard: list[bool] = []
        ring = live(source)
        assert not isinstance(ring, str)
        ring.follow(lambda packet, _: heard.append(packet.is_key))
        await until(lambda: len(heard) > 3)
        assert heard[0]


async def test_who_looks_at_a_camera_that_closes_keeps_no_thread(video: Path) -> None:
    place = Place(name="a room", url=str(video), paced=True)
    async with open_camera(View(masks=(LEFT,)), SystemClock(), place) as source:
        heard: list[bool] = []
        look = live(source)
        assert not isinstance(look, str)
        look.follow(lambda packet, _: heard.append(packet.is_key))
        await until(lambda: len(heard) > 1)
    assert heard[0]
    assert source._anew._run is not None
    assert not source._anew._run._thread.is_alive()


async def test_a_picture_of_now_in_both_forms_masks_black(video: Path) -> None:
    place = Place(name="a room", url=str(video), paced=True)
    async with open_camera(View(masks=(LEFT,)), SystemClock(), place) as source:
        still = await source.still()
    with av.open(io.BytesIO(still.jpeg)) as file:
        shown = next(file.decode(video=0)).to_ndarray(format="gray")
    assert shown.shape == (180, 320)
    assert shown[:, :140].max() < 30
    assert shown[:, 180:].mean() > 60
    assert still.blurred.startswith(b"\xff\xd8")
    assert still.at_ns > 0


async def test_without_a_picture_there_is_a_reason(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "STILL_PAUSE_S", 0.0)
    source = Camera(View(), FastClock(), Place(name="never opened", url=str(video)), None)
    with pytest.raises(DeviceError) as caught:
        await source.still()
    assert caught.value.code == "V-112"
    source.ring.put(Packet(b"\0\0\1\x65nothing", is_key=True, pts=0, dts=0), Form("h264", 1, 1, Fraction(1)))
    with pytest.raises(DeviceError):
        await source.still()
    await source.close()
