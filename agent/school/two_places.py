"""One card at two places at one moment: somebody lends it, or carries it for others. Reported, never punished.

Places  are told apart by what the readers are for: two readers of a canteen stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.events import draft
from agent.outbox.group import Transaction
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from agent.school_events import Suspicion

WALK_NS = 20_000_000_000  # nobody gets from one place to another sooner
TABLES: dict[Purpose, str] = {  # where the latest tap of a pupil at such a reader stands
    Purpose.MEALS: "select reader, boot, monotonic_ns from meal where pupil = ? order by number desc limit 1",
    Purpose.ENTRANCE: "select reader, boot, monotonic_ns from passage where pupil = ? order by number desc limit 1",
    Purpose.CLUB: "select reader, boot, monotonic_ns from visit where pupil = ? order by number desc limit 1",
}


class Seen(msgspec.Struct, frozen=True):
    """Where a pupil's card was, and when."""

    reader: str
    purpose: Purpose
    boot: str
    monotonic_ns: int


def elsewhere(here: Seen, before: Iterable[Seen]) -> Seen | None:
    """The other place at which the card was too short a time ago; None if there is none."""
    for one in before:
        apart_ns = abs(here.monotonic_ns - one.monotonic_ns)
        if one.purpose is not here.purpose and one.boot == here.boot and apart_ns < WALK_NS:
            return one
    return None


def look(transaction: Transaction, tap: Tapped, pupil: str, day: str) -> None:
    """Report a card that was taken at another place a moment ago."""
    here = Seen(tap.reader, tap.purpose, tap.boot, tap.at.monotonic_ns)
    other = elsewhere(here, _before(transaction, pupil, tap.purpose))
    if other is not None:
        found = Suspicion(rule="two_places", day=day, reader=tap.reader, other=other.reader, pupil=pupil)
        transaction.put(draft(found, tap.at, source=tap.reader))


def _before(transaction: Transaction, pupil: str, purpose: Purpose) -> Iterable[Seen]:
    for other, sql in TABLES.items():
        if other is not purpose:
            row = transaction.execute(sql, (pupil,)).fetchone()
            if row is not None:
                yield Seen(row[0], other, row[1], row[2])
