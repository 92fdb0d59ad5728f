"""Who looked at what of the evidence, when and why: a chain of rows, each with the hash of the one before.

There is no function here that changes or removes a row. Whoever alters or removes one in the database breaks the chain
at that place; whoever cuts the end off must also set back what `custody verify` printed elsewhere, which they cannot.
Hash      SHA-256 of the former hash and the row, as a JSON array
Raises    StoreDown; CentreError K-160 for an opening without a reason
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import msgspec

from centre.database import Database, Row
from centre.errors import CentreError
from centre.wire import now_text

WHAT = ("listed", "downloaded", "opened", "live")  # downloaded: sealed, as it came; opened: a key was put to it
BEGINNING = "0" * 64
REASON_MAX = 500
AT_ONCE = 1_000
FIND_END = "select number, hash from custody_end where id = 1"
READ = """
select number, at_ns, account, school, evidence, what, reason, hash from custody
"""
ROWS = READ + "where number > ? and ? in ('', school) and ? in ('', evidence) order by number limit ?"
LATEST = READ + "where ? in ('', school) order by number desc limit ?"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    number: int
    at: str
    account: str
    school: str
    evidence: str  # id of the file; of a live view its session; empty: a list
    what: str
    reason: str
    hash: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Of the whole chain."""

    rows: int
    hash: str  # of the last row: keep it elsewhere
    faults: list[str]


class Custody:
    """The log, on a connection of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, account: str, school: str, evidence: str, what: str, reason: str) -> int:
        """Committed when this returns; only then may anybody see anything. Returns the row's number."""
        if what in ("opened", "live") and not reason.strip():
            do = "Say why it is opened: --reason. It is kept with the name of who opened it."
            raise CentreError("K-160", "evidence is not opened without a reason", do=do)
        with self._database.transaction():
            sql = "insert into custody_end (id, number, hash) values (1, 0, ?) on conflict do nothing"
            self._database.execute(sql, (BEGINNING,))
            (number, former) = self._database.execute(FIND_END + self._database.lock)[0]
            row = (number + 1, time.time_ns(), account, school, evidence, what, reason.strip()[:REASON_MAX])
            link = _link(former, row)
            sql = (
                "insert into custody (number, at_ns, account, school, evidence, what, reason, hash) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)"
            )
            self._database.execute(sql, (*row, link))
            self._database.execute("update custody_end set number = ?, hash = ? where id = 1", (number + 1, link))
        return int(number) + 1

    def entries(self, school: str = "", evidence: str = "") -> Iterator[Entry]:
        """The oldest first."""
        return (_entry(row) for row in self._rows(school, evidence))

    def latest(self, limit: int, school: str = "") -> list[Entry]:
        """The newest first."""
        return [_entry(row) for row in self._database.execute(LATEST, (school, limit))]

    def verify(self, number: int = 0, link: str = "") -> Verdict:
        """The whole chain, and whether it goes on from a row that was printed before."""
        with self._database.snapshot():
            end = self._database.execute(FIND_END) or [(0, BEGINNING)]
            faults: list[str] = []
            former, count = BEGINNING, 0
            for row in self._rows("", ""):
                faults += _faults_of(row, count, former)
                if row[0] == number and row[7] != link:
                    faults.append(f"row {number} is not the one whose hash was kept elsewhere")
                former, count = row[7], row[0]
        if (count, former) != (end[0][0], end[0][1]):
            faults.append(f"it ends with row {count}, and {end[0][0]} were written: rows are missing at the end")
        if number > count:
            faults.append(f"row {number}, whose hash was kept elsewhere, is not there")
        return Verdict(rows=count, hash=former, faults=faults)

    def _rows(self, school: str, evidence: str) -> Iterator[Row]:
        """A few at a time: a log of years does not fit into memory."""
        after = 0
        while rows := self._database.execute(ROWS, (after, school, evidence, AT_ONCE)):
            yield from rows
            after = rows[-1][0]


def _entry(row: Row) -> Entry:
    number, at_ns, account, school, evidence, what, reason, link = row
    return Entry(
        number=number,
        at=now_text(at_ns),
        account=account,
        school=school,
        evidence=evidence,
        what=what,
        reason=reason,
        hash=link,
    )


def _faults_of(row: Row, count: int, former: str) -> list[str]:
    if row[0] != count + 1:
        return [f"rows {count + 1} to {row[0] - 1} are missing"]
    if row[7] != _link(former, row[:7]):
        return [f"row {row[0]} was altered, or the one before it"]
    return []


def _link(former: str, row: Row) -> str:
    return hashlib.sha256(former.encode() + msgspec.json.encode(row)).hexdigest()
