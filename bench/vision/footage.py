"""A folder of labelled footage: its manifest, its licences, its frames.

Shape   manifest.csv: path, task, label, group, kind, licence, onset_s, camera and more columns that are not used here.
        `group` is the source: what is of one group is never in training and in judgement at once.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

MAY_TRAIN = ("MIT", "CC BY", "CC0", "Apache", "OpenCV", "dataset is OlafenwaMoses/FireNET (MIT")  # a licence begins so
WIDEST = 640  # frames are made no wider: the sub-stream of a camera


class Footage(msgspec.Struct, frozen=True):
    """A row of the manifest."""

    path: Path
    name: str  # the path as the manifest has it
    task: str
    label: str
    group: str
    licence: str
    onset_s: float | None
    camera: str
    sha256: str

    @property
    def may_train(self) -> bool:
        """Whether what is made of it may be shipped."""
        return self.licence.startswith(MAY_TRAIN)

    @property
    def still(self) -> bool:
        """Whether it is one picture."""
        return self.path.suffix.lower() in (".jpg", ".jpeg", ".png")


def footage(folder: Path) -> list[Footage]:
    """All rows whose file is there."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as table:
        rows = [_row(folder, row) for row in csv.DictReader(table)]
    return [row for row in rows if row.path.exists()]


def _row(folder: Path, row: dict[str, str]) -> Footage:
    onset = row.get("onset_s") or ""
    return Footage(
        folder / row["path"],
        row["path"],
        row["task"],
        row["label"],
        row["group"],
        row["licence"],
        float(onset) if onset else None,
        row.get("camera", ""),
        row["sha256"],
    )


def picture(path: Path) -> Frame | None:
    """A still, at most WIDEST on its longer side."""
    read = cv2.imread(str(path))
    return None if read is None else _small(np.asarray(read, dtype=np.uint8))


def frames(path: Path, rate: float, begin_s: float = 0.0) -> Iterator[tuple[float, Frame]]:
    """A clip as a camera of that rate sees it: (seconds, frame). The rate of the file does not show."""
    video = cv2.VideoCapture(str(path))
    own = video.get(cv2.CAP_PROP_FPS) or 25.0
    number = taken = 0
    while True:
        there, read = video.read()
        if not there:
            break
        if number / own + 1e-6 >= begin_s + taken / rate:
            yield taken / rate, _small(np.asarray(read, dtype=np.uint8))
            taken += 1
        number += 1
    video.release()


def _small(frame: Frame) -> Frame:
    scale = WIDEST / max(frame.shape[:2])
    if scale >= 1:
        return frame
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
