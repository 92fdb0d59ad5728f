"""Real footage for simulated cameras: a folder of clips with a manifest.csv that says what each of them shows.

Shape   manifest.csv, UTF-8, a row a file: path (within the folder), task, label, group (the source), licence, sha256;
        and, if known, onset_s (the first flame) and camera ("fixed", "cctv", "handheld" ...). More columns and pictures
        are left alone. simulator/footage/ is such a folder: what may be shipped.
Raises  ClipError X-011 to X-013, X-015. Whether a clip can be decoded shows later: simulator/clip_scenes.py.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

SHIPPED = Path(__file__).with_name("footage")
MANIFEST = "manifest.csv"
COLUMNS = ("path", "task", "label", "group", "licence", "sha256")
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
VIDEOS = {".mp4", ".avi", ".mkv", ".mov", ".webm", ".gif"}
INNOCENT = {("fight", "nofight"), ("fire", "none"), ("people", "people")}
FIXED = ("cctv", "fixed", "stock fixed")  # how the manifest calls a camera that hangs on a wall


class ClipError(Exception):
    """Footage that cannot be played: code, fact, and what to do."""

    def __init__(self, code: str, what: str, *, do: str) -> None:
        super().__init__(what)
        self.code, self.what, self.do = code, what, do


class Clip(NamedTuple):
    """A row of the manifest."""

    path: Path
    name: str  # as the manifest has it
    task: str
    label: str
    group: str
    licence: str
    sha256: str
    onset_s: float | None = None
    camera: str = ""

    def check(self) -> None:
        """Whether it is the file that the manifest means. Raises ClipError."""
        try:
            with self.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            what = f"{self.path}, which the manifest names, cannot be read: {error.strerror}"
            raise ClipError("X-012", what, do=f"Put the file there, or take its row out of {MANIFEST}.") from error
        if digest != self.sha256:
            what = f"{self.path} is not the file that the manifest means: its SHA-256 is {digest[:16]}…"
            raise ClipError("X-013", what, do="Fetch the file again, or write its own SHA-256 into the row.")


def clips(folder: Path) -> list[Clip]:
    """All videos that the folder's manifest names, in its order, there or not. Raises ClipError."""
    try:
        with (folder / MANIFEST).open(encoding="utf-8", newline="") as table:
            rows = csv.DictReader(table)
            lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if lacking:
                raise _wrong(folder, f"has no column {', '.join(lacking)}")
            found = [_clip(folder, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _wrong(folder, f"cannot be read: {error}") from error
    return [clip for clip in found if clip.path.suffix.lower() in VIDEOS]


def innocent(found: Iterable[Clip]) -> list[Clip]:
    """Those in which nothing is to be noticed."""
    return [clip for clip in found if (clip.task, clip.label) in INNOCENT]


def fights(found: Iterable[Clip]) -> list[list[Clip]]:
    """The fights, clips of one source together: the source with the most of them first."""
    sources: dict[str, list[Clip]] = {}
    for clip in found:
        if (clip.task, clip.label) == ("fight", "fight"):
            sources.setdefault(clip.group, []).append(clip)
    return sorted(sources.values(), key=len, reverse=True)


def fires(found: Iterable[Clip]) -> list[Clip]:
    """Fires before a fixed camera, the one that burns soonest first."""
    burning = [clip for clip in found if (clip.task, clip.label) == ("fire", "fire") and clip.camera in FIXED]
    return sorted(burning, key=lambda clip: clip.onset_s or 0.0)


def given(folder: Path) -> list[Clip]:
    """The clips of a folder in which there must be something to notice. Raises ClipError."""
    found = clips(folder)
    if not fights(found) and not fires(found):
        what = f"{folder / MANIFEST} names neither a fight nor a fire before a fixed camera"
        do = "Rows of task fight need the label fight; rows of task fire the label fire and the camera fixed or cctv."
        raise ClipError("X-015", what, do=do)
    return found


def _clip(folder: Path, line: int, row: dict[str, str | None]) -> Clip:
    values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "onset_s", "camera")}
    empty = [name for name in ("path", "task", "label", "sha256") if not values[name]]
    if empty:
        raise _wrong(folder, f"line {line}: no {', '.join(empty)}")
    if not SHA256.fullmatch(values["sha256"]):
        raise _wrong(folder, f"line {line}: sha256 {values['sha256']!r} is no SHA-256: 64 hex digits")
    path = Path(values["path"])
    if path.is_absolute() or ".." in path.parts:
        raise _wrong(folder, f"line {line}: {path} does not lie within the folder")
    try:
        onset_s = float(values["onset_s"]) if values["onset_s"] else None
    except ValueError as error:
        raise _wrong(folder, f"line {line}: onset_s {values['onset_s']!r} is no number of seconds") from error
    return Clip(
        folder / path, values["path"], values["task"], values["label"], values["group"], values["licence"],
        values["sha256"].lower(), onset_s, values["camera"],
    )  # fmt: skip


def _wrong(folder: Path, what: str) -> ClipError:
    do = "Give a folder with a manifest.csv as docs/simulator.md describes it."
    return ClipError("X-011", f"{folder / MANIFEST} {what}", do=do)
