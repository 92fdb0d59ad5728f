"""The table evidence: what was promised, what is kept, what is over. Each function is work for one transaction."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from agent.model import Severity
from agent.outbox.group import Transaction

RANK = {severity: rank for rank, severity in enumerate(Severity)}
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


def load(transaction: Transaction) -> list[tuple[State, Kept]]:
    """Every row, in the order of acceptance."""
    sql = "select number, id, camera, kind, severity, bytes, sha256, state from evidence order by number"
    return [
        (State(state), Kept(number=number, id=id_, camera=camera, kind=kind, rank=rank, bytes=size, sha256=sha256))
        for number, id_, camera, kind, rank, size, sha256, state in transaction.execute(sql)
    ]


def promise(transaction: Transaction, id_: str, camera: str, kind: str, severity: Severity) -> None:
    """An alarm is about to give this id."""
    transaction.execute(INSERT, (id_, camera, kind, RANK[severity], int(State.PROMISED)))


def keep(transaction: Transaction, id_: str, size: int, sha256: str) -> Kept:
    """The file is on the disk."""
    sql = """update evidence set bytes = ?, sha256 = ?, state = ? where id = ?
             returning number, camera, kind, severity"""
    number, camera, kind, rank = transaction.execute(sql, (size, sha256, int(State.KEPT), id_)).fetchone()
    return Kept(number=number, id=id_, camera=camera, kind=kind, rank=rank, bytes=size, sha256=sha256)


def end(transaction: Transaction, id_: str) -> None:
    """Nothing is owed any more; the file may go."""
    transaction.execute("update evidence set state = ? where id = ?", (int(State.OVER), id_))


def forget(transaction: Transaction, id_: str) -> None:
    """The file is gone."""
    transaction.execute("delete from evidence where id = ?", (id_,))
