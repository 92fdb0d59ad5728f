"""A child is forgotten everywhere; ledger, sums and receipts are what they were. With a real box's ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.events import draft
from agent.school_events import ClubEntered, MealRefused
from centre.corrections import Corrections, Erasure, MealOf, bodies
from centre.database import SqliteDatabase
from centre.erasure import Forgotten, erase
from centre.errors import CentreError
from centre.judge import Judged
from centre.ledger_check import check, epochs_of
from centre.month import SchoolMonth, month_of
from centre.store import Store
from tests.agent.school.decisions import forgotten, granted, pupil, reversed_, visit
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import FarBox, event, public
from tests.centre.ledger_box import SCHOOL, LedgerBox, lived

CHILD, OTHER = pupil(3), pupil(4)
LEFT = ("event", "conflict", "correction", "person", "ledger_entry", "statement")


async def a_childs_day(box: LedgerBox) -> None:
    at = box.clock.now()
    await box.accept(*(granted(n) for n in range(6)), forgotten(20), visit(3), visit(4))
    refused = MealRefused(reader="canteen-1", reason="already_eaten", pupil=CHILD, day="2026-11-23", meal="lunch")
    entered = ClubEntered(reader="club-1", pupil=CHILD, club="chess", voucher="v-1", day="2026-11-23")
    await box.accept(draft(refused, at), draft(entered, at), reversed_(4), granted(3, programme="paid", tenge=700))
    await box.evening()


@pytest.fixture
def far() -> FarBox:
    return FarBox(SCHOOL)


def loaded(store: Store, far: FarBox, batches: Sequence[Judged]) -> None:
    store.add_school(SCHOOL, public(far.key))
    for one in batches:
        store.store([one])
    sql = "insert into person (school, key, kind, external, class, name) values (?, ?, 'pupil', ?, '3A', '')"
    for key, external in ((CHILD, "1003"), (OTHER, "1004")):
        store.database.execute(sql, (SCHOOL, key, external))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = SqliteDatabase(tmp_path / "centre.db")
    yield Store(database)
    database.close()


def month(store: Store) -> SchoolMonth:
    return month_of(store.database, SCHOOL, "2026-11", 1_795_507_200_000_000_000)


def sums(one: SchoolMonth) -> tuple[object, ...]:
    return one.to_pay, one.paid, one.paid_meals, one.meals, one.clubs, one.suspicions, one.faults, one.unverified


def roots(store: Store) -> list[object]:
    epochs = epochs_of(store.database, SCHOOL)
    return [
        (one.size, one.checkpoints, one.statements)
        for one in (check(store.database, SCHOOL, epoch) for epoch in epochs)
    ]


def said_of(store: Store, child: str) -> list[str]:
    rows = {table: str(store.database.execute(f"select * from {table}")) for table in LEFT}
    return [table for table, text in rows.items() if f'"{child}"' in text or f"'{child}'" in text]


def test_nothing_says_who_it_was_and_everything_adds_up(tmp_path: Path, open_one: Open, far: FarBox) -> None:
    store = Store(open_one())
    loaded(store, far, lived(tmp_path / "box", far, a_childs_day))
    before, logs = month(store), roots(store)
    assert len(before.doubles) == 1  # the child's second lunch
    done = erase(store.database, SCHOOL, CHILD, "operator", "moved away")
    assert (done.events, done.leaves) == (5, 3)
    assert said_of(store, CHILD) == []
    assert said_of(store, OTHER) == ["event", "person"]
    assert roots(store) == logs
    assert sums(month(store)) == sums(before)
    assert len(month(store).doubles) == 1
    (record,) = bodies(Corrections(store.database).of(SCHOOL), Erasure)
    assert (record.events, record.leaves, record.unpaid, record.reason) == (5, 3, done.unpaid, "moved away")


def test_what_is_sent_again_is_a_repeat(tmp_path: Path, store: Store, far: FarBox) -> None:
    """A conflict would make the box open a new epoch, and send the child's records once more."""
    batches = lived(tmp_path / "box", far, a_childs_day, size=3)
    loaded(store, far, batches)
    erase(store.database, SCHOOL, CHILD, "operator", "")
    for one in batches:
        assert [part.verdict for part in store.store([one])[0]] == ["repeat"]
    assert said_of(store, CHILD) == []
    assert store.database.execute("select count(*) from conflict") == [(0,)]


def test_other_bytes_are_a_conflict_still(tmp_path: Path, store: Store, far: FarBox) -> None:
    batches = lived(tmp_path / "box", far, a_childs_day)
    loaded(store, far, batches)
    erase(store.database, SCHOOL, CHILD, "operator", "")
    (one,) = [one for one in batches if one.lane == "record"]
    bodies_ = [found.body.replace(f'"pupil":"{CHILD}"', f'"pupil":"{OTHER}"').encode() for found in one.events]
    other = batch("record", 1, bodies_, epoch=one.epoch, box=far)
    verdicts = {part.verdict for part in store.store([other])[0]}
    assert verdicts == {"repeat", "conflict"}


def test_conflicts_are_forgotten_too(tmp_path: Path, store: Store, far: FarBox) -> None:
    batches = lived(tmp_path / "box", far, a_childs_day)
    loaded(store, far, batches)
    (one,) = [one for one in batches if one.lane == "record"]
    changed = [found.body.replace("canteen-1", "canteen-2").encode() for found in one.events]
    other = batch("record", 1, changed, epoch=one.epoch, box=far)
    store.store([other])
    assert "conflict" in said_of(store, CHILD)
    erase(store.database, SCHOOL, CHILD, "operator", "")
    assert said_of(store, CHILD) == []
    (count,) = store.database.execute("select count(*) from conflict")[0]
    store.store([other])
    assert store.database.execute("select count(*) from conflict") == [(count,)]


def test_an_assigned_meal_stays_paid(tmp_path: Path, store: Store, far: FarBox) -> None:
    loaded(store, far, lived(tmp_path / "box", far, a_childs_day))
    leaf = month(store).forgotten[0].partition(":")[0]
    body = MealOf(leaf=leaf, pupil=CHILD, day="2026-11-23", meal="dinner", programme="x", tenge=800, reason="seen")
    Corrections(store.database).add(SCHOOL, "operator", body)
    before = month(store)
    assert before.forgotten == []
    erase(store.database, SCHOOL, CHILD, "operator", "")
    assert sums(month(store)) == sums(before)


def test_a_stranger_and_a_second_time_change_nothing(tmp_path: Path, store: Store, far: FarBox) -> None:
    loaded(store, far, lived(tmp_path / "box", far, a_childs_day))
    assert erase(store.database, SCHOOL, "f" * 16, "operator", "") == Forgotten(0, 0, [])
    first = erase(store.database, SCHOOL, CHILD, "operator", "")
    bodies_ = store.database.execute("select * from event order by stream, sequence")
    assert first.events == 5
    assert erase(store.database, SCHOOL, CHILD, "operator", "") == Forgotten(0, 0, [])
    assert store.database.execute("select * from event order by stream, sequence") == bodies_


def test_what_cannot_be_read_must_be_read_first(store: Store, far: FarBox) -> None:
    one = event(SCHOOL, "record", 1, data={"pupil": CHILD}, time="never")
    loaded(store, far, [batch("record", 1, [one], box=far)])
    with pytest.raises(CentreError, match="K-153 quarantined pieces name this child: 1"):
        erase(store.database, SCHOOL, CHILD, "operator", "")
    assert store.database.execute("select count(*) from correction") == [(0,)]
