"""The files of firmware_cfg/ as lines, each with its reason, for which boards, and by which option.

A comment above a line is its reason; one with an empty line below it, or above a filter, is the file's own.
Raises  ValueError for a file that is not so: it is ours, and a test reads each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

ALL = "all"
FILTER = re.compile(r"\[(all|pi3|pi4|pi5)\]")
OPTION = re.compile(r"option ([a-z0-9-]+): (.+)")
OPTIONS = ("rtc-ds3231", "rtc-cell", "no-wifi", "read-only-root")


class Wanted(msgspec.Struct, frozen=True):
    """One line of a file."""

    filter: str  # all, pi3, pi4, pi5
    text: str
    why: str
    option: str = ""  # only where it is asked for

    def holds(self, family: str, options: Iterable[str]) -> bool:
        """Whether it is wanted on a board of this family."""
        return self.filter in (ALL, family) and self.asked(options)

    def asked(self, options: Iterable[str]) -> bool:
        return not self.option or self.option in options


def folder() -> Path:
    """firmware_cfg/: within the installed package, else in the source tree."""
    installed = Path(__file__).parent / "cfg"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "firmware_cfg"


def read(name: str) -> list[Wanted]:
    """The lines of one file."""
    return parse((folder() / name).read_text(encoding="utf-8"))


def parse(text: str) -> list[Wanted]:
    found: list[Wanted] = []
    now, reason = ALL, ""
    for line in text.splitlines():
        if line.startswith("#"):
            reason = f"{reason} {line.lstrip('# ')}".strip()
        elif not line.strip():
            reason = ""
        elif given := FILTER.fullmatch(line):
            now, reason = given[1], ""
        else:
            found.append(_wanted(now, line.strip(), reason))
            reason = ""
    return found


def _wanted(filter_: str, text: str, reason: str) -> Wanted:
    if not reason:
        raise ValueError(f"{text!r} has no reason above it")
    option = OPTION.fullmatch(reason)
    if option is None:
        return Wanted(filter_, text, reason)
    if option[1] not in OPTIONS:
        raise ValueError(f"{option[1]!r} is no option")
    return Wanted(filter_, text, option[2], option[1])
