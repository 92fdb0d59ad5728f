"""What people add to what the boxes told: whose a forgotten card's meal was, where a child was, whom to forget.

A correction is a record of its own, with author and reason: no event is ever changed by one, and none is taken back.
Only erasure touches former ones: the child in them is forgotten, too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from centre.database import Database
from centre.money import Assigned, Corrected
from centre.wire import now_text

B = TypeVar("B", bound=msgspec.Struct)


class MealOf(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the meal of a forgotten card was."""

    leaf: str
    pupil: str
    day: str
    meal: str
    programme: str
    tenge: int
    reason: str


class AttendanceOf(msgspec.Struct, frozen=True, kw_only=True):
    """Where a child was on a day."""

    pupil: str
    day: str
    state: str  # present, late, left_early, absent
    reason: str


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A child was forgotten: who it was is not said."""

    events: int
    leaves: int
    unpaid: list[str]  # of its leaves: what was not paid before, and cannot be found out any more
    reason: str


KINDS: dict[str, type[msgspec.Struct]] = {"meal": MealOf, "attendance": AttendanceOf, "erasure": Erasure}


class Correction(msgspec.Struct, frozen=True):
    """One row."""

    id: int
    made: str
    author: str
    kind: str
    body: msgspec.Struct


class Corrections:
    """The table, within the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, school: str, author: str, body: msgspec.Struct) -> None:
        kind = next(kind for kind, type_ in KINDS.items() if isinstance(body, type_))
        sql = "insert into correction (school, made_ns, author, kind, body) values (?, ?, ?, ?, ?)"
        self._database.execute(sql, (school, time.time_ns(), author, kind, msgspec.json.encode(body).decode()))

    def of(self, school: str) -> list[Correction]:
        sql = "select id, made_ns, author, kind, body from correction where school = ? order by id"
        return [
            Correction(id_, now_text(made_ns), author, kind, msgspec.json.decode(body, type=KINDS[kind]))
            for id_, made_ns, author, kind, body in self._database.execute(sql, (school,))
        ]

    def forget(self, school: str, pupil: str) -> None:
        """Take a child out of what was corrected; what it meant for the money stays."""
        for one in self.of(school):
            if isinstance(one.body, MealOf | AttendanceOf) and one.body.pupil == pupil:
                body = msgspec.structs.replace(one.body, pupil="")
                sql = "update correction set body = ? where id = ?"
                self._database.execute(sql, (msgspec.json.encode(body).decode(), one.id))


def bodies(corrections: Sequence[Correction], type_: type[B]) -> list[B]:
    return [one.body for one in corrections if isinstance(one.body, type_)]


def corrected(corrections: Sequence[Correction]) -> Corrected:
    """What they mean for the money. Of two for one leaf the first holds."""
    assigned: dict[str, Assigned] = {}
    for one in bodies(corrections, MealOf):
        assigned.setdefault(one.leaf, Assigned(one.pupil, one.programme, one.tenge))
    unpaid = frozenset(leaf for one in bodies(corrections, Erasure) for leaf in one.unpaid)
    return Corrected(assigned, unpaid)
