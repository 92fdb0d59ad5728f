"""Eight cameras watched for as long as you like: whether the memory of daemon, cameras and eyes grows.

Measured  memory of each process that no file holds, what several share counted in parts (Pss_Anon and Pss_Shmem),
          each EACH_S: what libraries take depends on who else has them open. The first QUARTER is left out: pools and
          caches fill once. Slope by least squares over the means of BLOCKS parts, since samples that follow
          each other are alike; its range is Student's, 95 %.
Streams   files of 640 by 360 at 15 a second: somebody walks, nobody, a cloth over the lens; so that the networks work,
          suspicions are told, stills made, blurred and sealed.
"""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from agent.ops import status
from bench.box_toml import HEAD
from bench.figure import Figure
from bench.kept import until
from bench.proc import unshared_bytes
from simulator.scenes import Sight, write_video

CAMERAS = 8
EACH_S = 10.0
QUARTER = 0.25
BLOCKS = 12
STUDENT = 2.228  # 95 % of Student's t lie within it, at BLOCKS - 2 degrees of freedom
LIMIT_MB = 40.0  # an hour: a twentieth of what all of them may have
SCENES = [(Sight.CLEAR, 20), (Sight.EMPTY, 8), (Sight.CLOTH, 9), (Sight.CLEAR, 20)]
CAMERA = """
[[camera]]
name = "camera-{number}"
driver = "file"
file = "{folder}/scenes.mkv"
sees = ["tamper", "fire", "fight", "people"]
"""


class Growth(msgspec.Struct, frozen=True):
    """Of one process, or of all together."""

    name: str
    first_mb: float
    last_mb: float
    an_hour: float  # MB
    least: float
    most: float


async def measure(folder: Path, minutes: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name)
        write_video(here / "scenes.mkv", SCENES, width=640, height=360, rate=15)
        box = here / "box.toml"
        cameras = "".join(CAMERA.format(number=number, folder=here) for number in range(CAMERAS))
        box.write_text(HEAD.format(folder=here) + cameras, encoding="utf-8")
        daemon = subprocess.Popen([sys.executable, "-m", "agent", "run", str(box)], stderr=subprocess.DEVNULL)
        try:
            held, told = await _held(here / "run/status.json", minutes)
        finally:
            daemon.terminate()
            await asyncio.to_thread(daemon.wait)
    return figures(held, minutes, told)


async def _held(live: Path, minutes: float) -> tuple[dict[str, list[float]], int]:
    """MB of each process, sample by sample; and how many suspicions were told."""
    await until(lambda: (found := status.read(live)) is not None and len(found.eyes) == CAMERAS)
    samples: dict[str, list[float]] = {}
    for _ in range(round(minutes * 60 / EACH_S)):
        begun_s = time.monotonic()
        found = status.read(live)
        for name, pid in _processes(found).items() if found else ():
            samples.setdefault(name, []).append(unshared_bytes(pid) / 1e6)
        await asyncio.sleep(max(0.0, EACH_S - (time.monotonic() - begun_s)))
    found = status.read(live)
    told = found.sources["eyes"].readings if found else 0
    return samples, told


def _processes(found: status.Status) -> dict[str, int]:
    """Daemon, eyes and cameras by their numbers."""
    cells = {name: source.cell.pid for name, source in found.sources.items() if source.cell}
    return {"daemon": found.pid} | cells


def figures(samples: dict[str, list[float]], minutes: float, told: int) -> list[Figure]:
    """All together, then daemon, eyes, and the camera that grew most."""
    whole = min(len(one) for one in samples.values())
    together = [sum(one[at] for one in samples.values()) for at in range(whole)]
    of_each = [growth(name, one, minutes) for name, one in samples.items()]
    cameras = [one for one in of_each if one.name.startswith("camera-")]
    others = [one for one in of_each if one not in cameras]
    shown = [growth("all processes", together, minutes), *others, max(cameras, key=lambda one: one.an_hour)]
    return [_figure(one, minutes, told, judged=one is shown[0]) for one in shown]


def _figure(one: Growth, minutes: float, told: int, *, judged: bool) -> Figure:
    return Figure(
        figure=f"{CAMERAS} busy streams watched for {minutes:g} minutes: memory of {one.name}, growth an hour",
        value=one.an_hour, unit="MB", range=(one.least, one.most),
        limit_or_peer=f"{LIMIT_MB:g} MB; {one.first_mb:.1f} MB after a quarter, {one.last_mb:.1f} at the end; "
        f"{told} readings of the eyes",
        ratio=None, target=f"no growth within its range, and that below {LIMIT_MB:g} MB" if judged else "shown",
        met=(one.least <= 0 and one.most <= LIMIT_MB) if judged else None,
    )  # fmt: skip


def growth(name: str, samples: Sequence[float], minutes: float) -> Growth:
    """Of evenly spaced samples over so many minutes."""
    kept = samples[math.floor(QUARTER * len(samples)) :]
    if len(kept) < BLOCKS:
        raise ValueError(f"{len(kept)} samples of {name} are too few: watch for longer")
    bounds = [round(at * len(kept) / BLOCKS) for at in range(BLOCKS + 1)]
    hours = minutes / 60 / len(samples)  # from sample to sample
    x = [hours * (begin + end - 1) / 2 for begin, end in pairwise(bounds)]
    y = [sum(kept[begin:end]) / (end - begin) for begin, end in pairwise(bounds)]
    x_mean, y_mean = sum(x) / BLOCKS, sum(y) / BLOCKS
    spread = sum((one - x_mean) ** 2 for one in x)
    slope = sum((one - x_mean) * (other - y_mean) for one, other in zip(x, y, strict=True)) / spread
    left = sum((other - y_mean - slope * (one - x_mean)) ** 2 for one, other in zip(x, y, strict=True))
    error = STUDENT * math.sqrt(left / (BLOCKS - 2) / spread)
    return Growth(name, y[0], y[-1], slope, slope - error, slope + error)
