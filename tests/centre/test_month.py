"""A school's month from a real box's ledger: what is paid, what differs, and what somebody has altered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from centre.corrections import AttendanceOf, Corrections, MealOf
from centre.database import Database, SqliteDatabase
from centre.month import SchoolMonth, month_of
from centre.store import Store
from tests.agent.school.decisions import dated, granted, pupil
from tests.centre.far_box import FarBox
from tests.centre.ledger_box import SCHOOL, LedgerBox, copy_of, delivered, kept, one_day
from tests.clock import START_NS

DAY_NS = 86_400 * 1_000_000_000
LATER_NS = START_NS + 9 * DAY_NS
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(tmp_path_factory.mktemp("month"))


@pytest.fixture
def database(honest: Path, tmp_path: Path) -> Iterator[Database]:
    with copy_of(honest, tmp_path) as opened:
        yield opened


def november(database: Database, now_ns: int = LATER_NS) -> SchoolMonth:
    return month_of(database, SCHOOL, "2026-11", now_ns)


def test_an_honest_month(database: Database) -> None:
    one = november(database)
    assert (one.paid_meals, one.meals_tenge, one.paid_visits, one.visits_tenge) == (9, 9 * 950, 1, 1_500)
    assert (one.to_pay, one.paid) == (9 * 950 + 1_500, {"free-1-4": 9})
    assert [(row.day, row.what, row.tenge, row.leaves, row.statements) for row in one.meals] == [
        ("2026-11-23", "", 0, {"forgotten": 1}, {"forgotten": 1}),
        ("2026-11-23", "free-1-4", 950, {"granted": 10, "reversed": 1}, {"granted": 10, "reversed": 1}),
    ]
    assert [(row.what, row.leaves) for row in one.clubs] == [("chess", {"visit": 1})]
    assert [(row.what, row.leaves, row.statements) for row in one.suspicions] == [
        ("too_fast", {"suspicion": 2}, {"suspicion": 2}),
    ]
    assert (one.faults, one.gaps, one.unverified, one.doubles, one.undated, one.differs) == ([], [], [], [], [], False)
    assert len(one.forgotten) == 1  # the only thing that wants a person
    assert one.needs_attention


def test_another_month_is_empty(database: Database) -> None:
    one = month_of(database, SCHOOL, "2026-12", LATER_NS)
    assert (one.to_pay, one.meals, one.clubs, one.suspicions, one.needs_attention) == (0, [], [], [], False)


def test_a_correction_pays_the_forgotten_card_and_is_shown(database: Database) -> None:
    leaf = november(database).forgotten[0].partition(":")[0]
    corrections = Corrections(database)
    body = MealOf(leaf=leaf, pupil=pupil(40), day="2026-11-23", meal="lunch", programme="p", tenge=800, reason="seen")
    corrections.add(SCHOOL, "Айгүл", body)
    absent = AttendanceOf(pupil=pupil(40), day="2026-12-01", state="absent", reason="ill")
    corrections.add(SCHOOL, "Айгүл", absent)
    one = november(database)
    assert (one.to_pay, one.paid) == (9 * 950 + 1_500 + 800, {"free-1-4": 9, "p": 1})
    assert [correction.body for correction in one.corrections] == [body]
    assert not one.needs_attention
    assert [correction.body for correction in month_of(database, SCHOOL, "2026-12", LATER_NS).corrections] == [absent]


# --- what does not fit ------------------------------------------------------------------------------------------------

LEAF_7 = 'body like \'%"leaf":"7"%\''
TAMPERED: list[tuple[str, str, Callable[[SchoolMonth], list[str]], str]] = [
    (
        "a tariff",
        f"update event set body = replace(body, ':950', ':1950') where {LEAF_7}",
        lambda one: one.faults,
        "leaf 7",
    ),
    ("a removed event", f"delete from event where {LEAF_7}", lambda one: one.faults, "1 of its records"),
    ("a removed event, by its leaf", f"delete from event where {LEAF_7}", lambda one: one.faults, "leaf 7"),
    ("a removed leaf", "delete from ledger_leaf where idx = 7", lambda one: one.faults, "leaf 7"),
    ("the ledger's end", "delete from ledger_leaf where idx > 12", lambda one: one.unverified, "no checkpoint"),
    ("a changed checkpoint", "update ledger_checkpoint set note = ''", lambda one: one.faults, "altered afterwards"),
]


@pytest.mark.parametrize(("sql", "where", "says"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_what_was_altered_is_in_the_report(
    database: Database, sql: str, where: Callable[[SchoolMonth], list[str]], says: str
) -> None:
    database.execute(sql)
    one = november(database)
    assert any(says in line for line in where(one)), where(one)
    assert one.needs_attention


def test_a_changed_tariff_is_a_difference_in_words(database: Database) -> None:
    database.execute(f"update event set body = replace(body, ':950', ':1950') where {LEAF_7}")
    words = [word for row in november(database).meals for word in row.differs]
    assert words == [
        "granted: statement 14 of 2026-11-23 says 10, its leaves 9",
        "granted: statement 14 of 2026-11-23 says 0, its leaves 1",
    ]


def made(tmp_path: Path, *lives: Callable[[LedgerBox], object]) -> Database:
    """Boxes of one school, one after the other."""
    store = Store(SqliteDatabase(tmp_path / f"{next(NUMBERS)}.db"))
    for number, life in enumerate(lives):
        delivered(tmp_path / f"box-{number}", store, life, FarBox(SCHOOL))  # type: ignore[arg-type]
    return store.database


def test_two_boxes_that_gave_one_child_one_meal(tmp_path: Path) -> None:
    async def again(box: LedgerBox) -> None:
        await box.accept(granted(1, tenge=900), granted(50))
        await box.evening()

    one = november(made(tmp_path, one_day, again))
    assert (one.paid_meals, len(one.doubles)) == (10, 1)
    assert "the same child had lunch of 2026-11-23 already" in one.doubles[0]
    assert (one.faults, one.differs) == ([], False)


def test_meals_that_no_statement_covers(tmp_path: Path) -> None:
    """A box that broke before its evening: the leaves are here, signed or not; somebody should look."""

    async def breaks(box: LedgerBox) -> None:
        await box.accept(*(granted(n) for n in range(3)))

    database = made(tmp_path, breaks)
    (today,) = november(database, START_NS).meals
    assert (today.leaves, today.statements, today.differs) == ({"granted": 3}, {}, [])
    one = november(database)
    assert [word for row in one.meals for word in row.differs] == [
        f"granted: 3 of epoch {database.execute('select epoch from stream')[0][0][:8]} in no statement"
    ]
    assert "under no checkpoint" in one.unverified[0]
    assert one.paid_meals == 3


def test_meals_without_a_day(tmp_path: Path) -> None:
    async def unsure(box: LedgerBox) -> None:
        await box.accept(granted(1, day=""), granted(2, day=""))
        leaf = await box.outbox.transact(lambda transaction: transaction.leaf_name())
        one = dated(2)
        data = type(one.data)(**{name: getattr(one.data, name) for name in one.data.__struct_fields__} | {"of": leaf})
        await box.accept(type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | {"data": data}))
        await box.evening()

    one = november(made(tmp_path, unsure))
    assert (one.paid_meals, len(one.undated), one.differs, one.faults) == (1, 1, False, [])
    assert [(row.day, row.leaves) for row in one.meals] == [("", {"granted": 2}), ("2026-11-23", {"dated": 1})]
