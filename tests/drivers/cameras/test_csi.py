"""The CSI driver's own decisions: which configuration, which error, which snapshot, and that its thread ends.

picamera2 is a stand-in here (tests/drivers/cameras/ribbon.py). The real one, with libcamera, is under
`make test-csi` (tests/csi/checks.py).
"""

from __future__ import annotations

import asyncio
import sys
import threading
import types
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from drivers.cameras import csi
from drivers.cameras.csi import Settings, Turn
from drivers.catalog import Claim, claims
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.readings import BLOCKS, SNAPSHOT_BYTES, PictureChange, PictureState
from tests.clock import FastClock
from tests.drivers.cameras.ribbon import NOISE, StandIn, in_place
from tests.drivers.outlines import LEFT
from tests.drivers.slot_file import slot_in
from tests.drivers.supervised import open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, PictureChange] = csi


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    return in_place(monkeypatch)


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
    async with csi.connect(Settings(masks=(LEFT,)), FastClock(), no_secrets) as source:
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
    clock = FastClock()
    with slot_in(tmp_path / "slot") as slot:
        async with csi.connect(Settings(), clock, no_secrets) as source:
            source.lend(slot)

            def comes() -> bool:
                clock.advance(1.0)
                return (found := slot.newer()) is not None and found.number > 3

            await until(comes)
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
