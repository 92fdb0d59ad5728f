"""Writes what a plan changes, after a copy of what was there; and puts the last copy back.

Where    mektep-backup/NUMBER/ on the boot partition: the files by number, manifest.json tells which is which
Safe     the copy is on the card before the first change; each file is whole or as it was; the one that boots comes last
Raises   AgentError F-108 cannot be written, F-109 nothing to put back, F-112 the root would forget it
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from agent.errors import AgentError
from agent.firmware import eeprom, overlay
from agent.firmware.places import Places
from agent.firmware.plan import EEPROM, Change
from agent.firmware.program import Run

MANIFEST = "manifest.json"
UNDONE = "undone-"


class Kept(msgspec.Struct, frozen=True):
    """One file of a copy."""

    path: str  # under the root of the system; EEPROM for it
    file: str  # in the copy's folder; empty: it was not there
    link: bool = False
    stays: bool = False  # a copy for whoever mends the card by hand; undo leaves the file as it is


class Manifest(msgspec.Struct, frozen=True):
    made: str  # when, as the box's clock said
    kept: list[Kept]


def apply(changes: Sequence[Change], places: Places, run: Run, made: str) -> Path:
    """Make the changes. Returns the folder with what was there."""
    with _told(places.backups):
        folder = _copied(changes, places, made)
        for change in changes:
            _write(change, run)
    return folder


def undo(places: Places, run: Run) -> tuple[Path, list[str]]:
    """Put the newest copy back; it is renamed, so that the one before is next. Returns it, and the files."""
    newest = max(_numbers(places, undone=False), default=0)
    if not newest:
        do = "Nothing: `mektep firmware apply` was never run here, or all of it was undone."
        raise AgentError("F-109", f"there is no copy in {places.backups}", do=do)
    folder = places.backups / f"{newest:04}"
    with _told(places.backups):
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        kept = [one for one in manifest.kept if not one.stays]
        back = [EEPROM if one.path == str(EEPROM) else places.root / one.path for one in kept]
        overlay.refuse(places, back)
        for one, path in zip(kept, back, strict=True):
            before = _raw(folder / one.file) if one.file else None
            _write(Change(path, None, before, one.link), run)
        folder.rename(folder.with_name(f"{UNDONE}{newest:04}"))
    return folder, [one.path for one in kept]


@contextlib.contextmanager
def _told(where: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, msgspec.MsgspecError) as error:
        do = f"Run it with sudo, and look whether the boot partition is writable and has space. Copies are in {where}."
        raise AgentError("F-108", f"the firmware's files cannot be written: {error}", do=do) from error


def _copied(changes: Sequence[Change], places: Places, made: str) -> Path:
    folder = places.backups / f"{max(_numbers(places), default=0) + 1:04}"
    folder.mkdir(parents=True)
    kept = []
    for number, change in enumerate(changes):
        name = f"{number:02}-{change.path.name}" if change.before is not None else ""
        if change.before is not None:
            _put(folder / name, change.before)
        path = change.path if change.path == EEPROM else change.path.relative_to(places.root)
        kept.append(Kept(str(path), name, change.link, change.stays))
    _put(folder / MANIFEST, msgspec.json.encode(Manifest(made, kept)).decode())
    return folder


def _numbers(places: Places, *, undone: bool = True) -> list[int]:
    """Of the copies there are; of those that were put back, too, if so asked."""
    names = [path.name for path in places.backups.iterdir()] if places.backups.is_dir() else []
    if undone:
        names = [name.removeprefix(UNDONE) for name in names]
    return [int(name) for name in names if name.isdecimal()]


def _write(change: Change, run: Run) -> None:
    if change.path == EEPROM:
        eeprom.write(change.after or "", run)
    elif change.after is None:
        change.path.unlink(missing_ok=True)
        _sync(change.path.parent)
    elif change.link:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.unlink(missing_ok=True)
        change.path.symlink_to(change.after)
        _sync(change.path.parent)
    else:
        _put(change.path, change.after)


def _put(path: Path, text: str) -> None:
    """A file, whole or as it was, on the card when this returns; readable by all, as these are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with open(fresh, "w", encoding="utf-8", errors="surrogateescape", newline="") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.chmod(0o644)
    fresh.rename(path)
    _sync(path.parent)


def _raw(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _sync(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
