"""Writes a secret: readable by its owner alone, whole or not at all, on disk when the call returns."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Create or replace a file with mode 0600, atomically. Raises OSError."""
    fresh = half_made(path)
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    publish(fresh, path)


def half_made(path: Path) -> Path:
    """The name of a file that is not whole yet."""
    return path.with_name(f".{path.name}.new")


def publish(fresh: Path, path: Path) -> None:
    """Give a synced file its name, on disk when the call returns. Raises OSError."""
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
