"""Tampering found in made clips, and in innocent ones; there is nothing to train."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np

from agent.pipelines import tamper
from agent.pipelines.settings import TamperSettings
from agent.pipelines.sighting import Sighting
from bench.vision.footage import Footage, frames

RATE = 2.0  # pictures a second
WITHIN_S = 10.0


class Found(msgspec.Struct, frozen=True):
    """What was told of one made clip."""

    base: str
    kind: str
    tampered: bool
    start_s: float
    told: list[Sighting]

    @property
    def after_s(self) -> float | None:
        """Seconds from the beginning of the tampering to the first word, if that came in time."""
        late = [one.at_s - self.start_s for one in self.told if 0 <= one.at_s - self.start_s <= WITHIN_S]
        return min(late, default=None)

    @property
    def false(self) -> bool:
        """Told where nothing was done, or before it was."""
        return any(not self.tampered or one.at_s < self.start_s for one in self.told)


def made(folder: Path, into: Path, seed: int) -> Path:
    """The folder of made clips, made now if it is not there. Raises CalledProcessError."""
    ready = into / f"tamper-{seed}"
    if not (ready / "labels.csv").exists():
        maker, bases = folder / "make_tamper.py", folder / "tamper_bases.csv"
        subprocess.run([sys.executable, maker, bases, ready, "--seed", str(seed)], check=True)
    return ready


def found(folder: Path) -> Iterator[Found]:
    """All made clips of a folder, watched."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            told = watch(folder / row["path"])
            yield Found(row["base"], row["kind"], row["tamper"] == "1", float(row["start_s"] or 0), told)


def watch(path: Path) -> list[Sighting]:
    """What is told of a clip."""
    memory, told = None, []
    for at_s, frame in frames(path, RATE):
        grey = cv2.resize(
            cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (tamper.COLUMNS, tamper.ROWS), interpolation=cv2.INTER_AREA
        )
        said, memory = tamper.observe(tamper.Look(np.asarray(grey, np.uint8), at_s), memory, TamperSettings())
        told += [said] if said else []
    return told


def innocent(rows: Sequence[Footage]) -> list[Footage]:
    """Clips of cameras that nobody touched: the people clips and those without fire."""
    return [row for row in rows if not row.still and (row.task == "people" or row.label == "none")]
