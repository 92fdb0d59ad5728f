"""What is examined: the roots of /sys, /proc and /etc, the configuration, the agent's picture, a way to ask programs.

Everything that a check looks at is reached from here, so that a test can lay out another box.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from agent.config import Config, StatePlaces
from agent.ops.status import Status
from agent.strict import Problem

PROGRAM_S = 4.0
Run = Callable[[Sequence[str]], "str | None"]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One box at one moment."""

    root: Path = Path("/")
    file: Path = Path("/etc/mektep/agent.toml")
    config: Config | None = None  # None: it cannot be used, and `problems` says why
    problems: list[Problem] = []
    picture: Status | None = None  # the agent's last one
    alive: bool = False  # the agent
    now_ns: int = 0
    run: Run  # a program's output; None if it is not there or fails
    environment: dict[str, str] = {}  # for a process that looks at devices
    patience_s: float = 5.0  # for one check that could take for ever

    @property
    def places(self) -> StatePlaces:
        return self.config.state if self.config else StatePlaces()

    def path(self, name: str) -> Path:
        """A path of the box, under the root."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """A file of the kernel's; empty if it is not there or cannot be read."""
        return read(self.path(name))

    def under(self, pattern: str) -> list[Path]:
        """Paths of the box that fit, in order."""
        try:
            return sorted(self.root.glob(pattern.lstrip("/")))
        except OSError:
            return []


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def number(text: str, base: int = 10) -> int | None:
    """None if it is none."""
    try:
        return int(text, base)
    except ValueError:
        return None


def asking(environment: Mapping[str, str]) -> Run:
    """Runs programs of the system; their words are English."""
    english = {**environment, "LC_ALL": "C"}

    def ask(words: Sequence[str]) -> str | None:
        try:
            done = subprocess.run(words, capture_output=True, timeout=PROGRAM_S, check=False, env=english)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode(errors="replace") if done.returncode == 0 else None

    return ask
