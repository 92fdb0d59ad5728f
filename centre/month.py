"""What a school is paid for one month, and everything that does not fit: leaves against statements, day by day.

Each ledger of the school is checked anew from its first leaf; nothing that was judged before is believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from centre.corrections import AttendanceOf, Correction, Corrections, Erasure, MealOf, corrected
from centre.database import Database
from centre.ledger_check import Checked, LeafSeen, StatementSeen, check, epochs_of
from centre.ledger_entry import DATED, Line
from centre.ledger_verdict import PENDING, kind_of
from centre.money import Account, State, settle
from centre.plain import plain
from centre.report import report
from centre.school_time import day_at

MEALS = ("granted", "forgotten", "dated", "reversed", "not_counted")
VISITS = ("visit", "visit_not_counted")
SUSPICIONS = ("suspicion",)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One day, one programme or club, one tariff."""

    day: str  # empty: not known
    what: str
    tenge: int
    leaves: dict[str, int]  # by kind
    statements: dict[str, int]
    differs: list[str]  # in words


class SchoolMonth(msgspec.Struct, frozen=True, kw_only=True):
    """One school, one month."""

    school: str
    month: str
    meals: list[Row]
    clubs: list[Row]
    suspicions: list[Row]
    paid: dict[str, int]  # meals by programme
    paid_meals: int
    meals_tenge: int
    paid_visits: int
    visits_tenge: int
    to_pay: int  # tenge
    doubles: list[str]
    forgotten: list[str]
    undated: list[str]
    lost_reversals: list[str]
    unverified: list[str]  # statements and leaves that nothing proves yet
    gaps: list[str]
    faults: list[str]
    corrections: list[Correction]

    @property
    def differs(self) -> bool:
        return any(row.differs for row in [*self.meals, *self.clubs, *self.suspicions])

    @property
    def needs_attention(self) -> bool:
        lists = (
            self.doubles,
            self.forgotten,
            self.undated,
            self.lost_reversals,
            self.unverified,
            self.gaps,
            self.faults,
        )
        return self.differs or any(lists)


def month_of(database: Database, school: str, month: str, now_ns: int) -> SchoolMonth:
    """Check every ledger of the school, and settle the month."""
    with database.snapshot():
        return _month(database, school, month, now_ns)


def _month(database: Database, school: str, month: str, now_ns: int) -> SchoolMonth:
    leaves: list[LeafSeen] = []

    def take(leaf: LeafSeen) -> None:
        if leaf.facts.day[:7] in (month, "") or leaf.type == DATED:
            leaves.append(leaf)

    ledgers = [check(database, school, epoch, take) for epoch in epochs_of(database, school)]
    corrections = Corrections(database).of(school)
    account = settle(leaves, corrected(corrections)).of_month(month)
    today = day_at(database, school, now_ns)
    table = _Table(month, today)
    for ledger in ledgers:
        table.add(ledger)
    return SchoolMonth(
        school=school,
        month=month,
        meals=table.rows(MEALS),
        clubs=table.rows(VISITS),
        suspicions=table.rows(SUSPICIONS),
        paid=dict(sorted(Counter(plain(meal.programme) for meal in account.paid()).items())),
        paid_meals=len(account.paid()),
        meals_tenge=account.meals_tenge,
        paid_visits=sum(visit.is_counted for visit in account.visits),
        visits_tenge=account.visits_tenge,
        to_pay=account.meals_tenge + account.visits_tenge,
        doubles=_doubles(account),
        forgotten=_named(account, State.FORGOTTEN, "a forgotten card, not assigned: it is not paid"),
        undated=_named(account, State.UNDATED, "its day is not known yet: it is not paid"),
        lost_reversals=[f"{leaf}: a reversal of a meal that is not here" for leaf in account.lost_reversals],
        unverified=_unverified(ledgers, month, today),
        gaps=gaps_of(database, school),
        faults=[str(fault) for ledger in ledgers for fault in ledger.faults],
        corrections=[one for one in corrections if _is_of(one, month)],
    )


def gaps_of(database: Database, school: str) -> list[str]:
    """Records that are missing, and that nothing explains."""
    return [
        f"records {first} to {last} of {epoch} are missing"
        for epoch, lanes in report(database, school).epochs.items()
        for lane, found in lanes.items()
        for first, last in found.gaps
        if lane == "record"
    ]


# --- leaves and statements, line by line -----------------------------------------------------------------------------


class _Column(msgspec.Struct):
    """What is known of one line."""

    held: int = 0
    said: int = 0
    words: list[str] = []


class _Table:
    """Lines of one month, gathered into rows. A line without a day is of the month in which it was stated."""

    def __init__(self, month: str, today: str) -> None:
        self._month = month
        self._today = today
        self._found: dict[tuple[str, str, str, int], dict[str, _Column]] = {}

    def add(self, ledger: Checked) -> None:
        for one in ledger.statements:
            for line in one.said.keys() | one.held.keys():
                self._stated(line, one)
        for (clock, line), count in ledger.unstated.items():
            self._unstated(line, clock, count, ledger.epoch)

    def rows(self, group: Sequence[str]) -> list[Row]:
        """By day, what and tariff."""
        kept = [(key[1:], columns) for key, columns in sorted(self._found.items()) if key[0] == group[0]]
        return [_row(key, columns) for key, columns in kept]

    def _stated(self, line: Line, one: StatementSeen) -> None:
        column = self._column(line, one.day)
        held, said = one.held.get(line, 0), one.said.get(line, 0)
        if column is not None:
            column.held += held
            column.said += said
            if held != said:
                column.words.append(f"{line[0]}: statement {one.idx} of {one.day} says {said}, its leaves {held}")

    def _unstated(self, line: Line, clock: str, count: int, epoch: str) -> None:
        column = self._column(line, clock)
        if column is not None:
            column.held += count
            if line[1] and line[1] < self._today:
                column.words.append(f"{line[0]}: {count} of epoch {epoch[:8]} in no statement")

    def _column(self, line: Line, otherwise: str) -> _Column | None:
        """None for a line of another month."""
        kind, day, what, tenge = line
        if (day or otherwise)[:7] != self._month:
            return None
        group = next(group[0] for group in (MEALS, VISITS, SUSPICIONS) if kind in group or group is SUSPICIONS)
        return self._found.setdefault((group, day, what, tenge), {}).setdefault(kind, _Column())


def _row(key: tuple[str, str, int], columns: Mapping[str, _Column]) -> Row:
    day, what, tenge = key
    return Row(
        day=plain(day),
        what=plain(what),
        tenge=tenge,
        leaves={kind: one.held for kind, one in columns.items() if one.held},
        statements={kind: one.said for kind, one in columns.items() if one.said},
        differs=[plain(word) for one in columns.values() for word in one.words],
    )


# --- words -----------------------------------------------------------------------------------------------------------


def _doubles(account: Account) -> list[str]:
    return [
        plain(
            f"{meal.leaf}: the same child had {meal.meal} of {meal.day} already, "
            f"{meal.twin or 'before it was erased'}: {meal.tenge} tenge are not paid"
        )
        for meal in account.meals
        if meal.state is State.DOUBLE
    ]


def _named(account: Account, state: State, why: str) -> list[str]:
    return [
        plain(f"{meal.leaf}: {meal.meal}{f' of {meal.day}' if meal.day else ''}: {why}")
        for meal in account.meals
        if meal.state is state
    ]


def _unverified(ledgers: Iterable[Checked], month: str, today: str) -> list[str]:
    found = []
    for ledger in ledgers:
        found += [
            f"statement {one.idx} of {one.day}, epoch {ledger.epoch[:8]}: {one.verdict}"
            for one in ledger.statements
            if kind_of(one.verdict) == PENDING and one.day[:7] in (month, "")
        ]
        yesterday = (datetime.fromisoformat(today) - timedelta(days=1)).date().isoformat()
        if ledger.verified < ledger.size and ledger.latest[:10] < yesterday:
            last = ledger.size - 1
            found.append(
                f"leaves {ledger.verified} to {last} of epoch {ledger.epoch[:8]}: under no checkpoint that fits"
            )
    return found


def _is_of(one: Correction, month: str) -> bool:
    if isinstance(one.body, MealOf | AttendanceOf):
        return one.body.day[:7] == month
    return isinstance(one.body, Erasure) and one.made[:7] == month
