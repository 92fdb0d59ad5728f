"""What looks at the cameras' pictures: one process for all of them, of the shape of a driver, living in a cell.

Reads   Noticed, and Watched each half minute and when a detector goes off or on, or to rest.
Work    in threads of its own; the event loop only carries what they found.
Raises  DeviceError V-302 if a camera's slot cannot be opened. Of single cameras and detectors: V-301, V-303, V-304.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from agent.pipelines.watch import Settings as Settings
from agent.pipelines.watch import WatchedCamera
from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.pulse import Pulse, Slowest
from drivers.readings import EyeTrouble, Light, Noticed, Watched

if TYPE_CHECKING:
    from agent.pipelines.watcher import Watcher

THREADS_MOST = 2  # on a Pi the cameras and the readers want the other two cores
NAP_S, NAP_MOST_S = 0.02, 0.1  # with no new picture anywhere, longer each time: the first thread looks for one
REST_S = 5.0  # of the others, which the first wakes; they beat meanwhile
STUCK_S = 20.0  # one look takes a fifth of a second on a slow box
REPORT_S = 30.0
NEWS_S = 1.0  # where a detector went off or on, or to rest
NOTICED_MOST = 32  # that nobody has taken yet: the oldest gives way


def probe(settings: Settings) -> Finding:
    """Whether the slots are there."""
    missing = [camera.name for camera in settings.cameras if not os.path.exists(camera.slot)]
    if missing:
        return Finding.failed(_no_slot(", ".join(missing), "not there"))
    return Finding(verdict=Verdict.OK, code="", what=f"{len(settings.cameras)} cameras are watched")


def _no_slot(camera: str, why: str) -> DeviceError:
    return DeviceError("V-302", f"the memory of {camera}'s pictures: {why}", do="Restart the agent.")


class Eyes:
    """Of the shape of drivers.driver.Source."""

    def __init__(self, watcher: Watcher, clock: Clock) -> None:
        self.counters = Counters()
        self.pulse = Slowest(clock, [Pulse(clock, STUCK_S) for _ in range(threads())])
        self._watcher = watcher
        self._clock = clock
        self._noticed: deque[Noticed] = deque(maxlen=NOTICED_MOST)
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._defect: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(pulse, at == 0), name=f"eyes {at}", daemon=True)
            for at, pulse in enumerate(self.pulse.pulses)
        ]
        self._more = threading.Event()  # one has just begun to look: there may be another picture
        self._told: tuple[EyeTrouble, ...] = ()
        self._resting: dict[str, set[str]] = {}  # by camera, where there are any
        self._rests_told = True
        self._reported_s = self._now_s()

    async def __aiter__(self) -> AsyncIterator[Noticed | Watched]:
        while True:
            while self._noticed:
                yield self._noticed.popleft()
            if self._defect is not None:
                raise self._defect
            if (report := self._report()) is not None:
                yield report
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # wait_for() may lose a cancellation
                    await self._news.wait()

    async def show(self, light: Light) -> None:
        """They have no light."""

    def rest(self, resting: Mapping[str, Sequence[str]]) -> None:
        """Which detectors of each camera rest from now on; all others work."""
        self._watcher.rest(resting)
        now = {camera: set(detectors) for camera, detectors in resting.items() if detectors}
        self._rests_told, self._resting = self._rests_told and now == self._resting, now

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Every thread has ended: none looks into a slot that is gone."""
        self._stop.set()
        self._more.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    # --- inside -------------------------------------------------------------------------------------------------

    def _tell(self, noticed: Noticed) -> None:
        """From a thread."""
        with contextlib.suppress(RuntimeError):  # the loop has just ended
            self._loop.call_soon_threadsafe(self._take, noticed)

    def _take(self, noticed: Noticed) -> None:
        self._noticed.append(noticed)
        self._news.set()

    def _report(self) -> Watched | None:
        now_s, troubles = self._now_s(), self._watcher.troubles()
        self.counters.frames = self._watcher.pictures
        seconds = now_s - self._reported_s
        news = _which(troubles) != _which(self._told) or not self._rests_told
        if seconds < (NEWS_S if news else REPORT_S):
            return None
        self._reported_s, self._told, self._rests_told = now_s, troubles, True
        return Watched(
            seconds=round(seconds, 1),
            cameras=self._watcher.looked(),
            troubles=troubles,
            at_ns=self._clock.utc_ns(),
            monotonic_ns=self._clock.monotonic_ns(),
        )

    def _work(self, pulse: Pulse, first: bool) -> None:
        """One thread, to its end."""
        nap_s = NAP_S
        try:
            while not self._stop.is_set():
                pulse.beat()
                found = self._watcher.turn(self._more.set)
                if found is None:
                    self._wait(nap_s if first else 0.0)
                nap_s = min(NAP_MOST_S, 1.5 * nap_s) if found is None else NAP_S
                for noticed in found or ():
                    self._tell(noticed)
        except Exception as error:  # noqa: BLE001 - a defect of ours: told to the supervisor by whoever reads
            self._defect = error
        finally:
            pulse.rest()

    def _wait(self, nap_s: float) -> None:
        """For a while, or until woken."""
        if nap_s:
            time.sleep(nap_s)  # an event with a time limit costs five times as much
        elif self._more.wait(REST_S):
            self._more.clear()

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def threads() -> int:
    """How many look at once."""
    return max(1, min(THREADS_MOST, len(os.sched_getaffinity(0))))


def _which(troubles: tuple[EyeTrouble, ...]) -> set[tuple[str, str, str]]:
    return {(one.camera, one.detector, one.code) for one in troubles}


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Eyes]:  # noqa: ARG001
    """Look at the cameras from now on. Raises DeviceError."""
    with contextlib.ExitStack() as slots:
        lent = [slots.enter_context(_slot(one)) for one in settings.cameras]
        eyes = Eyes(await asyncio.to_thread(_watcher, settings, lent, clock), clock)
        eyes.start()
        try:
            yield eyes
        finally:
            await eyes.close()


def _watcher(settings: Settings, slots: list[FrameSlot], clock: Clock) -> Watcher:
    """Loads libraries and networks: a second or more, in which the loop goes on."""
    import cv2

    from agent.pipelines import detectors
    from agent.pipelines.eye import Eye
    from agent.pipelines.networks import Networks
    from agent.pipelines.watcher import Watcher

    cv2.setNumThreads(1)  # the threads are ours
    networks = Networks(settings.models)
    wanted = {detector for camera in settings.cameras for detector in camera.watch.sees}
    plans, off = detectors.usable(detectors.PLANS, wanted, networks)
    cameras = zip(settings.cameras, slots, strict=True)
    return Watcher([Eye(camera, slot, plans, networks, clock) for camera, slot in cameras], off)


def _slot(camera: WatchedCamera) -> FrameSlot:
    try:
        return FrameSlot.open(camera.slot)
    except (OSError, ValueError) as error:
        raise _no_slot(camera.name, str(error)) from error
