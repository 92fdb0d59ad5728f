"""Folders and files of /dev, /sys and /proc as far as they are there: what is not, or may not be read, is empty."""

from __future__ import annotations

from pathlib import Path


def inside(*folders: Path) -> list[Path]:
    """What lies in the folders, each in the order of names."""
    found = []
    for folder in folders:
        try:
            found += sorted(folder.iterdir())
        except OSError:
            continue
    return found


def text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
