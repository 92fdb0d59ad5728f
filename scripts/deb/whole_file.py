"""A file of root's is whole or as it was, whenever the power goes. A part of install-version and of update-version."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """On the disk when this returns; everybody may read it."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.chmod(0o644)
    fresh.replace(path)
    synced(path.parent)


def synced(folder: Path) -> None:
    """What was put into a folder, or away from it, is so on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
