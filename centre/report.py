"""What the centre holds of each school: how far, with which gaps, and what it refused."""

from __future__ import annotations

import msgspec

from centre.database import Database
from centre.wire import now_text

GAPS_SHOWN = 20
GAPS = """
select s.sequence + 1, s.following - 1 from (
  select sequence, lead(sequence) over (order by sequence) as following from event where stream = ? and sequence >= ?) s
where s.following > s.sequence + 1 order by s.sequence limit ?
"""


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one epoch."""

    through: int  # contiguous prefix; quarantined and lost ranges count as present
    highest: int
    events: int
    gaps: list[tuple[int, int]]  # ranges missing beyond the prefix, and not explained
    losses: list[tuple[int, int]]
    quarantined: int
    conflicts: int


class SchoolReport(msgspec.Struct, frozen=True, kw_only=True):
    """One school."""

    school: str
    state: str
    epoch: str
    seen: str
    epochs: dict[str, dict[str, LaneReport]]
    ahead: int
    refused: dict[str, int]


def report(database: Database, school: str) -> SchoolReport:
    """All that is known of a school. Raises StoreDown."""
    presence = database.execute("select state, epoch, seen_ns from presence where school = ?", (school,))
    state, epoch, seen_ns = presence[0] if presence else ("never seen", "", 0)
    epochs: dict[str, dict[str, LaneReport]] = {}
    sql = "select id, epoch, lane, through, highest, events from stream where school = ? order by id"
    for stream, name, lane, through, highest, events in database.execute(sql, (school,)):
        epochs.setdefault(name, {})[lane] = _lane(database, stream, through, highest, events)
    (ahead,) = database.execute("select count(*) from ahead where school = ?", (school,))[0]
    refused = database.execute("select reason, count from refusal where school = ?", (school,))
    return SchoolReport(
        school=school,
        state=state,
        epoch=epoch,
        seen=now_text(seen_ns) if seen_ns else "",
        epochs=epochs,
        ahead=ahead,
        refused=dict(refused),
    )


def _lane(database: Database, stream: int, through: int, highest: int, events: int) -> LaneReport:
    losses = database.execute("select first, last from loss where stream = ? order by first", (stream,))
    aside = "select coalesce(sum(last - first + 1), 0) from quarantine where stream = ?"
    (quarantined,) = database.execute(aside, (stream,))[0]
    (conflicts,) = database.execute("select count(*) from conflict where stream = ?", (stream,))[0]
    return LaneReport(
        through=through,
        highest=highest,
        events=events,
        gaps=_gaps(database, stream, through, highest),
        losses=[(first, last) for first, last in losses],
        quarantined=int(quarantined),
        conflicts=conflicts,
    )


def _gaps(database: Database, stream: int, through: int, highest: int) -> list[tuple[int, int]]:
    if through >= highest:
        return []
    (next_,) = database.execute("select min(sequence) from event where stream = ? and sequence > ?", (stream, through))[
        0
    ]
    if next_ is None:
        return [(through + 1, highest)]
    found = [(through + 1, next_ - 1)] if next_ > through + 1 else []
    return found + [(first, last) for first, last in database.execute(GAPS, (stream, next_, GAPS_SHOWN))]
