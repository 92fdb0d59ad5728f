"""The table history: stretches of time in which something was as it was. Written in the daemon's transactions.

Sparing  a row a change; what comes and goes within ten minutes stays two rows with a count; a month, 200 rows of each.
States   device: working, failed, quarantined. centre: online, offline, probing. clock: synced, unsynced, set.
         agent: started, ended; and what its next start concludes of an end that nobody wrote: killed, power.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from agent.outbox.group import Transaction

FOLD_NS = 600 * 1_000_000_000  # what is as it was before so soon comes and goes
KEPT_NS = 30 * 86_400 * 1_000_000_000
ROWS_OF_ONE = 200
LATEST = """
select part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok, readings, garbled, last_ns
from history where part = ? and name = ? order by number desc limit 2
"""
NEWEST = """
select part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok, readings, garbled, last_ns
from history where number in (select max(number) from history group by part, name)
"""
OF_ONE = """
select part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok, readings, garbled, last_ns
from history
where ((part = ? and name = ?) or part = 'agent' or (part = 'clock' and state = 'set')) and at_ns >= ? order by number
"""
EVERY = """
select part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok, readings, garbled, last_ns
from history where at_ns >= ? order by number
"""
INSERT = """
insert into history
  (part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok, readings, garbled, last_ns)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
DROP_LATEST = """
delete from history where number in
  (select number from history where part = ? and name = ? order by number desc limit ?)
"""
COUNT = """
update history set readings = readings + ?, garbled = garbled + ?, last_ns = max(last_ns, ?)
where number = (select max(number) from history where part = ? and name = ?)
"""
TOO_MANY = """
delete from history where part = ? and name = ? and number <=
  (select number from history where part = ? and name = ? order by number desc limit 1 offset ?)
"""
OLD = """
delete from history where at_ns < ?
and number not in (select max(number) from history group by part, name)
"""
SIGN_OF_LIFE = """
select accepted_ns from message where epoch = (select max(id) from epoch) and lane = ? order by first desc limit 1
"""


class Part(StrEnum):
    """What has a history."""

    DEVICE = "device"
    CENTRE = "centre"
    CLOCK = "clock"
    AGENT = "agent"


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    part: Part
    name: str = ""
    state: str
    code: str = ""
    what: str = ""
    advice: str = ""
    port: str = ""
    boot: str = ""
    at_ns: int
    first_ns: int
    times: int = 1
    clock_ok: bool = True
    readings: int = 0
    garbled: int = 0
    last_ns: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.part.value, self.name

    def same(self, other: Stretch) -> bool:
        """Whether both say the same of one thing."""
        return (self.key, self.state, self.code, self.port) == (other.key, other.state, other.code, other.port)


class Counts(msgspec.Struct, frozen=True):
    """What came of a device."""

    readings: int = 0
    garbled: int = 0
    last_ns: int = 0


class Rows(Protocol):
    """What a query gives."""

    def fetchall(self) -> list[Any]: ...


Execute = Callable[[str, Sequence[Any]], Rows]


def folded(before: Sequence[Stretch], new: Stretch) -> list[Stretch]:
    """The stretches of one thing with one more, oldest first. Pure."""
    rows = list(before)
    if new.part is Part.AGENT or len(rows) < 2 or not rows[-2].same(new) or new.at_ns - rows[-2].at_ns > FOLD_NS:
        return [*rows, new]
    old = rows.pop(-2)
    again = msgspec.structs.replace(
        new,
        first_ns=old.first_ns,
        times=old.times + new.times,
        readings=old.readings + new.readings,
        garbled=old.garbled + new.garbled,
        last_ns=max(old.last_ns, new.last_ns),
    )
    return [*rows, again]


def add(transaction: Transaction, news: Iterable[Stretch]) -> None:
    """Write what has begun, in its order."""
    for new in news:
        before = [_stretch(row) for row in reversed(transaction.execute(LATEST, new.key).fetchall())]
        after = folded(before, new)
        kept = 0
        while kept < len(before) and kept < len(after) and after[kept] == before[kept]:
            kept += 1
        if kept < len(before):
            transaction.execute(DROP_LATEST, (*new.key, len(before) - kept))
        for row in after[kept:]:
            transaction.execute(INSERT, _values(row))
        transaction.execute(TOO_MANY, (*new.key, *new.key, ROWS_OF_ONE))


def count(transaction: Transaction, key: tuple[str, str], counts: Counts) -> None:
    """What more has come within the newest stretch of one thing."""
    transaction.execute(COUNT, (counts.readings, counts.garbled, counts.last_ns, *key))


def forget(transaction: Transaction, now_ns: int) -> None:
    """What is older than a month, by a trusted clock; the newest row of each thing stays."""
    transaction.execute(OLD, (now_ns - KEPT_NS,))


def newest(execute: Execute) -> list[Stretch]:
    """The latest stretch of each thing. Raises sqlite3.Error."""
    return [_stretch(row) for row in execute(NEWEST, ()).fetchall()]


def life(execute: Execute, part: Part, name: str, since_ns: int) -> list[Stretch]:
    """One thing's stretches, the agent's own, each time the clock was set; oldest first. Raises sqlite3.Error."""
    return [_stretch(row) for row in execute(OF_ONE, (part.value, name, since_ns)).fetchall()]


def every(execute: Execute, since_ns: int) -> list[Stretch]:
    """The stretches of everything, oldest first. Raises sqlite3.Error."""
    return [_stretch(row) for row in execute(EVERY, (since_ns,)).fetchall()]


def last_sign_ns(execute: Execute) -> int:
    """UTC of the last event that was accepted; 0 if there is none. Raises sqlite3.Error."""
    rows = [row for lane in range(3) for row in execute(SIGN_OF_LIFE, (lane,)).fetchall()]
    return max((int(accepted_ns) for (accepted_ns,) in rows), default=0)


def _values(row: Stretch) -> tuple[Any, ...]:
    part, *rest = msgspec.structs.astuple(row)
    return (part.value, *(int(one) if isinstance(one, bool) else one for one in rest))


def _stretch(row: Sequence[Any]) -> Stretch:
    named = dict(zip(Stretch.__struct_fields__, row, strict=True))
    return Stretch(**named | {"part": Part(named["part"]), "clock_ok": bool(named["clock_ok"])})
