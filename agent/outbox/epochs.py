"""Epochs and lanes as the disk has them: what each holds, how far it is settled, where its numbering goes on.

A gap between runs was dropped or lost, and recorded in the commit that made it: it counts as settled, or the prefix
would wait for it for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from uuid import uuid4

from agent.clock import Clock
from agent.ledger import log as ledger
from agent.model import Lane
from agent.outbox.envelope import Envelope
from agent.outbox.group import Numbering
from agent.outbox.settled import Settled
from agent.outbox.upkeep import Stretch

HELD = """
select epoch, lane, min(first), max(last), sum(last - first + 1), sum(length(body)), max(accepted_ns) from message
group by epoch, lane
"""
GAPS = """
select before + 1, first - 1 from (
  select first, lag(last) over (order by first) as before from message where epoch = ? and lane = ?
) where first > before + 1
"""
Stretches = dict[tuple[int, Lane], Stretch]


Execute = Callable[..., sqlite3.Cursor]


def insert_epoch(execute: Execute, epoch: str, opened_ns: int, reason: str) -> int:
    """Write an epoch with its lanes. Returns its number."""
    sql = "insert into epoch (uuid, opened_ns, reason) values (?, ?, ?)"
    epoch_id = int(execute(sql, (epoch, opened_ns, reason)).lastrowid or 0)
    for lane in Lane:
        execute("insert into lane (epoch, lane) values (?, ?)", (epoch_id, int(lane)))
    return epoch_id


class Epochs:
    """Makes the numbering of one school's box."""

    def __init__(self, school: str, clock: Clock) -> None:
        self._school = school
        self._clock = clock

    def load(self, db: sqlite3.Connection) -> tuple[Numbering, Stretches]:
        """The current numbering, and every lane of every epoch; a fresh database gets its first epoch."""
        if db.execute("select 1 from epoch").fetchone() is None:
            db.execute("begin immediate")
            self.open(db.execute, str(uuid4()), "new")
            db.execute("commit")
        settled = {
            (epoch_id, Lane(lane)): prefix
            for epoch_id, lane, prefix in db.execute("select epoch, lane, settled from lane")
        }
        stretches = {
            (epoch_id, lane): Stretch(epoch_id, epoch, lane, Settled(prefix), prefix, prefix)
            for epoch_id, epoch in db.execute("select id, uuid from epoch order by id")
            for lane in Lane
            for prefix in (settled.get((epoch_id, lane), 0),)
        }
        self._fill(db, stretches)
        newest = stretches[max(stretches)]
        numbering = self._numbering(newest.epoch_id, newest.epoch)
        numbering.last = {lane: stretches[newest.epoch_id, lane].last for lane in Lane}
        numbering.log = ledger.load(db.execute, newest.epoch_id)
        return numbering, stretches

    def open(self, execute: Execute, epoch: str, reason: str) -> Numbering:
        """Begin an epoch, by a connection's execute or a transaction's; committed with what follows."""
        return self._numbering(insert_epoch(execute, epoch, self._clock.utc_ns(), reason), epoch)

    def _fill(self, db: sqlite3.Connection, stretches: Stretches) -> None:
        """What the disk holds of each lane; nothing that follows may be earlier than what is there."""
        for epoch_id, lane, first, last, events, size, accepted_ns in db.execute(HELD).fetchall():
            self._clock.not_before(accepted_ns)
            stretch = stretches[epoch_id, Lane(lane)]
            stretch.last, stretch.bytes = max(last, stretch.last), size
            if first + events == last + 1:
                continue
            for begin, end in db.execute(GAPS, (epoch_id, lane)):
                stretch.settled.add(begin, end)

    def _numbering(self, epoch_id: int, epoch: str) -> Numbering:
        envelopes = {lane: Envelope(self._school, epoch, lane, self._clock.boot_id) for lane in Lane}
        return Numbering(epoch_id, epoch, envelopes, dict.fromkeys(Lane, 0))
