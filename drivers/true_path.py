"""Where a path leads: udev gives one port many names."""

from __future__ import annotations

import os


def true_path(path: str) -> str:
    """What cannot be followed (a loop of links, a NUL in the text) is itself: it is told when it is opened."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path
