"""The eyes and their cameras, all detectors on: what a stream costs, idle and busy; how many two cores can watch.

Counted  the cells of the cameras and of the eyes, by the kernel's own clock of each process, as the daemon starts them.
Streams  files of 640 by 360 at 15 a second, played at their own pace: an empty room with a sensor's noise, or one in
         which somebody walks all the time, so that every gate is open.
Beside   the same detectors over every picture, nothing gated, in this process.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import av
import msgspec

from agent.cells.slots import slots_of
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.pipelines.detectors import PLANS, usable
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.watch import Detects, Line, Watch
from agent.watching.eyes import added, with_eyes
from bench.figure import Figure
from bench.kept import Kept, kept, until
from bench.proc import cpu_s, proportional_bytes
from drivers.cameras.file import Settings
from drivers.driver import Source
from drivers.frame_slot import Picture
from drivers.readings import Looked, Reading, Watched
from simulator.scenes import Sight, write_video

RATE = 15
CLIP_S = 20
SETTLE_S = 32.0  # loaded, every place learned, and the first report is over
WATCHED_S = 60.0
MANY = 8
IDLE_MS, BUSY_MS, THIRD = 15.0, 150.0, 1 / 3
MEMORY_MB = 800.0
SKIPPED = 0.02  # of the pictures: more, and the votes miss some
ALL = Watch(sees=list(Detects))
EVERY = 45  # pictures, for what analysing each one costs


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        idle, busy = Path(name) / "idle.mkv", Path(name) / "busy.mkv"
        write_video(idle, [(Sight.EMPTY, CLIP_S)], width=640, height=360, rate=RATE)
        write_video(busy, [(Sight.CLEAR, CLIP_S)] * 2, width=640, height=360, rate=RATE)
        one_idle, one_busy = await _watched(idle, 1), await _watched(busy, 1)
        every_ms = await asyncio.to_thread(_every_picture_ms, busy)
        many = await _watched(busy, MANY)
    return [
        _cost("idle", one_idle, IDLE_MS),
        _cost("busy", one_busy, BUSY_MS),
        _beside(one_busy, every_ms),
        *_many(many),
    ]


class Run(msgspec.Struct, frozen=True):
    """What was used, and what was done, in WATCHED_S."""

    cameras: int
    camera_ms: float  # of a core, a second of video, for each camera
    eyes_ms: float
    memory_mb: float
    looked: Looked  # all cameras together
    seconds: float

    @property
    def ms(self) -> float:
        return self.camera_ms + self.eyes_ms

    def steps(self) -> str:
        """What each detector did, a camera and second."""
        each = self.cameras * self.seconds
        return ", ".join(
            f"{name} {one.runs / each:.1f}/s {one.ms / each:.1f} ms" for name, one in self.looked.detectors.items()
        )


async def _watched(file: Path, count: int) -> Run:
    """So many cameras of this file, for a while."""
    watch = ALL
    configs = [
        SourceConfig(
            name=f"camera-{at}", kind="camera", driver="file", settings=Settings(file=str(file)), places={}, watch=watch
        )
        for at in range(count)
    ]
    reports: list[Watched] = []

    async def taken(_source: Source[Reading], reading: Reading) -> None:
        if isinstance(reading, Watched):
            reports.append(reading)

    async with slots_of([one.name for one in configs]) as slots:
        sources = list(with_eyes(configs, slots.files))
        async with kept(sources, os.environ, on_reading=taken, slots=slots.files) as cells:
            await until(lambda: all(cells.works(at) for at in range(count + 1)))
            await asyncio.sleep(SETTLE_S)
            reports.clear()
            begun, began_s = _used(cells, count), time.monotonic()
            await asyncio.sleep(WATCHED_S)
            used, seconds = _used(cells, count), time.monotonic() - began_s
            memory_mb = sum(proportional_bytes(cells.pid(at)) for at in range(count + 1)) / 1e6
    looked = Looked()
    for one in (one for report in reports for one in report.cameras.values()):
        looked = added(looked, one)
    cameras_s, eyes_s = (after - before for before, after in zip(begun, used, strict=True))
    each = 1000 / seconds / count
    told_s = sum(report.seconds for report in reports)
    return Run(count, cameras_s * each, eyes_s * each, memory_mb, looked, told_s)


def _used(cells: Kept, count: int) -> tuple[float, float]:
    """Processor seconds of the cameras' cells, and of the eyes'."""
    return sum(cpu_s(cells.pid(at)) for at in range(count)), cpu_s(cells.pid(count))


class Unshared(Scene):
    """Every network looks at every picture."""

    def take_network(self) -> bool:
        return True


def _every_picture_ms(file: Path) -> float:
    """A second of video, decoded and put before every detector, picture by picture."""
    networks, clock = Networks(), SystemClock()
    plans, _ = usable(PLANS, set(Detects), networks)
    # a line makes the counter of people look at each picture
    watch = msgspec.structs.replace(ALL, line=[Line(name="door", begin=(0.5, 0.0), end=(0.5, 1.0))])
    lookers = {name: plan.make(watch, networks) for name, plan in plans.items()}
    for looker in lookers.values():
        for gate in ("ANSWER_S", "LOOK_S", "SLOW_S"):  # nothing waits
            if hasattr(looker, gate):
                setattr(looker, gate, 0.0)
    masks, began_s = Masks([]), time.thread_time()
    with av.open(str(file)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == EVERY:
                break
            at_ns = clock.monotonic_ns()
            pixels = frame.to_ndarray(format="yuv420p").tobytes()
            scene = Unshared(Picture(number + 1, frame.width, frame.height, at_ns, at_ns, True, pixels), masks)
            scene.at_s = number / RATE
            for looker in lookers.values():
                looker.look(scene)
    return (time.thread_time() - began_s) * 1000 / EVERY * RATE


def _cost(what: str, run: Run, limit_ms: float) -> Figure:
    return Figure(
        figure=f"a watched stream of 640x360, all detectors on, {what}", value=run.ms, unit="CPU-ms a second of video",
        limit_or_peer=f"{limit_ms:.0f} ms; camera's cell {run.camera_ms:.1f}, eyes {run.eyes_ms:.1f}: {run.steps()}",
        ratio=run.ms / limit_ms, target=f"<= {limit_ms:.0f} ms", met=run.ms <= limit_ms,
    )  # fmt: skip


def _beside(run: Run, every_ms: float) -> Figure:
    return Figure(
        figure="the same, busy, beside the same detectors over every picture", value=run.ms / every_ms, unit="of it",
        limit_or_peer=f"{every_ms:.0f} CPU-ms a second of video", ratio=run.ms / every_ms, target="<= a third",
        met=run.ms <= every_ms * THIRD,
    )  # fmt: skip


def _many(run: Run) -> list[Figure]:
    looked = run.looked
    skipped = looked.skipped / max(1, looked.skipped + looked.pictures)
    rate = looked.pictures / max(1.0, run.seconds) / run.cameras
    return [
        Figure(
            figure=f"{MANY} busy streams of 640x360 on {len(os.sched_getaffinity(0))} cores: pictures skipped",
            value=100 * skipped, unit="%",
            limit_or_peer=f"{100 * SKIPPED:.0f} %; {rate:.1f} pictures a second each, late by {looked.late_ms:.0f} ms "
            f"at most, {run.ms:.0f} CPU-ms a second each",
            ratio=skipped / SKIPPED, target=f"<= {100 * SKIPPED:.0f} %", met=skipped <= SKIPPED,
        ),
        Figure(
            figure="the same: memory of all their cells (PSS)", value=run.memory_mb, unit="MB",
            limit_or_peer=f"{MEMORY_MB:.0f} MB", ratio=run.memory_mb / MEMORY_MB, target=f"<= {MEMORY_MB:.0f} MB",
            met=run.memory_mb <= MEMORY_MB,
        ),
    ]  # fmt: skip
