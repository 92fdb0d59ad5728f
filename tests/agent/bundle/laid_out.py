"""A box laid out in a folder, and programs of the system that say what a test wants."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from agent.bundle.gathering import Gap, Json, Said, Text
from agent.bundle.site import Site, site_of
from tests.agent.cli.command import write_config

NOW_NS = 1_795_683_600_000_000_000  # 2026-11-26T09:00:00Z


def site(folder: Path, *, more: str = "", file: Path | None = None, programs: dict[str, str] | None = None) -> Site:
    """`programs`: name -> what it prints; nothing else is found."""
    found = site_of(
        file or write_config(folder, more=more), environment={"PATH": str(folder / "bin")},
        mektep=(sys.executable, "-m", "agent"), commands=frozenset(), now_ns=NOW_NS,
    )  # fmt: skip
    for name, says in (programs or {}).items():
        program(folder, name, says)
    return found


def program(folder: Path, name: str, says: str) -> Path:
    """An executable in folder/bin."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    (folder / f"{name}.says").write_text(says)
    path.write_text(f"#!/bin/sh\nexec /bin/cat {folder}/{name}.says\n")
    path.chmod(0o755)
    return path


def by_name(said: list[Said]) -> dict[str, object]:
    """What was told, by the names of its files; what is missing under `gaps`."""
    found: dict[str, object] = {"gaps": [one.what for one in said if isinstance(one, Gap)]}
    found |= {one.name: one.told for one in said if isinstance(one, Json)}
    return found | {one.name: one.text for one in said if isinstance(one, Text)}


def seconds_since(began_s: float) -> float:
    return time.monotonic() - began_s
