"""The tables score and sighting: written in the daemon's transactions, read by anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from agent.outbox.group import Transaction
from drivers.readings import Scores

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
KEPT_NS = 30 * DAY_NS
AHEAD_NS = DAY_NS  # a time later than now by so much was never true

SCORE = """
select hour, camera, detector, period, seconds, pictures, runs, hits, votes, told, looks, minutes, again
from score where hour = ? and camera = ? and detector = ? and period = ?
"""
SCORES = """
select hour, camera, detector, period, seconds, pictures, runs, hits, votes, told, looks, minutes, again
from score where hour >= ? order by hour, camera, detector, period
"""
PUT = """
insert or replace into score
  (hour, camera, detector, period, seconds, pictures, runs, hits, votes, told, looks, minutes, again)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD = "insert into sighting (camera, detector, kind, zone, score, at_ns) values (?, ?, ?, ?, ?, ?) returning id"
SIGHTINGS = """
select s.id, s.camera, s.detector, s.kind, s.zone, s.score, s.at_ns, coalesce(v.verdict, '')
from sighting s left join sighting_verdict v on v.sighting_id = s.id where s.at_ns >= ? order by s.id
"""
COUNTS = "select camera, sum(hits), sum(votes) from score where hour >= ? group by camera"
TOLD = """
select s.camera, count(*), coalesce(sum(v.verdict = 'dismissed'), 0), coalesce(sum(v.verdict = 'confirmed'), 0)
from sighting s left join sighting_verdict v on v.sighting_id = s.id where s.at_ns >= ? group by s.camera
"""
Counts = dict[int, int]


class Rows(Protocol):
    """What a query gives."""

    def fetchall(self) -> list[Any]: ...

    def fetchone(self) -> Any: ...


Execute = Callable[[str, Sequence[Any]], Rows]


class ScoreRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector of one camera came to within an hour."""

    hour: int
    camera: str
    detector: str  # empty: the camera itself
    period: str
    seconds: int = 0
    pictures: int = 0
    runs: int = 0
    hits: int = 0
    votes: int = 0
    told: int = 0
    looks: Counts = {}
    minutes: Counts = {}
    again: Counts = {}

    @property
    def scores(self) -> Scores:
        """How they are spread."""
        return Scores(looks=self.looks, minutes=self.minutes, again=self.again)


class SightingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicion that was raised as an alarm."""

    camera: str
    detector: str
    kind: str
    zone: str
    score: float
    at_ns: int
    id: int = 0
    verdict: str = ""  # empty: nobody has decided


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Of one camera, over some days."""

    hits: int = 0
    votes: int = 0
    told: int = 0
    dismissed: int = 0
    confirmed: int = 0


def score(transaction: Transaction, hour: int, camera: str, detector: str, period: str) -> ScoreRow | None:
    """What is written of an hour already; None: nothing."""
    row = transaction.execute(SCORE, (hour, camera, detector, period)).fetchone()
    return _score(row) if row else None


def put_score(transaction: Transaction, row: ScoreRow) -> None:
    """In place of what is written of that hour."""
    counts = [msgspec.json.encode(one).decode() for one in (row.looks, row.minutes, row.again)]
    transaction.execute(
        PUT,
        (
            row.hour, row.camera, row.detector, row.period, row.seconds, row.pictures, row.runs, row.hits, row.votes,
            row.told, *counts,
        ),
    )  # fmt: skip


def add_sighting(transaction: Transaction, row: SightingRow) -> int:
    """Returns its id."""
    (id_,) = transaction.execute(
        ADD, (row.camera, row.detector, row.kind, row.zone, row.score, row.at_ns)
    ).fetchone()  # fmt: skip
    return int(id_)


def forget(transaction: Transaction, now_ns: int) -> None:
    """What is older than a month, by a trusted clock."""
    oldest, latest = (now_ns - KEPT_NS) // HOUR_NS, (now_ns + AHEAD_NS) // HOUR_NS
    transaction.execute("delete from score where hour < ? or hour > ?", (oldest, latest))
    transaction.execute("delete from sighting where at_ns < ? or at_ns > ?", (now_ns - KEPT_NS, now_ns + AHEAD_NS))


def scores(execute: Execute, since_ns: int) -> list[ScoreRow]:
    """In the order of their hours. Raises sqlite3.Error."""
    return [_score(row) for row in execute(SCORES, (since_ns // HOUR_NS,)).fetchall()]


def sightings(execute: Execute, since_ns: int) -> list[SightingRow]:
    """In the order in which they were told. Raises sqlite3.Error."""
    names = ("id", "camera", "detector", "kind", "zone", "score", "at_ns", "verdict")
    rows = execute(SIGHTINGS, (since_ns,)).fetchall()
    return [SightingRow(**dict(zip(names, row, strict=True))) for row in rows]


def sums(execute: Execute, since_ns: int) -> dict[str, Sums]:
    """By camera. Raises sqlite3.Error."""
    found = {
        camera: Sums(hits=hits, votes=votes)
        for camera, hits, votes in execute(COUNTS, (since_ns // HOUR_NS,)).fetchall()
    }
    for camera, told, dismissed, confirmed in execute(TOLD, (since_ns,)).fetchall():
        before = found.get(camera, Sums())
        found[camera] = msgspec.structs.replace(before, told=told, dismissed=dismissed, confirmed=confirmed)
    return found


def _score(row: Sequence[Any]) -> ScoreRow:
    *plain, looks, minutes, again = row
    names = ScoreRow.__struct_fields__
    return ScoreRow(
        **dict(zip(names, plain, strict=False)), looks=_counts(looks), minutes=_counts(minutes), again=_counts(again)
    )


def _counts(text: str) -> Counts:
    """Empty where it is none: a damaged row says nothing, and hides no other."""
    try:
        return msgspec.json.decode(text, type=Counts)
    except msgspec.MsgspecError:
        return {}
