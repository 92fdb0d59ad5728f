"""What a bundle looks at: the configuration as far as it can be read, the folders, the system's root, a way to ask
programs. Everything is reached from here, so that a test can lay out another box.
"""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent import config
from agent.config import Config, ConfigError, StatePlaces
from agent.strict import Problem

PROGRAM_BYTES = 1 << 20


class Missing(Exception):
    """Something could not be told, in words for support."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One box at one moment."""

    file: Path
    config: Config | None = None  # None: it cannot be used, and `problems` says why
    problems: list[Problem] = []
    document: dict[str, Any] = {}  # the file as TOML has it
    places: StatePlaces = StatePlaces()
    root: Path = Path("/")
    environment: dict[str, str] = {}  # for programs
    mektep: tuple[str, ...] = ()  # how a command of ours is called
    commands: frozenset[str] = frozenset()  # that there are
    now_ns: int

    @property
    def school(self) -> str:
        said = self.document.get("school")
        return self.config.school if self.config else said if isinstance(said, str) else ""

    def path(self, name: str) -> Path:
        """A path of the box, under the root."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """A small file; empty if it is not there or cannot be read."""
        return read(self.path(name))

    def ask(self, words: Sequence[str], *, limit_bytes: int = PROGRAM_BYTES, fine: Sequence[int] = (0,)) -> str:
        """What a program of the system says, as far as the limit; its words are English. Raises Missing."""
        english = {**self.environment, "LC_ALL": "C"}
        try:
            with subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=english
            ) as program:
                said = program.stdout.read(limit_bytes) if program.stdout else b""
                whole = len(said) < limit_bytes
                if not whole:
                    program.kill()
        except OSError as error:
            raise Missing(f"{words[0]}: {error.strerror}") from error
        if whole and program.returncode not in fine:
            raise Missing(f"{words[0]} ended with {program.returncode}")
        text = said.decode(errors="replace")
        return text if whole else whole_lines(text)


def whole_lines(text: str) -> str:
    """Of a text that was cut: a number must not lose the digits by which it is known."""
    return text[: text.rfind("\n") + 1]


def site_of(
    file: Path, *, environment: dict[str, str], mektep: tuple[str, ...], commands: frozenset[str], now_ns: int
) -> Site:
    """The box on which this runs; a configuration that cannot be used keeps nothing from being looked at."""
    found, problems = None, []
    try:
        found = config.load(file)
    except ConfigError as error:
        problems = error.problems
    document = _document(file)
    return Site(
        file=file, config=found, problems=problems, document=document, environment=environment, mektep=mektep,
        commands=commands, now_ns=now_ns, places=found.state if found else _places(document),
    )  # fmt: skip


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _places(document: dict[str, Any]) -> StatePlaces:
    """Of a configuration with mistakes elsewhere; else where they are by default."""
    try:
        return msgspec.convert(document.get("state", {}), StatePlaces)
    except msgspec.ValidationError:
        return StatePlaces()
