"""A camera on the Raspberry Pi's ribbon connector (CSI): picamera2 over libcamera, and changes of its picture.

Wire    two pictures of each moment: the main one, of which snapshots are made, and a small one to look at once a
        second, YUV with the luma first.
Source  The Picamera2 Library (Raspberry Pi Ltd); picamera2 0.3.38. It blocks and may hang in close(): one thread of its
        own makes all its calls, and a cell, which can be killed, holds the process.
Raises  DeviceError V-201 to V-206.
Live    while somebody looks the small picture is taken as often as that wants, and made anew (csi_live.py).
Not     what a picture means (watch.py), what is made of it (csi_pictures.py); clips: it keeps no video.
        picamera2, libcamera and numpy are Debian's and imported only in the cell: the daemon knows this file for its
        settings alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from drivers.cameras import troubles
from drivers.cameras.csi_live import CsiLive
from drivers.cameras.csi_pictures import coarse, grey_picture, planes_of, snapshot
from drivers.cameras.view import Judged
from drivers.driver import Clock, Counters, Finding, Secrets, Verdict, Video
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.pulse import Pulse
from drivers.readings import Light, PictureChange, Still

if TYPE_CHECKING:
    from drivers.cameras.masks import Masks
    from drivers.cameras.raw_feed import RawFeed
    from drivers.cameras.ring import Followed, OnOver
    from drivers.cameras.watch import Watch

SMALL = (640, 360)  # width, height of the picture that is looked at, here and by the eyes
LOOK_S = 1.0
EARLY = 0.9  # of it: pictures do not come on the beat
SILENT_S = 5.0  # without a picture: the ribbon, or the sensor, is out
SLICE_S = 0.25  # of that wait, after which the thread sees that it is to end
STUCK_S = 10.0  # picamera2 has not returned for so long: it never will
CHANGES = 4  # that wait to be read; the oldest gives way
SENSORS = Path("/sys/class/video4linux")
ON_I2C = re.compile(r"\S+ \d+-[0-9a-f]{4}")  # "imx708 10-001a": bus and address, as the kernel names sensors and lenses


class Turn(IntEnum):
    """What a sensor can do by itself: it reads its rows and columns from the other end."""

    UPRIGHT = 0
    UPSIDE_DOWN = 180


class Settings(Judged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about a camera on the ribbon connector."""

    camera: Annotated[int, Meta(description="its number in `rpicam-hello --list-cameras`", ge=0, le=7)] = 0
    width: Annotated[int, Meta(description="of snapshots, in pixels", ge=640, le=1920, multiple_of=2)] = 1280
    height: Annotated[int, Meta(description="of snapshots, in pixels", ge=360, le=1080, multiple_of=2)] = 720
    rate: Annotated[
        int, Meta(description="pictures a second of the sensor; fewer see more in the dark", ge=1, le=30)
    ] = 10
    rotate: Annotated[Turn, Meta(description="180 for a camera that hangs upside down", examples=[180])] = Turn.UPRIGHT

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        return (("csi", f"camera {self.camera}"),)


class CsiCamera:
    """An open camera: changes of its picture, one by one."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.counters = Counters(
            video=Video(width_px=settings.width, height_px=settings.height, rate=float(settings.rate))
        )
        self.pulse = Pulse(clock, STUCK_S)
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._feed = _feed()
        self._live = CsiLive(settings.masks, clock, lambda: self._wake.set())
        self._looked_ns = -round(LOOK_S * 1e9)  # when it was last judged whether the picture is clear
        self._changes: deque[PictureChange] = deque(maxlen=CHANGES)
        self._news = asyncio.Event()
        self._asked: deque[asyncio.Future[Still]] = deque()
        self._ending, self._wake = threading.Event(), threading.Event()
        self._work = self._loop.run_in_executor(ThreadPoolExecutor(1, "csi"), self._watch_camera)
        self._work.add_done_callback(lambda _: self._news.set())

    async def first_picture(self) -> None:
        """A camera works when it has shown something. Raises DeviceError."""
        while not self.counters.frames:
            await self._next_news()

    async def prepare_live(self) -> None:
        """Look whether it can be shown live: what that needs is loaded aside, for it takes a while."""
        encodes = await asyncio.to_thread(self._live.prepare)
        if (video := self.counters.video) is not None:
            video.encodes = encodes

    async def __aiter__(self) -> AsyncIterator[PictureChange]:
        while True:
            while self._changes:
                yield self._changes.popleft()
            await self._next_news()

    async def show(self, light: Light) -> None:
        """A camera has no light."""

    def lend(self, slot: FrameSlot) -> None:
        """Pictures for whoever looks at them in another process go there from now on."""
        self._feed.lend(slot)

    async def still(self) -> Still:
        """The next picture, at once. Raises DeviceError V-112 if it is closed, or what has ended it."""
        asked: asyncio.Future[Still] = self._loop.create_future()
        self._asked.append(asked)
        self._wake.set()
        either: set[asyncio.Future[Any]] = {asked, self._work}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        self._work.result()
        raise troubles.no_still(f"camera {self._settings.camera}")

    def live(self, *, main: bool, masked: bool, on_over: OnOver) -> Followed | str:  # noqa: ARG002 - it has one stream
        """What a live view follows: the small picture, made anew; or the word why there is none."""
        return self._live.look(masked=masked, on_over=on_over)

    async def close(self) -> None:
        """Wait until the thread has ended, for as long as it takes: where picamera2 hangs, the pulse says so."""
        self._ending.set()
        self._wake.set()
        await asyncio.to_thread(self._live.close)
        await asyncio.wait({self._work})
        self._work.exception()  # it was raised to the reader, or nobody reads any more

    async def _next_news(self) -> None:
        """Wait for a picture, a change or the end. Raises what ended the thread."""
        if self._work.done():
            self._work.result()
        await self._news.wait()
        self._news.clear()

    def _watch_camera(self) -> None:
        """All that the thread does. Raises DeviceError."""
        from drivers.cameras.masks import Masks
        from drivers.cameras.watch import Watch

        looking, masks = Watch(self._settings.watch), Masks(self._settings.masks)
        with opened(self._settings) as camera:
            while not self._ending.is_set():
                began_ns = self._clock.monotonic_ns()
                self._look(camera, looking, masks)
                past_s = (self._clock.monotonic_ns() - began_ns) / 1e9
                pause_s = min(LOOK_S, self._feed.pause_s(began_ns), self._live.pause_s)
                self._wake.wait(max(0.0, pause_s - past_s))
                self._wake.clear()

    def _look(self, camera: Any, looking: Watch, masks: Masks) -> None:
        """Take one picture; if it shows another state, that is a change."""
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        request = self._next_request(camera)
        if request is None:
            return
        try:
            at_ns, monotonic_ns, before = self._clock.utc_ns(), self._clock.monotonic_ns(), looking.state
            small = planes_of(camera, request, "lores")
            self._live.take(small)
            grey = grey_picture(small)
            self._feed.take(small, grey, at_ns=at_ns, monotonic_ns=monotonic_ns)
            state = looking.look(grey, monotonic_ns / 1e9) if self._is_due(monotonic_ns) else None
            jpeg = snapshot(camera, request, masks) if state or asked else b""
        finally:
            request.release()
        self.counters.frames += 1
        if (video := self.counters.video) is not None:
            video.seen_ns = monotonic_ns
        if asked:
            still = Still(jpeg=jpeg, blurred=coarse(grey, masks), at_ns=at_ns, monotonic_ns=monotonic_ns)
            self._loop.call_soon_threadsafe(_give, asked, still)
        if state:
            change = PictureChange(
                state=state,
                before=before,
                jpeg=jpeg,
                blurred=coarse(grey, masks),
                at_ns=at_ns,
                monotonic_ns=monotonic_ns,
            )
            self._loop.call_soon_threadsafe(self._changes.append, change)
        self._loop.call_soon_threadsafe(self._news.set)

    def _is_due(self, monotonic_ns: int) -> bool:
        """Once a second it is judged whether the picture is clear, however many there are."""
        if monotonic_ns - self._looked_ns < EARLY * LOOK_S * 1e9:
            return False
        self._looked_ns = monotonic_ns
        return True

    def _next_request(self, camera: Any) -> Any:
        """The next picture, to be released; None when we are to end. Raises DeviceError V-205."""
        job = camera.capture_request(wait=False)
        for _ in range(round(SILENT_S / SLICE_S)):
            self.pulse.beat()
            if self._ending.is_set():
                return None
            with contextlib.suppress(TimeoutError):
                return camera.wait(job, timeout=SLICE_S)
        raise silent(self._settings)


def _give(asked: list[asyncio.Future[Still]], still: Still) -> None:
    for one in asked:
        if not one.done():  # nobody waits for it any more
            one.set_result(still)


# --- picamera2 ----------------------------------------------------------------------------------------------------


@contextmanager
def opened(settings: Settings) -> Iterator[Any]:
    """The camera, giving pictures, until the block ends. Raises DeviceError V-201 to V-204."""
    gc.collect()  # a closed Picamera2 is tied in circles, and its last files are closed with it only here
    camera = _acquired(settings)
    try:
        _start(camera, settings)
        yield camera
    finally:
        with contextlib.suppress(RuntimeError, OSError):  # what cannot be closed was lost before
            camera.cancel_all_and_flush()  # nobody waits for the next picture any more
            camera.close()


def _acquired(settings: Settings) -> Any:
    """Raises DeviceError V-201, V-202, V-203."""
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise DeviceError(
            "V-201",
            f"picamera2 cannot be loaded: {error}",
            do="Install python3-picamera2 and make the camera's Python environment anew (docs/drivers/csi.md).",
        ) from error
    number = settings.camera
    found = len(Picamera2.global_camera_info())
    if number >= found:
        raise DeviceError(
            "V-202",
            f"there is no camera {number}: libcamera finds {found}",
            do="Switch the box off, seat the ribbon at both ends, switch it on; compare `rpicam-hello --list-cameras`.",
        )
    camera = Picamera2.__new__(Picamera2)
    try:
        camera.__init__(number)  # in two steps: what it has opened before it fails is ours to close
    except (RuntimeError, OSError) as error:
        _give_back(camera)
        raise DeviceError(
            "V-203",
            f"camera {number} cannot be opened: {_reason(error)}",
            do="End the other program that uses the camera; add the agent's user to the group video.",
        ) from error
    return camera


def _give_back(camera: Any) -> None:
    """Close what is half open."""
    with contextlib.suppress(RuntimeError, OSError, AttributeError):
        if camera.is_open:
            camera.close()
        else:
            os.close(camera.notifyme_w)


def _start(camera: Any, settings: Settings) -> None:
    """Raises DeviceError V-204."""
    try:
        camera.configure(configuration(camera, settings))
        camera.start()
    except (RuntimeError, OSError, MemoryError) as error:
        raise DeviceError(
            "V-204",
            f"camera {settings.camera} does not give {settings.width} x {settings.height}: {_reason(error)}",
            do="Write a smaller width and height; restart the box if it did work before.",
        ) from error


def configuration(camera: Any, settings: Settings) -> dict[str, Any]:
    """Both pictures, and of the sensor its whole view: half its pixels each way, which all of Raspberry Pi's can give.

    Left to itself picamera2 takes the sensor's mode next to the main picture's size; some of these see only the middle.
    """
    from libcamera import Transform

    turned = settings.rotate == Turn.UPSIDE_DOWN
    width, height = camera.sensor_resolution
    duration_us = round(1_000_000 / settings.rate)
    found: dict[str, Any] = camera.create_video_configuration(
        main={"size": (settings.width, settings.height), "format": "YUV420"},
        lores={"size": SMALL, "format": "YUV420"},
        transform=Transform(hflip=turned, vflip=turned),
        controls={"FrameDurationLimits": (duration_us, duration_us)},
        sensor={"output_size": (width // 2, height // 2)},
        queue=False,  # a picture of now, never one that has waited
        display=None,
        encode=None,
    )
    return found


def _feed() -> RawFeed:
    """Imported here: it brings numpy, which the daemon itself does without."""
    from drivers.cameras.attention import Settings as AttentionSettings
    from drivers.cameras.raw_feed import RawFeed

    return RawFeed(AttentionSettings())


def silent(settings: Settings) -> DeviceError:
    return DeviceError(
        "V-205",
        f"camera {settings.camera} gives no picture for {SILENT_S:g} s",
        do="Switch the box off, seat the ribbon at both ends; if it comes again, change the ribbon, then the camera.",
    )


def _reason(error: BaseException) -> str:
    """The innermost words: picamera2 wraps libcamera's in its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


# --- the driver ---------------------------------------------------------------------------------------------------


def probe(settings: Settings) -> Finding:
    """Which sensors the kernel has found on the ribbons; libcamera is not asked: the agent may hold the camera."""
    found = sensors(SENSORS)
    if not found:
        return Finding(
            verdict=Verdict.FAILED,
            code="V-206",
            what="the kernel has found no camera on a ribbon",
            do="Switch the box off and seat the ribbon at both ends, the right way round (docs/drivers/csi.md).",
        )
    return Finding(verdict=Verdict.OK, code="", what=f"on the ribbons: {', '.join(found)}")


def sensors(place: Path) -> list[str]:
    """Names of the camera sensors (and lenses) that the kernel has bound."""
    names = []
    for file in sorted(place.glob("v4l-subdev*/name")):
        with contextlib.suppress(OSError):
            names.append(file.read_text(encoding="ascii", errors="replace").strip())
    return [name for name in names if ON_I2C.fullmatch(name)]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[CsiCamera]:
    """Open the camera, once it has given a picture. Raises DeviceError."""
    camera = CsiCamera(settings, clock)
    try:
        await camera.first_picture()
        preparing = asyncio.create_task(camera.prepare_live())  # no picture waits for what it loads
        try:
            yield camera
        finally:
            preparing.cancel()
            await asyncio.wait({preparing})
    finally:
        await camera.close()
