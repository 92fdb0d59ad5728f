"""Copies of damaged databases, beside the database: what salvage could not read, somebody else may still read.

They hold what the database held of children, and a dying card makes many. So the latest KEPT stay, KEPT_NS from their
last write on, and they give way before anything else where space is short.
"""

from __future__ import annotations

import logging
from pathlib import Path

log = logging.getLogger("agent.outbox")

KEPT = 3
KEPT_NS = 60 * 86_400 * 1_000_000_000
PARTS = ("-wal", "-shm", "")  # the file itself last: cut off by the power, the rest is found again


def name_of(database: Path, word: str) -> str:
    """Under which a copy lies there."""
    return f"{database.stem}-damaged-{word}{database.suffix}"


def copies(database: Path) -> list[Path]:
    """The oldest first. Raises OSError."""
    found = [(one.stat().st_mtime_ns, one) for one in database.parent.glob(name_of(database, "*"))]
    return [one for _, one in sorted(found)]


def keep_latest(database: Path) -> None:
    """After another one has come. Raises OSError."""
    for one in copies(database)[:-KEPT]:
        _remove(one, f"the latest {KEPT} are kept")


def forget_old(database: Path, now_ns: int) -> None:
    """By a clock that is trusted. Raises OSError."""
    for one in copies(database):
        if now_ns - one.stat().st_mtime_ns > KEPT_NS:
            _remove(one, "it is old")


def give_way(database: Path) -> bool:
    """The oldest goes. False if there is none. Raises OSError."""
    for one in copies(database)[:1]:
        _remove(one, "space is short")
        return True
    return False


def _remove(copy: Path, why: str) -> None:
    for part in PARTS:
        copy.with_name(copy.name + part).unlink(missing_ok=True)
    log.warning("%s, a copy of a damaged database, is removed: %s", copy.name, why)
