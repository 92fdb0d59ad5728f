"""A test's folder for another user: pytest closes its own to everybody else."""

from __future__ import annotations

import tempfile
from pathlib import Path


def reachable(folder: Path) -> None:
    """Others may go into this folder; of those above it, only pytest's own are touched, never the system's."""
    system = Path(tempfile.gettempdir())
    for one in (folder, *folder.parents):
        if one == system or not one.is_relative_to(system):
            return
        one.chmod(0o755)
