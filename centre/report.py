"""What the centre holds of each school: how far, with which gaps, and what it refused."""

from __future__ import annotations

import msgspec

from centre.database import Database
from centre.school.kept import sealed_for_another
from centre.wire import now_text

GAPS_SHOWN = 20
GAPS = """
with present as (
  select sequence as first, sequence as last from event where stream = ? and sequence > ?
  union all select first, last from loss where stream = ? and last > ?
  union all select first, last from quarantine where stream = ? and last > ?),
ordered as (
  select first, max(last) over (order by first, last rows between unbounded preceding and 1 preceding) as before
  from present)
select coalesce(before, ?) + 1, first - 1 from ordered
where first > coalesce(before, ?) + 1 order by first limit ?
"""


class LaneReport(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one epoch."""

    through: int  # contiguous prefix; quarantined and lost ranges count as present
    highest: int
    events: int
    gaps: list[tuple[int, int]]  # ranges missing beyond the prefix, and not explained; the first ones
    losses: list[tuple[int, int]]
    quarantined: int
    conflicts: int


class SchoolReport(msgspec.Struct, frozen=True, kw_only=True):
    """One school."""

    school: str
    state: str  # of the last birth or death: online, offline; or never seen
    epoch: str  # of the last birth or death
    seen: str  # when anything last came: birth, death or event
    epochs: dict[str, dict[str, LaneReport]]
    ahead: int
    refused: dict[str, int]
    sealed_for_another: list[str] = []  # datasets that this box cannot open: it has replaced the one they were made for


class Told(msgspec.Struct, frozen=True):
    """What is needed of a birth."""

    recipient: str = ""


def report(database: Database, school: str) -> SchoolReport:
    """All that is known of a school. Raises StoreDown."""
    presence = database.execute("select state, epoch, seen_ns, body from presence where school = ?", (school,))
    state, epoch, seen_ns, body = presence[0] if presence else ("never seen", "", 0, "")
    epochs: dict[str, dict[str, LaneReport]] = {}
    sql = "select id, epoch, lane, through, highest, events from stream where school = ? order by id"
    for stream, name, lane, through, highest, events in database.execute(sql, (school,)):
        epochs.setdefault(name, {})[lane] = _lane(database, stream, through, highest, events)
        seen_ns = max(seen_ns, _latest(database, stream))
    (ahead,) = database.execute("select count(*) from ahead where school = ?", (school,))[0]
    refused = database.execute("select reason, count from refusal where school = ? order by reason", (school,))
    return SchoolReport(
        school=school,
        state=state,
        epoch=epoch,
        seen=now_text(seen_ns) if seen_ns else "",
        epochs={name: dict(sorted(lanes.items())) for name, lanes in epochs.items()},
        ahead=ahead,
        refused=dict(refused),
        sealed_for_another=sealed_for_another(database, school, _recipient(body)),
    )


def _recipient(body: str) -> str:
    return msgspec.json.decode(body, type=Told).recipient if body else ""


def _latest(database: Database, stream: int) -> int:
    """When the last of its events came, by sequence: the whole stream is not read for this."""
    rows = database.execute("select received_ns from event where stream = ? order by sequence desc limit 1", (stream,))
    return int(rows[0][0]) if rows else 0


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
    beyond = (stream, through)
    return [
        (int(first), int(last)) for first, last in database.execute(GAPS, beyond * 3 + (through, through, GAPS_SHOWN))
    ]
