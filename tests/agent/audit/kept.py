"""A ledger for the tests, kept in memory: as it was signed, and as somebody has changed it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from agent.audit.audit import Report, audit
from agent.audit.findings import Finding
from agent.audit.leaf import Kept
from agent.audit.signed import trusted
from agent.audit.source import KeptNote, Piece, Source, SourceLog
from agent.ledger.entry import entry_of
from bench.ledger_year import SCHOOL, Ledger, year

LEAVES, DAYS = 2_000, 5


@cache
def _made() -> Ledger:
    return year(LEAVES, DAYS)


def ledger() -> Ledger:
    """A sound ledger of a few days, the caller's own."""
    made = copy.copy(_made())
    made.events, made.notes = list(made.events), list(made.notes)
    return made


class MemoryLog:
    """What lies in a made ledger, perhaps with the hashes beside it."""

    partial = False

    def __init__(self, made: Ledger, kept: bytes = b"", cosigned: Sequence[str] = ()) -> None:
        self.epoch = made.epoch
        self.total = len(made.events)
        self._made = made
        self._kept = kept
        self._cosigned = cosigned

    def pieces(self) -> Iterator[Piece]:
        for first in range(0, len(self._made.events), 500):
            some = self._made.events[first : first + 500]
            yield len(some), [Kept(body=body) for body in some]

    def checkpoints(self) -> list[KeptNote]:
        notes = [KeptNote(*one) for one in self._made.notes]
        return [
            KeptNote(one.note, one.sequence, also) for one, also in zip(notes, self._cosigned, strict=False)
        ] or notes

    def hashes(self) -> bytes:
        return self._kept

    def leaf(self, index: int) -> Kept | None:
        return Kept(body=self._made.events[index]) if index < len(self._made.events) else None


class Memory:
    """One school's ledgers."""

    school = SCHOOL

    def __init__(self, *logs: MemoryLog, keys: Sequence[str] = ()) -> None:
        self.keys = keys
        self.logs = logs

    def close(self) -> None:
        """Nothing is open."""


_: Source = Memory()
_log: Callable[[Ledger], SourceLog] = MemoryLog


def audited(*made: Ledger, kept: bytes = b"") -> Report:
    """By the key that the box really has."""
    logs = [MemoryLog(one, kept) for one in made]
    return audit(Memory(*logs), trusted(SCHOOL, [_made().vkey], [], []))


def hashes_of(made: Ledger) -> bytes:
    return b"".join(made.hashes)


def changed(event: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """An event with something else in it, written as a box writes."""
    content = json.loads(event)
    change(content)
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def erased(event: bytes) -> bytes:
    """The line that is left when a child's record is erased."""
    content = json.loads(event)
    entry = entry_of(content["type"], content["time"], content["data"])
    return json.dumps({"leaf": content["leaf"], "entry": entry.decode()}).encode()


def data_of(event: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event)["data"]
    return found


def codes(report: Report) -> list[str]:
    return sorted({one.code for one in report.findings})


def about(report: Report, index: int) -> list[Finding]:
    """What is said of this leaf."""
    return [one for one in report.findings if one.first <= index <= one.last]
