"""What a check finds: how bad it is, its code, the fact, the instruction. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import msgspec

from agent.ops.status import TroubleView


class Level(IntEnum):
    """How much it matters; the exit code follows the worst."""

    OK = 0
    NOTE = 1  # to know
    WARN = 2  # somebody should go there
    FAULT = 3  # something does not work

    @property
    def word(self) -> str:
        return self.name.lower()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found."""

    level: Level
    fact: str
    code: str = ""  # of docs/errors.md; empty if all is well
    do: str = ""
    check: str = ""  # filled in by whoever ran it


def well(fact: str) -> Finding:
    return Finding(level=Level.OK, fact=fact)


def note(code: str, fact: str, do: str) -> Finding:
    return Finding(level=Level.NOTE, code=code, fact=fact, do=do)


def warn(code: str, fact: str, do: str) -> Finding:
    return Finding(level=Level.WARN, code=code, fact=fact, do=do)


def fault(code: str, fact: str, do: str) -> Finding:
    return Finding(level=Level.FAULT, code=code, fact=fact, do=do)


def of_trouble(trouble: TroubleView, level: Level) -> Finding:
    """What the agent itself tells."""
    return Finding(level=level, code=trouble.code, fact=trouble.what, do=trouble.do)


def refused(what: str) -> Finding:
    """This user may not look."""
    return note("H-192", f"{what} cannot be looked at by this user", "Run it with sudo.")


def worst(findings: Iterable[Finding]) -> Level:
    return max((one.level for one in findings), default=Level.OK)


CHAIN = ("link", "gateway", "name", "broker", "tls", "centre")  # each needs the one before


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """Of the way to the centre the first break is the fault; what follows from it is told as to know, or not again."""
    found: list[Finding] = []
    broken, codes = False, set()
    for one in findings:
        if one.check in CHAIN and one.level >= Level.WARN:
            if one.code in codes:
                continue
            codes.add(one.code)
            found.append(msgspec.structs.replace(one, level=Level.NOTE) if broken else one)
            broken = True
        else:
            found.append(one)
    return found
