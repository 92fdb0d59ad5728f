"""What the centre wants this box to run, as it lies on the disk; and the two files by which root is asked and answers.

Files    updates/staged.json, updates/VERSION.tar in the state directory; updates/wish.json is for root, and
         outcome.json in root's own folder is its answer (scripts/deb/update_version.py)
Raises   OSError where the disk refuses
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import msgspec

from agent.private_file import write_private

ROOTS_FOLDER = Path("/var/lib/mektep-update")
INSTALLER = Path("/usr/lib/mektep/update-version")
S = TypeVar("S", bound=msgspec.Struct)


class Step(StrEnum):
    FETCH = "fetch"  # the archive is not here yet
    INSTALL = "install"  # root is to build it beside the one that runs
    SWITCH = "switch"  # it is built, and waits for its hour
    TRIAL = "trial"  # it was switched to
    OVER = "over"  # kept, undone or failed; `said` tells which


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """One version that is to run."""

    version: str
    url: str
    sha256: str  # of the archive
    bytes: int
    not_before_ns: int  # UTC; 0: at once
    deadline_ns: int  # from then on also in school hours; 0: never in school hours
    within_s: int
    bytes_per_s: int
    order: int
    step: Step = Step.FETCH
    said: str = ""  # why it waits, or how it ended; for `mektep update show`


class Outcome(msgspec.Struct, frozen=True):
    """Root's answer to the last wish."""

    wish: dict[str, str]
    done: bool
    said: str
    version: str = ""
    again: bool = False  # it may be granted later

    @property
    def asks(self) -> dict[str, str]:
        """What was wished, whichever time."""
        return {key: value for key, value in self.wish.items() if key != "id"}


class Shelf:
    """folder: state/updates. roots: where root answers."""

    def __init__(self, folder: Path, roots: Path = ROOTS_FOLDER) -> None:
        self.folder = folder
        self._staged, self._wish, self._outcome = folder / "staged.json", folder / "wish.json", roots / "outcome.json"

    def read(self) -> Staged | None:
        return _decoded(self._staged, Staged)

    def note(self, staged: Staged) -> Staged:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._staged, msgspec.json.encode(staged))
        return staged

    def archive(self, staged: Staged) -> Path:
        return self.folder / f"{staged.version}.tar"

    def tidy(self, keep: Staged | None) -> None:
        """Archives of versions that nobody wants any more."""
        for path in self.folder.glob("*.tar*"):
            if keep is None or not path.name.startswith(f"{keep.version}.tar"):
                path.unlink(missing_ok=True)

    def wish(self, **words: str) -> dict[str, str]:
        """Ask root; it looks at once. Returns the wish, which is like no other: an old answer is none to it."""
        wish = {**words, "id": uuid4().hex}
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._wish, msgspec.json.encode(wish))
        return wish

    def withdraw(self) -> None:
        """What root has not begun with it is not to do."""
        self._wish.unlink(missing_ok=True)

    def answer(self, wish: dict[str, str]) -> Outcome | None:
        """Root's answer to that very wish; None: there is none yet."""
        if self._wish.exists():
            return None
        found = self.told()
        return found if found is not None and found.wish == wish else None

    def told(self) -> Outcome | None:
        """What root said last."""
        return _decoded(self._outcome, Outcome)


def _decoded(path: Path, type_: type[S]) -> S | None:
    """None where it is not there, or is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
