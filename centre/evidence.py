"""Sealed files of the boxes: their parts as they come, the whole when its hash is right, what the records say of them.

One file is one (school, id). Its first part fixes hash and size; another file under the same id is not stored.
Raises  StoreDown; then nothing of the group is stored and nothing may be answered.
"""

from __future__ import annotations

import hashlib
import time
from bisect import insort
from collections.abc import Iterator, Sequence

import msgspec

from centre.database import Database, Row
from centre.errors import StoreDown
from centre.parts import Part, Range, fresh, joined

PIECES_MAX = 8_192  # of one file: twice what 4 KiB each would make; a box that sends crumbs must not slow the city
RANGES = "select first, length(body) from evidence_part where evidence = ? order by first"
FIND = "select id, sha256, bytes, whole_ns from evidence where school = ? and name = ?"
LISTED = """
select school, name, max(bytes), max(whole_ns), max(sealed), max(lost) from (
  select school, name, bytes, whole_ns, '' as sealed, '' as lost from evidence
  union all
  select school, name, 0, 0, case when type = 'kz.mektep.evidence.sealed.v1' then body else '' end,
         case when type = 'kz.mektep.evidence.lost.v1' then body else '' end from evidence_told) as known
where ? in ('', school) group by school, name order by school, name
"""


class Outcome(msgspec.Struct, frozen=True):
    """What is to be answered for one file."""

    school: str
    name: str
    sha256: str
    size: int
    verdict: str  # partial, whole, conflict, damaged
    have: list[Range]


class File(msgspec.Struct):
    """One row, locked until the commit."""

    id: int
    sha256: str
    size: int
    whole: bool


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One file for people: what came, and what the box has recorded of it."""

    school: str
    id: str
    state: str  # whole, partial, told (nothing came yet), lost
    bytes: int  # of the sealed file, as far as it is known
    stored: int  # bytes that have come
    camera: str
    kind: str  # snapshot, blurred, clip, bundle; empty as long as nothing is told of it
    at: str  # the moment that it shows, by the box's clock
    reason: str  # of a loss


class _Data(msgspec.Struct):
    camera: str = ""
    kind: str = ""
    bytes: int = 0
    reason: str = ""


class _Event(msgspec.Struct):
    time: str
    data: _Data


class EvidenceStore:
    """Works on the database of a centre.store.Store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- parts ----------------------------------------------------------------------------------------------------

    def store(self, parts: Sequence[Part]) -> list[Outcome]:
        """Commit a group of parts. Returns one outcome for each file that they speak of."""
        files: dict[tuple[str, str, str, int], list[Part]] = {}
        for part in parts:
            files.setdefault((part.school, part.name, part.sha256, part.size), []).append(part)
        with self._database.transaction():
            return [self._one(files[key]) for key in sorted(files)]  # in one order: two receivers cannot dead-lock

    def _one(self, parts: list[Part]) -> Outcome:
        school, name, sha256, size = parts[0].school, parts[0].name, parts[0].sha256, parts[0].size
        file = self._file(parts[0])
        if (file.sha256, file.size) != (sha256, size):
            return Outcome(school, name, sha256, size, "conflict", [])
        if file.whole:
            return Outcome(school, name, sha256, size, "whole", [(0, size - 1)])
        pieces = self._added(file.id, parts)
        have = joined(pieces)
        whole = have == [(0, size - 1)]
        if whole and self._hash(file.id) == sha256:
            self._database.execute("update evidence set whole_ns = ? where id = ?", (time.time_ns(), file.id))
            return Outcome(school, name, sha256, size, "whole", have)
        if whole or len(pieces) > PIECES_MAX:
            self._database.execute("delete from evidence_part where evidence = ?", (file.id,))
            self._database.execute("delete from evidence where id = ?", (file.id,))
            return Outcome(school, name, sha256, size, "damaged", [])
        return Outcome(school, name, sha256, size, "partial", have)

    def _added(self, file: int, parts: list[Part]) -> list[Range]:
        """Store what is new of the parts. Returns every piece that is stored now."""
        pieces = self._pieces(file)
        for part in parts:
            for first, body in fresh(part, pieces):
                sql = "insert into evidence_part (evidence, first, body) values (?, ?, ?)"
                self._database.execute(sql, (file, first, body))
                insort(pieces, (first, first + len(body) - 1))
        return pieces

    def _file(self, part: Part) -> File:
        """The file of a part, locked; made if it is new."""
        key = (part.school, part.name)
        rows = self._database.execute(FIND + self._database.lock, key)
        if not rows:
            sql = (
                "insert into evidence (school, name, sha256, bytes, received_ns) values (?, ?, ?, ?, ?) "
                "on conflict do nothing"
            )
            self._database.execute(sql, (*key, part.sha256, part.size, time.time_ns()))
            rows = self._database.execute(FIND + self._database.lock, key)
        if not rows:
            raise StoreDown("another receiver has just forgotten this file")  # all is tried again
        id_, sha256, size, whole_ns = rows[0]
        return File(id_, sha256, size, whole_ns > 0)

    def _pieces(self, file: int) -> list[Range]:
        rows = self._database.execute(RANGES, (file,))
        return [(int(first), int(first + length) - 1) for first, length in rows]

    def _hash(self, file: int) -> str:
        found = hashlib.sha256()
        for body in self._bodies(file):
            found.update(body)
        return found.hexdigest()

    def _bodies(self, file: int) -> Iterator[bytes]:
        sql = "select body from evidence_part where evidence = ? order by first"
        for (body,) in self._database.execute(sql, (file,)):
            yield bytes(body)

    # --- for people -----------------------------------------------------------------------------------------------

    def known(self, school: str = "") -> list[Known]:
        """Every file of a school, or of all, that came or was told of; oldest picture first."""
        found = [self._known(row) for row in self._database.execute(LISTED, (school,))]
        return sorted(found, key=lambda one: (one.at, one.school, one.id))

    def sealed(self, name: str, school: str = "") -> list[tuple[str, bytes]]:
        """The whole files of this id: its school, and the sealed bytes. Two schools could have made the same id."""
        sql = "select school, id from evidence where name = ? and whole_ns > 0 and ? in ('', school) order by school"
        return [(owner, b"".join(self._bodies(id_))) for owner, id_ in self._database.execute(sql, (name, school))]

    def _known(self, row: Row) -> Known:
        school, name, size, whole_ns, sealed, lost = row
        about = _event(sealed or lost)
        stored = size if whole_ns or not size else self._stored(school, name)  # size 0: only told of
        state = "whole" if whole_ns else "lost" if lost else "partial" if stored else "told"
        return Known(
            school=school,
            id=name,
            state=state,
            bytes=size or about.data.bytes,
            stored=stored,
            camera=about.data.camera,
            kind=about.data.kind,
            at=about.time,
            reason=_event(lost).data.reason if lost else "",
        )

    def _stored(self, school: str, name: str) -> int:
        sql = (
            "select coalesce(sum(length(p.body)), 0) from evidence_part p join evidence e on e.id = p.evidence "
            "where e.school = ? and e.name = ?"
        )
        return int(self._database.execute(sql, (school, name))[0][0])


def _event(body: str) -> _Event:
    """As far as a record can be read: it is the box's word, stored as it came."""
    try:
        return msgspec.json.decode(body, type=_Event)
    except msgspec.MsgspecError:
        return _Event(time="", data=_Data())
