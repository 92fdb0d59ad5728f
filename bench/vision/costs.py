"""What each step costs, in milliseconds of processor time of one core, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from agent.pipelines import fight, fire, people, tamper
from agent.pipelines.settings import PeopleSettings, TamperSettings
from bench.vision.seen import Seen

ROUNDS = 40


def lines(seen: Seen) -> Iterator[str]:
    """A table for frames of 640 by 360 in which something moves."""
    rng = np.random.default_rng(1)
    still = cv2.GaussianBlur(rng.integers(0, 255, (360, 640, 3), dtype=np.uint8), (0, 0), 3)
    moving = [np.roll(still, (0, 12 * step), axis=(0, 1)) for step in range(8)]
    frames = [np.asarray(frame, dtype=np.uint8) for frame in moving]
    yield "\n## Cost: CPU-ms a call, 640 x 360, this machine, one thread\n"
    yield "| step | ms | calls a second of video, busy | ms a second |\n|---|---|---|---|"
    total = 0.0
    for name, a_second, call in _steps(seen, frames):
        cost = _cost(call)
        total += cost * a_second
        yield f"| {name} | {cost:.2f} | {a_second:g} | {cost * a_second:.1f} |"
    yield f"| all, busy | | | {total:.1f} |"


def _steps(seen: Seen, frames: list[fire.Frame]) -> Iterator[tuple[str, float, Callable[[int], object]]]:
    """As often as agent/pipelines/detectors.py asks for it while something moves, with no line to be crossed."""
    motion, flicker = None, None
    size = (fire.COLUMNS, fire.ROWS)
    smalls = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in frames]
    for frame in frames[:5]:
        _, motion = fight.prepare(frame, motion)
        flicker = fire.prepare(frame, flicker)
    views, _ = fight.prepare(frames[5], motion)
    assert views is not None
    assert flicker is not None
    grey = np.asarray(cv2.resize(cv2.cvtColor(frames[0], cv2.COLOR_BGR2GRAY), (tamper.COLUMNS, tamper.ROWS)), np.uint8)
    _, known = tamper.observe(tamper.Look(grey, 0.0), None, TamperSettings(settle_s=0.0))
    crops = fire.crops(frames[0], fire.place(flicker), 0)
    look = people.Look(people.people(seen.poser.poses(frames[0]), 0.2, 16 / 9), 0.0, 16 / 9)
    shown = asked = 3.3  # a second, of ten pictures
    looks, poses = 1.25, 1.2
    yield "fight: prepare", shown, lambda n: fight.prepare(frames[n % 8], motion)
    yield "fight: prepare, not shown", 10 - shown, lambda n: fight.prepare(frames[n % 8], motion, show=False)
    yield "fight: features of both views", asked, lambda _: seen.movement(views)
    yield "fire: prepare", 5, lambda n: fire.prepare(smalls[n % 8], flicker)
    yield "fire: features of three crops", looks, lambda _: seen.things([crops.whole, crops.tile, crops.whole])
    yield "people: poses", poses, lambda n: seen.poser.poses(frames[n % 8])
    yield "people: observe", poses, lambda _: people.observe(look, None, PeopleSettings())
    yield "tamper: observe", 2, lambda n: tamper.observe(tamper.Look(grey, n / 2), known, TamperSettings())


def _cost(call: Callable[[int], object]) -> float:
    call(0)
    began = time.process_time()
    for number in range(ROUNDS):
        call(number)
    return (time.process_time() - began) * 1000 / ROUNDS
