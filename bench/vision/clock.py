"""python -m bench.vision.clock DATA: whether anything in footage is taken for a camera's clock, and hidden.

Footage  the clips of a manifest (bench/vision/footage.py), a picture a second, each over and over for FOR_S: repeating
         is what a clock is told by. Each mask is told; who reads them looks whether it is a clock.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.clock_overlay import Memory, observe
from bench.figure import Figure
from bench.vision.footage import footage, frames

FOR_S = 150.0
GREY = (320, 180)
RATE = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.vision.clock", description=__doc__)
    parser.add_argument("data", type=Path, help="a folder with manifest.csv")
    args = parser.parse_args()
    clips = [one for one in footage(args.data) if not one.still]
    masked = [one.name for one in clips if _masked(one.path, one.name)]
    hours = len(clips) * FOR_S / 3600
    print(
        Figure(
            figure="clips of footage in which something was hidden as a clock", value=len(masked), unit="",
            limit_or_peer=f"of {len(clips)}, each over and over for {FOR_S:g} s, {hours:.1f} hours in all", ratio=None,
            target="those with a clock alone", met=None, runs=len(clips),
        ).line()
    )  # fmt: skip
    return 0


def _masked(file: Path, name: str) -> bool:
    memory: Memory | None = None
    for grey, at_s in _seconds(file):
        memory = observe(grey, at_s, memory)
        if memory.box is not None:
            print(f"{name}: at {at_s:.0f} s {[round(side, 3) for side in memory.box]}", file=sys.stderr)
            return True
    return False


def _seconds(file: Path) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """A grey picture each second, and its time; the clip begins again at its end."""
    kept, length_s = [], 0.0
    for length_s, frame in frames(file, RATE):
        if length_s > FOR_S:
            break
        grey = cv2.cvtColor(cv2.resize(frame, GREY, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        kept.append((np.asarray(grey, np.uint8), length_s))
    begun_s, due_s = 0.0, 0.0
    while kept and begun_s < FOR_S:
        for grey, at_s in kept:
            if begun_s + at_s >= due_s:
                yield grey, begun_s + at_s
                due_s = begun_s + at_s + 0.999
        begun_s += length_s + 1 / RATE


if __name__ == "__main__":
    sys.exit(main())
