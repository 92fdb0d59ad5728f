"""What a replaced box must know: the meals of today and yesterday that other boxes of its school, or its own former
databases, have given, so that nobody eats twice. For the welcome, docs/protocol.md, section 4.

Only what came in these two days is read: a meal cannot come before it was given.
Bounded  the newest LEAVES_MAX of each epoch: a month that is caught up today does not keep the city's births waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from centre.corrections import Corrections, corrected
from centre.database import Database
from centre.ledger_check import LeafSeen
from centre.ledger_entry import UNREADABLE, entry_of, facts_of, read
from centre.ledger_tree import leaf_hash
from centre.money import State, settle
from centre.school_time import day_begins_ns, local, offset_min

GRANTS_MAX = 10_000
GRANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[a-z0-9][a-z0-9-]{0,31}/[0-9a-f]{16}")  # so the welcome keeps its limit
LEAVES_MAX = 20_000
PAGE = 1_000
DAY_NS = 86_400 * 1_000_000_000
OTHERS = "select 1 from stream where school = ? and lane = 'record' and epoch <> ? limit 1"
EPOCHS = "select epoch from stream where school = ? and lane = 'record' order by id"
LATEST = """
select l.idx, e.received_ns, e.body from ledger_leaf l join event e on e.stream = l.stream and e.sequence = l.sequence
where l.school = ? and l.epoch = ? and l.idx < ? order by l.idx desc limit ?
"""


def grants(database: Database, school: str, epoch: str, now_ns: int) -> list[str]:
    """`day/meal/pupil` of each, the latest first; those that the box of this epoch itself gave are left out."""
    if not database.execute(OTHERS, (school, epoch)):
        return []
    offset = offset_min(database, school)
    since_ns = day_begins_ns(now_ns, offset, days_before=1)
    days = {local(now_ns - back, offset).date().isoformat() for back in (0, DAY_NS)}
    leaves = [
        leaf for (name,) in database.execute(EPOCHS, (school,)) for leaf in _since(database, school, name, since_ns)
    ]
    account = settle(leaves, corrected(Corrections(database).of(school)))
    found = [
        f"{meal.day}/{meal.meal}/{meal.pupil}"
        for meal in reversed(account.meals)
        if meal.state in (State.PAID, State.DOUBLE)
        and meal.pupil
        and meal.day in days
        and not meal.leaf.startswith(f"{epoch}/")
    ]
    return [one for one in dict.fromkeys(found) if GRANT.fullmatch(one)][:GRANTS_MAX]


def _since(database: Database, school: str, epoch: str, since_ns: int) -> list[LeafSeen]:
    """The leaves of an epoch that came since then, in order."""
    found: list[LeafSeen] = []
    before = 2**62
    while len(found) < LEAVES_MAX and (rows := database.execute(LATEST, (school, epoch, before, PAGE))):
        fresh = [row for row in rows if row[1] >= since_ns]
        found += _read(epoch, fresh)
        if not fresh:
            break
        before = rows[-1][0]
    return found[::-1]


def _read(epoch: str, rows: list[tuple[int, int, str]]) -> Iterator[LeafSeen]:
    for idx, _, body in rows:
        try:
            event = read(body)
            facts = facts_of(event)
            yield LeafSeen(epoch, idx, event.type, event.time, leaf_hash(entry_of(event)), facts)
        except UNREADABLE:
            continue  # centre/ledger_check.py tells
