"""What is on the board: incidents, reports that no box has taken, alarms that came ahead; whoever waits stands first.

Raises  StoreDown
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from centre.accounts import Account
from centre.ahead import meaning
from centre.database import Database
from centre.incidents import SEVERITY, Incidents, Person
from centre.notify import time_of_day
from centre.reports import Reports
from centre.school_time import S_NS, offset_min
from centre.web.rights import sees
from centre.wire import now_text

WAITING, GOING, DECIDED = "waiting", "going", "decided"
DRILL = "drill"
GROUPS = (WAITING, GOING, DECIDED)
GROUP_OF = {"opened": WAITING, "told": WAITING, "acknowledged": GOING, "confirmed": DECIDED, "dismissed": DECIDED}
ESCALATED = frozenset({"unanswered", "undecided", "unclosed"})
AHEAD_NS = 86_400 * S_NS


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody must see."""

    key: str  # of this card on the page
    school: str
    id: str  # of the incident or report; empty: an alarm that came ahead
    group: str
    kind: str
    place: str
    certainty: str
    drill: bool
    state: str  # of the incident; sent, box_silent of a report; ahead
    since: str  # time of day at the school
    since_ns: int
    answer_by: str = ""  # RFC 3339
    answer_at: str = ""  # time of day at the school
    why: str = ""
    escalated: bool = False
    to: list[Person] = []
    by: str = ""
    by_role: str = ""
    signs: int = 0


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as one account may see it."""

    cards: list[Card]
    waiting: int  # without drills

    def of(self, group: str) -> list[Card]:
        """Drills stand by themselves: nobody takes them for the real thing, nor the other way round."""
        return [one for one in self.cards if (DRILL if one.drill else one.group) == group]

    @property
    def schools(self) -> list[tuple[str, int]]:
        """Each school with anything on the board, and how much."""
        names = sorted({one.school for one in self.cards})
        return [(name, sum(one.school == name for one in self.cards)) for name in names]


def board(database: Database, account: Account, now_ns: int, school: str = "") -> Board:
    """`school`: only this one."""
    only = account.school or school
    cards = [*_incidents(database, only), *_reports(database, only), *_ahead(database, only, now_ns)]
    seen = [one for one in cards if sees(account, one.school, one.kind, one.certainty)]
    seen.sort(key=_urgency)
    return Board(cards=seen, waiting=sum(one.group == WAITING and not one.drill for one in seen))


def _urgency(one: Card) -> tuple[int, bool, int, int]:
    return GROUPS.index(one.group), one.drill, SEVERITY.get(one.kind, len(SEVERITY)), one.since_ns


def _incidents(database: Database, school: str) -> list[Card]:
    offsets: dict[str, int] = {}
    return [
        Card(
            key=f"i-{one.school}-{one.id}",
            school=one.school,
            id=one.id,
            group=GROUP_OF.get(one.state, WAITING),
            kind=one.kind or "other",
            place=one.place,
            certainty=one.certainty,
            drill=one.drill,
            state=one.state,
            since=time_of_day(one.opened, _offset(database, one.school, offsets)),
            since_ns=one.known_ns,
            answer_by=as_time(one.answer_by),
            answer_at=time_of_day(one.answer_by, _offset(database, one.school, offsets)) if one.answer_by else "",
            why=one.why,
            escalated=one.why in ESCALATED,
            to=one.to,
            by=(one.by.name or one.by.key) if one.by else "",
            by_role=one.by.role if one.by else "",
            signs=one.signs,
        )
        for one in Incidents(database).open_now(school)
    ]


def _reports(database: Database, school: str) -> list[Card]:
    offsets: dict[str, int] = {}
    return [
        Card(
            key=f"r-{one.id}",
            school=one.school,
            id=one.id,
            group=GOING if one.answer else WAITING,
            kind=one.kind,
            place=one.place,
            certainty="certain" if one.certain else "suspected",
            drill=one.drill,
            state=one.state,
            since=time_of_day(now_text(one.made_ns), _offset(database, one.school, offsets)),
            since_ns=one.made_ns,
            by=one.answered_by,
        )
        for one in Reports(database).waiting(school)
    ]


def _ahead(database: Database, school: str, now_ns: int) -> list[Card]:
    offsets: dict[str, int] = {}
    found = []
    for one in Incidents(database).ahead(school, now_ns - AHEAD_NS):
        body = msgspec.json.encode({"type": one.type, "data": one.data}).decode()
        what = meaning(body)
        if what is None:
            continue
        found.append(
            Card(
                key=f"a-{one.school}-{one.id}",
                school=one.school,
                id="",
                group=WAITING,
                kind=what.kind,
                place=what.place,
                certainty=what.certainty,
                drill=False,
                state="ahead",
                since=time_of_day(one.at, _offset(database, one.school, offsets)),
                since_ns=one.received_ns,
            )
        )
    return found


def _offset(database: Database, school: str, known: dict[str, int]) -> int:
    if school not in known:
        known[school] = offset_min(database, school)
    return known[school]


def as_time(text: str) -> str:
    """An RFC 3339 time as it is; empty for anything else: a browser counts down to it."""
    try:
        return text if datetime.fromisoformat(text).tzinfo else ""
    except ValueError:
        return ""
