"""An open camera: blind at first or later, stuck, not to be closed; changes that nobody takes; a closer look."""

from __future__ import annotations

import io
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

from agent.clock import SystemClock
from drivers.cameras import camera, file, reader
from drivers.cameras.camera import CHANGES, Camera, open_camera
from drivers.cameras.file import Settings
from drivers.cameras.reader import Place
from drivers.cameras.ring import Form, Packet
from drivers.cameras.view import View
from drivers.errors import DeviceError
from drivers.readings import PictureChange, PictureState
from simulator.scenes import Sight, write_video
from tests.clock import FastClock
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


async def test_a_live_view_follows_the_small_stream_unless_the_main_one_is_asked_for(video: Path) -> None:
    place = Place(name="never opened", url=str(video))
    one, two = (Camera(View(), FastClock(), place, sub) for sub in (None, place))
    assert one.live(main=False) is one.live(main=True) is one.ring
    assert two.live(main=True) is two.ring
    assert two.live(main=False) is not two.ring
    masked = Camera(View(masks=(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),)), FastClock(), place, None)
    assert masked.live(main=True) is masked.live(main=False) is None
    for source in (one, two, masked):
        await source.close()


async def test_the_small_stream_can_be_followed(video: Path) -> None:
    place = Place(name="a room", url=str(video), paced=True)
    async with open_camera(View(), SystemClock(), place, place) as source:
        heard: list[bool] = []
        ring = source.live(main=False)
        assert ring is not None
        ring.follow(lambda packet, _: heard.append(packet.is_key))
        await until(lambda: len(heard) > 3)
        assert heard[0]


async def test_a_picture_of_now_in_both_forms_masks_black(video: Path) -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    place = Place(name="a room", url=str(video), paced=True)
    async with open_camera(View(masks=(left_half,)), SystemClock(), place) as source:
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
