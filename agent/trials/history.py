"""Every configuration that this box has had, with when, by whom, and what became of it.

Files   config/NNNN.toml, the text, and NNNN.json, what is known of it; an entry is there when its JSON is
Kept    the latest KEPT; what is in force, and what was before a trial, in any case
Raises  OSError
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from agent.private_file import write_private

KEPT = 50
NAME = re.compile(r"([0-9]{4,9})\.json")
STANDS = ("in_use", "kept")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration, from the day it came."""

    number: int
    at: str  # RFC 3339
    by: str  # "centre", "technician", or an account
    sha256: str
    outcome: str  # in_use: found at a start; trial; kept; undone
    reason: str = ""  # of its undoing; a word of agent/trial_events.py
    lost: tuple[str, ...] = ()
    order: int = 0

    @property
    def stands(self) -> bool:
        """Whether it was ever more than tried."""
        return self.outcome in STANDS


class History:
    """folder: state/config."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """The oldest first. What cannot be read is left out."""
        found = [_read(path) for path in self.folder.glob("*.json") if NAME.fullmatch(path.name)]
        return sorted((one for one in found if one), key=lambda one: one.number)

    def standing(self) -> Entry | None:
        """The latest that was in force for good."""
        return next((one for one in reversed(self.entries()) if one.stands), None)

    def text(self, entry: Entry) -> bytes:
        return self._toml(entry.number).read_bytes()

    def add(self, text: bytes, *, at: str, by: str, outcome: str, order: int = 0) -> Entry:
        """On the disk when it returns."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = self.entries()
        number = 1 + max((one.number for one in entries), default=0)
        entry = Entry(number=number, at=at, by=by, sha256=sha256_of(text), outcome=outcome, order=order)
        write_private(self._toml(number), text)
        self.note(entry)
        self._forget([*entries, entry])
        return entry

    def note(self, entry: Entry) -> None:
        write_private(self.folder / f"{entry.number:04}.json", msgspec.json.encode(entry))

    def close(self, number: int, outcome: str, reason: str = "", lost: tuple[str, ...] = ()) -> None:
        """What became of a trial; nothing if it is known, or the entry is gone."""
        for one in self.entries():
            if one.number == number and one.outcome == "trial":
                self.note(msgspec.structs.replace(one, outcome=outcome, reason=reason, lost=lost))

    def _forget(self, entries: list[Entry]) -> None:
        standing = next((one.number for one in reversed(entries) if one.stands), 0)
        for one in entries[:-KEPT]:
            if one.number != standing:
                (self.folder / f"{one.number:04}.json").unlink(missing_ok=True)
                self._toml(one.number).unlink(missing_ok=True)

    def _toml(self, number: int) -> Path:
        return self.folder / f"{number:04}.toml"


def sha256_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _read(path: Path) -> Entry | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except (OSError, ValueError, RecursionError):
        return None
