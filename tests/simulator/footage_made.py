"""Folders of tiny made clips with a manifest, as simulator/clips.py reads them."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from simulator.encoded import Shape
from simulator.scenes import Sight, write_video

SMALL = Shape(width=96, height=54, rate=15, gop_s=0.4, bit_rate=200_000)
Row = tuple[str, str, str, str, str, str]  # path, task, label, group, onset_s, camera
ROWS: list[Row] = [
    ("calm/a.mp4", "people", "people", "a", "", "fixed"),
    ("calm/b.mp4", "fight", "nofight", "b", "", "cctv"),
    ("fight/1.mp4", "fight", "fight", "street", "", "cctv"),
    ("fight/2.mp4", "fight", "fight", "bar", "", "cctv"),
    ("fight/3.mp4", "fight", "fight", "bar", "", "cctv"),
    ("fire/late.mp4", "fire", "fire", "yard", "0.9", "cctv"),
    ("fire/soon.mp4", "fire", "fire", "shop", "0.2", "fixed"),
    ("fire/held.mp4", "fire", "fire", "hand", "0.0", "handheld"),
    ("fire/candle.mp4", "fire", "controlled", "table", "", "fixed"),
    ("pictures/p.jpg", "fire", "none", "web", "", ""),
]


def folder_of(folder: Path, rows: list[Row] | None = None, seconds: int = 1) -> Path:
    """Each clip is a second of a room, in a size and rate of its own; one that is there already stays."""
    chosen = ROWS if rows is None else rows
    for number, (name, *_) in enumerate(chosen):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".mp4" and not path.exists():
            sight = (Sight.CLEAR, Sight.EMPTY)[number % 2]
            write_video(path, [(sight, seconds)], width=64 + 16 * (number % 3), height=48, rate=(10, 12)[number % 2])
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as table:
        out = csv.writer(table)
        out.writerow(("path", "task", "label", "group", "licence", "sha256", "onset_s", "camera"))
        for name, task, label, group, onset_s, camera in chosen:
            path = folder / name
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "0" * 64
            out.writerow((name, task, label, group, "CC0", digest, onset_s, camera))
    return folder
