"""The centre's database: its events, the hash that it noted for each leaf on receipt, its checkpoints.

Tables  stream, event, ledger_leaf, ledger_entry (of erased children), ledger_checkpoint, school, school_key.
Kept    a leaf whose event is not there any more is `gone`: the centre promises to have them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from agent.audit.leaf import Kept
from agent.audit.rows import Rows
from agent.audit.source import KeptNote, Piece
from agent.errors import AgentError
from agent.ledger.note import KEY_BYTES, Kind, Verifier
from agent.ledger.origin import origin_of

TABLES = {"stream", "event", "ledger_leaf", "ledger_entry", "ledger_checkpoint"}
SCHOOLS = "select distinct school from stream order by school"
EPOCHS = """
select e.epoch, (select count(*) from ledger_leaf l where l.school = ? and l.epoch = e.epoch)
from (select epoch from ledger_leaf where school = ? union select epoch from ledger_checkpoint where school = ?) e
left join stream s on s.school = ? and s.epoch = e.epoch and s.lane = 'record' order by s.id is null, s.id
"""
LEAVES = """
select l.idx, l.sequence, l.entry_hash, e.body, x.entry from ledger_leaf l
left join event e on e.stream = l.stream and e.sequence = l.sequence
left join ledger_entry x on x.school = l.school and x.epoch = l.epoch and x.idx = l.idx
where l.school = ? and l.epoch = ?{one} order by l.idx, l.stream, l.sequence
"""
ALL_LEAVES, ONE_LEAF = LEAVES.format(one=""), LEAVES.format(one=" and l.idx = ?")
NOTES = "select note, sequence, cosigned from ledger_checkpoint where school = ? and epoch = ? order by sequence"
KEYS = ("select key from school where name = ?", "select key from school_key where school = ?")


class CentreLog:
    """One epoch."""

    partial = False

    def __init__(self, rows: Rows, school: str, epoch: str, total: int) -> None:
        self.epoch = epoch
        self.total = total
        self._rows = rows
        self._key = (school, epoch)

    def pieces(self) -> Iterator[Piece]:
        for rows in self._rows.stream(ALL_LEAVES, self._key):
            yield len(rows), [_kept(*row) for row in rows]

    def checkpoints(self) -> list[KeptNote]:
        return [KeptNote(*row) for row in self._rows.all(NOTES, self._key)]

    def hashes(self) -> bytes:
        return b""  # they come with the leaves

    def leaf(self, index: int) -> Kept | None:
        found = self._rows.all(ONE_LEAF, (*self._key, index))
        return _kept(*found[0]) if found else None


class CentreDatabase:
    """One school of it. Raises AgentError A-101."""

    def __init__(self, rows: Rows, school: str) -> None:
        self._rows = rows
        schools = [name for (name,) in rows.all(SCHOOLS)]
        if school not in schools and (school or len(schools) != 1):
            do = f"Give one of them with --school: {', '.join(schools[:20])}." if schools else "Give another database."
            what = (
                f"there is no ledger of {school} in it" if school else f"it has the ledgers of {len(schools)} schools"
            )
            raise AgentError("A-101", what, do=do)
        self.school = school or schools[0]
        epochs = rows.all(EPOCHS, (self.school,) * 4)  # also one of which nothing but a checkpoint is left
        self.logs = [CentreLog(rows, self.school, epoch, total) for epoch, total in epochs]
        self.keys = self._said() if self.logs else []

    def close(self) -> None:
        self._rows.close()

    def _said(self) -> list[str]:
        """The keys under which the centre has registered this school's boxes."""
        tables = self._rows.tables()
        wanted: Sequence[Any] = [sql for sql in KEYS if sql.split()[3] in tables]
        found = chain.from_iterable(self._rows.all(sql, (self.school,)) for sql in wanted)
        origin = origin_of(self.school, self.logs[0].epoch)
        keys = dict.fromkeys(bytes(key) for (key,) in found)
        return [str(Verifier(origin, Kind.LOG, key)) for key in keys if len(key) == KEY_BYTES]


def _kept(index: int, sequence: int, stored: bytes, body: str | None, entry: str | None) -> Kept:
    if entry:
        return Kept(index, sequence, entry=entry.encode(), stored=bytes(stored))
    return Kept(index, sequence, body=(body or "").encode(), stored=bytes(stored))
