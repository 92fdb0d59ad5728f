"""The table evidence: what was promised, what is kept, what is over. Each function is work for one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import msgspec

from agent.model import Severity
from agent.outbox.group import Transaction

RANK = {severity: rank for rank, severity in enumerate(Severity)}
LOAD = """
select number, id, camera, kind, severity, bytes, sha256, since_ns, incident, state from evidence order by number
"""
KEEP = """
update evidence set bytes = ?, sha256 = ?, since_ns = ?, state = ? where id = ?
returning number, id, camera, kind, severity, bytes, sha256, since_ns, incident
"""
INSERT = "insert into evidence (id, camera, kind, severity, state) values (?, ?, ?, ?, ?)"


class State(IntEnum):
    """As it stands in the table."""

    PROMISED = 0
    KEPT = 1
    OVER = 2


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One file that the box owes."""

    number: int  # order of acceptance
    id: str
    camera: str
    kind: str
    rank: int  # of its severity
    bytes: int  # of the sealed file
    sha256: str  # of the sealed file
    since_ns: int = 0  # by a trusted clock; 0: there was none yet
    incident: str = ""  # that it shows


def load(transaction: Transaction) -> list[tuple[State, Kept]]:
    """Every row, in the order of acceptance."""
    return [(State(state), _kept(row)) for *row, state in transaction.execute(LOAD)]


def _kept(row: Sequence[Any]) -> Kept:
    number, id_, camera, kind, rank, size, sha256, since_ns, incident = row
    return Kept(
        number=number, id=id_, camera=camera, kind=kind, rank=rank, bytes=size, sha256=sha256, since_ns=since_ns,
        incident=incident,
    )  # fmt: skip


def promise(transaction: Transaction, id_: str, camera: str, kind: str, severity: Severity) -> None:
    """An alarm is about to give this id."""
    transaction.execute(INSERT, (id_, camera, kind, RANK[severity], int(State.PROMISED)))


def keep(transaction: Transaction, id_: str, size: int, sha256: str, since_ns: int) -> Kept:
    """The file is on the disk. `since_ns`: now, if the clock is trusted, else 0."""
    return _kept(transaction.execute(KEEP, (size, sha256, since_ns, int(State.KEPT), id_)).fetchone())


def date(transaction: Transaction, now_ns: int) -> None:
    """Those that were kept while no clock was trusted count from now on."""
    transaction.execute("update evidence set since_ns = ? where since_ns = 0 and state = ?", (now_ns, int(State.KEPT)))


def belongs(transaction: Transaction, id_: str, incident: str) -> None:
    """An incident names this id as its own; another one later does not take it away."""
    transaction.execute("update evidence set incident = ? where id = ? and incident = ''", (incident, id_))


def end(transaction: Transaction, id_: str) -> None:
    """Nothing is owed any more; the file may go."""
    transaction.execute("update evidence set state = ? where id = ?", (int(State.OVER), id_))


def forget(transaction: Transaction, id_: str) -> None:
    """The file is gone."""
    transaction.execute("delete from evidence where id = ?", (id_,))


def of_incidents(transaction: Transaction) -> dict[str, str]:
    """The incident of each that is kept and shows one."""
    sql = "select id, incident from evidence where incident <> '' and state = ?"
    return dict(transaction.execute(sql, (int(State.KEPT),)).fetchall())
