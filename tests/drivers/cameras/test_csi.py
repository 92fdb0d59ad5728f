"""The CSI driver's own decisions: which configuration, which error, which snapshot, and that its thread ends.

picamera2 is a stand-in here, which can only show what the driver asks of it. The real one, with libcamera, is under
`make test-csi` (tests/csi/checks.py).
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import types
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agent.clock import SystemClock
from drivers.cameras import csi
from drivers.cameras.csi import Settings, Turn
from drivers.cameras.ring import Packet
from drivers.catalog import Claim, claims
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.readings import BLOCKS, SNAPSHOT_BYTES, PictureChange, PictureState
from tests.clock import FastClock
from tests.drivers.cameras.test_encoder import decoded
from tests.drivers.slot_file import slot_in
from tests.drivers.supervised import open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, PictureChange] = csi

NOISE = np.random.default_rng(1).integers(0, 256, (540, 704), np.uint8)  # a stride of 704 for 640 pixels


class StandIn:
    """As much of picamera2.Picamera2 as the driver uses. One class a test: its attributes are the camera's faults."""

    cameras = 1
    refuses_to_open = refuses_sizes = silent = False
    hangs: threading.Event | None = None  # set when it does, until goes_on is
    goes_on: threading.Event
    sensor_resolution = (4608, 2592)
    bytes_at: dict[int, int] = {}  # noqa: RUF012 - quality -> size of a JPEG
    open_now = pictures = 0
    asked: dict[str, Any] = {}  # noqa: RUF012

    @classmethod
    def global_camera_info(cls) -> list[dict[str, int]]:
        return [{"Num": number} for number in range(cls.cameras)]

    def __init__(self, number: int) -> None:
        read, self.notifyme_w = os.pipe()
        os.close(read)
        self.is_open = False
        if self.refuses_to_open:
            raise RuntimeError("Camera __init__ sequence did not complete.") from RuntimeError("Device busy")
        self.is_open = True
        self.options: dict[str, int] = {}
        type(self).open_now += 1

    def create_video_configuration(self, **words: Any) -> dict[str, Any]:
        type(self).asked = words
        return words

    def configure(self, _configuration: dict[str, Any]) -> None:
        if self.refuses_sizes:
            raise RuntimeError("Invalid camera configuration")

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start(self) -> None: ...

    def capture_request(self, *, wait: bool) -> StandIn:
        assert not wait
        return self

    def wait(self, job: StandIn, timeout: float) -> StandIn:
        if self.silent:
            raise TimeoutError
        if self.hangs:
            self.hangs.set()
            self.goes_on.wait()
        return job

    def make_array(self, name: str) -> Any:
        if name == "main":
            width, height = self.asked["main"]["size"]
            return np.full((height * 3 // 2, width + 64), 200, np.uint8)  # rows are longer than the picture
        self.pictures += 1
        return np.roll(NOISE, self.pictures - 1, axis=1)  # a living camera never gives the same twice

    def save(self, name: str, file: io.BytesIO, format: str) -> None:
        assert (name, format) == ("main", "jpeg")
        file.write(bytes(self.bytes_at.get(self.options["quality"], 1000)))

    def release(self) -> None: ...

    def cancel_all_and_flush(self) -> None: ...

    def close(self) -> None:
        type(self).open_now -= 1
        os.close(self.notifyme_w)


def encode_jpeg(picture: Any, *, colorspace: str, colorsubsampling: str) -> bytes:
    """In place of a JPEG: the shape of the picture, and of how many blocks it is wide."""
    assert (colorspace, colorsubsampling, picture.dtype) == ("GRAY", "Gray", np.uint8)
    cell = picture.shape[1] // BLOCKS
    blocks = picture.reshape(picture.shape[0] // cell, cell, BLOCKS, cell)
    assert (blocks == blocks[:, :1, :, :1]).all()
    return f"{picture.shape} {blocks.shape[2]}".encode()


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    class Camera(StandIn):
        pass

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Camera))
    monkeypatch.setitem(sys.modules, "libcamera", types.SimpleNamespace(Transform=dict))
    monkeypatch.setitem(sys.modules, "simplejpeg", types.SimpleNamespace(encode_jpeg=encode_jpeg))
    monkeypatch.setattr(csi, "LOOK_S", 0.01)
    monkeypatch.setattr(csi, "EARLY", 0)  # every picture is judged: these clocks stand still
    monkeypatch.setattr(csi, "SLICE_S", 0.01)
    monkeypatch.setattr(csi, "SILENT_S", 0.05)
    return Camera


async def use(settings: Settings) -> None:
    async with csi.connect(settings, FastClock(), no_secrets) as source:
        async for _ in source:
            pass


async def failure(settings: Settings) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await use(settings)
    return caught.value


# --- settings -----------------------------------------------------------------------------------------------------

IMPOSSIBLE = [{"rotate": 90}, {"width": 641}, {"width": 320}, {"height": 2000}, {"rate": 0}, {"camera": -1}]


@pytest.mark.parametrize("words", IMPOSSIBLE)
def test_what_a_camera_cannot_do_is_refused(words: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(words, Settings)


def test_a_camera_is_claimed_by_its_number() -> None:
    assert claims(Settings(camera=1)) == (Claim("csi", "camera 1"),)


# --- the configuration --------------------------------------------------------------------------------------------


async def test_it_asks_for_both_pictures_and_the_whole_view(camera: type[StandIn]) -> None:
    async with csi.connect(Settings(width=1920, height=1080, rate=5), FastClock(), no_secrets):
        asked = camera.asked
    assert asked["main"] == {"size": (1920, 1080), "format": "YUV420"}
    assert asked["lores"] == {"size": (640, 360), "format": "YUV420"}
    assert asked["sensor"] == {"output_size": (2304, 1296)}
    assert asked["controls"] == {"FrameDurationLimits": (200_000, 200_000)}
    assert asked["transform"] == {"hflip": False, "vflip": False}
    assert asked["queue"] is False


async def test_a_camera_upside_down_turns_its_picture(camera: type[StandIn]) -> None:
    async with csi.connect(Settings(rotate=Turn.UPSIDE_DOWN), FastClock(), no_secrets):
        assert camera.asked["transform"] == {"hflip": True, "vflip": True}


# --- errors -------------------------------------------------------------------------------------------------------


async def test_without_picamera2_it_is_v201(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert (await failure(Settings())).code == "V-201"


async def test_an_absent_camera_is_v202(camera: type[StandIn]) -> None:
    error = await failure(Settings(camera=2))
    assert (error.code, error.what) == ("V-202", "there is no camera 2: libcamera finds 1")


async def test_a_camera_in_use_is_v203_in_libcameras_words_and_leaves_nothing_open(camera: type[StandIn]) -> None:
    camera.refuses_to_open = True
    before = open_files()
    error = await failure(Settings())
    assert (error.code, error.what) == ("V-203", "camera 0 cannot be opened: Device busy")
    assert open_files() == before


async def test_a_size_that_it_does_not_give_is_v204(camera: type[StandIn]) -> None:
    camera.refuses_sizes = True
    assert (await failure(Settings())).code == "V-204"
    assert camera.open_now == 0


async def test_a_camera_that_gives_no_picture_does_not_open(camera: type[StandIn]) -> None:
    camera.silent = True
    assert (await failure(Settings())).code == "V-205"
    assert camera.open_now == 0


async def test_a_camera_that_gives_no_picture_any_more_is_v205(camera: type[StandIn]) -> None:
    async with csi.connect(Settings(), FastClock(), no_secrets) as source:
        changes = aiter(source)
        await anext(changes)
        camera.silent = True
        with pytest.raises(DeviceError) as caught:
            await anext(changes)
    assert caught.value.code == "V-205"
    assert camera.open_now == 0


# --- pictures -----------------------------------------------------------------------------------------------------


async def test_the_first_picture_is_a_change_and_the_same_state_none(camera: type[StandIn]) -> None:
    clock = FastClock()
    async with csi.connect(Settings(), clock, no_secrets) as source:
        change = await anext(aiter(source))
        assert change == PictureChange(
            state=PictureState.CLEAR,
            before=None,
            jpeg=bytes(1000),
            blurred=f"(180, 320, 1) {BLOCKS}".encode(),
            at_ns=clock.utc_ns(),
            monotonic_ns=clock.monotonic_ns(),
        )
        await until(lambda: source.counters.frames >= 5)
        assert not source._changes


@pytest.mark.parametrize(
    ("bytes_at", "taken"),
    [
        ({75: SNAPSHOT_BYTES}, SNAPSHOT_BYTES),
        ({75: SNAPSHOT_BYTES + 1, 50: 900_000}, 900_000),
        ({75: 4_000_000, 50: 3_000_000, 25: 2_000_000, 10: 500_000}, 500_000),
    ],
)
async def test_a_snapshot_is_as_good_as_it_may_be_large(
    camera: type[StandIn], bytes_at: dict[int, int], taken: int
) -> None:
    camera.bytes_at = bytes_at
    async with csi.connect(Settings(), FastClock(), no_secrets) as source:
        assert len((await anext(aiter(source))).jpeg) == taken


async def test_a_picture_that_is_asked_for_is_of_now(camera: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, although it is looked at much more rarely; masks, quality and blocks as ever."""
    monkeypatch.setattr(csi, "LOOK_S", 3_600.0)
    async with csi.connect(Settings(), FastClock(), no_secrets) as source:
        stills = await asyncio.wait_for(asyncio.gather(source.still(), source.still()), 5)
        assert {(len(one.jpeg), one.blurred) for one in stills} == {(1000, f"(180, 320, 1) {BLOCKS}".encode())}
        task = asyncio.create_task(source.still())
        await asyncio.sleep(0)
        task.cancel()
        assert (await asyncio.wait_for(source.still(), 5)).jpeg
        camera.silent = True
        with pytest.raises(DeviceError, match="V-205"):
            await asyncio.wait_for(source.still(), 5)


async def test_no_picture_is_given_of_a_camera_that_is_closed(camera: type[StandIn]) -> None:
    async with csi.connect(Settings(), FastClock(), no_secrets) as source:
        pass
    with pytest.raises(DeviceError, match="V-112"):
        await source.still()


async def test_what_is_masked_is_black_in_both_forms(camera: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    planes: list[Any] = []
    grey: list[Any] = []

    def encode_planes(*given: Any, quality: int) -> bytes:
        planes[:] = given
        return bytes([quality])

    def encode_grey(picture: Any, **_: Any) -> bytes:
        grey[:] = [picture[:, :, 0]]
        return b"grey"

    stand_in = types.SimpleNamespace(encode_jpeg=encode_grey, encode_jpeg_yuv_planes=encode_planes)
    monkeypatch.setitem(sys.modules, "simplejpeg", stand_in)
    masks = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    async with csi.connect(Settings(masks=masks), FastClock(), no_secrets) as source:
        change = await anext(aiter(source))
    assert (change.jpeg, change.blurred) == (bytes([75]), b"grey")
    assert [plane.shape for plane in planes] == [(720, 1280), (360, 640), (360, 640)]
    assert [(int(plane[:, :320].max()), int(plane[:, -300:].min())) for plane in planes] == [
        (0, 200),
        (128, 200),
        (128, 200),
    ]
    assert (int(grey[0][:, :160].max()), int(grey[0][:, 180:].min()) > 100) == (0, True)


async def test_its_pictures_are_lent_to_who_looks_at_them(camera: type[StandIn], tmp_path: Path) -> None:
    with slot_in(tmp_path / "slot") as slot:
        async with csi.connect(Settings(), FastClock(), no_secrets) as source:
            source.lend(slot)
            await until(lambda: (found := slot.newer()) is not None and found.number > 3)
        found = FrameSlot.look(str(tmp_path / "slot"))
    assert found is not None
    assert (found.width, found.height) == (640, 360)
    luma = np.frombuffer(found.pixels, np.uint8)[: 640 * 360].reshape(360, 640)
    assert any((luma == np.roll(NOISE, turn, axis=1)[:360, :640]).all() for turn in range(NOISE.shape[1]))


def test_however_many_pictures_come_it_is_judged_once_a_second_whether_they_are_clear() -> None:
    made = csi.CsiCamera.__new__(csi.CsiCamera)
    made._looked_ns = -1_000_000_000
    due = [made._is_due(round(tick * 0.2e9)) for tick in range(11)]
    assert [at for at, one in enumerate(due) if one] == [0, 5, 10]


async def test_who_looks_live_sees_the_small_picture_with_the_masks_burnt_in(
    camera: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More often than it is looked at otherwise; the eyes get no more of it."""
    packets: list[Packet] = []

    def put(packet: Packet, _form: object) -> None:
        packets.append(packet)

    stand_in = types.SimpleNamespace(encode_jpeg=encode_jpeg, encode_jpeg_yuv_planes=lambda *_, **__: b"jpeg")
    monkeypatch.setitem(sys.modules, "simplejpeg", stand_in)
    masks = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    async with csi.connect(Settings(masks=masks), SystemClock(), no_secrets) as source:
        assert source.counters.video is not None
        assert source.counters.video.encodes is True
        look = source.live(main=True, masked=True, on_over=lambda _reason, _what: None)
        assert not isinstance(look, str)
        look.follow(put)
        await until(lambda: len(packets) > 3)
        look.unfollow(put)
    shown = decoded(packets)
    assert {one.shape for one in shown} == {(540, 640)}
    assert max(int(one[:360, :310].max()) for one in shown) < 40
    assert min(int(one[:360, 330:].mean()) for one in shown) > 60


# --- its thread ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [*range(8), 20, 100])
async def test_cancelled_at_any_step_it_closes_the_camera(camera: type[StandIn], steps: int) -> None:
    before = open_files()
    task = asyncio.create_task(use(Settings()))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=10)
    assert done
    assert task.cancelled()
    assert camera.open_now == 0
    assert open_files() == before


async def test_a_thread_that_hangs_shows_in_the_pulse(camera: type[StandIn]) -> None:
    clock = FastClock()
    async with csi.connect(Settings(), clock, no_secrets) as source:
        clock.advance(csi.STUCK_S + 1)
        await until(lambda: not source.pulse.stopped())
        camera.hangs, camera.goes_on = threading.Event(), threading.Event()
        await until(camera.hangs.is_set)
        clock.advance(csi.STUCK_S + 1)
        assert source.pulse.stopped()
        camera.goes_on.set()


# --- probe --------------------------------------------------------------------------------------------------------


def test_probe_names_what_the_kernel_has_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csi, "SENSORS", tmp_path)
    found = csi.probe(Settings())
    assert (found.verdict, found.code) == (Verdict.FAILED, "V-206")
    for number, name in enumerate(["csi2", "pisp-fe", "imx708 10-001a", "dw9807 10-000c"]):
        folder = tmp_path / f"v4l-subdev{number}"
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
    found = csi.probe(Settings())
    assert (found.verdict, found.what) == (Verdict.OK, "on the ribbons: imx708 10-001a, dw9807 10-000c")
