"""What a new box of a school is told: the meals of today and yesterday that others gave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from centre import grants as module
from centre.database import SqliteDatabase
from centre.grants import grants
from centre.store import Store
from tests.agent.school.decisions import dated, forgotten, granted, pupil, reversed_
from tests.centre.conftest import Open
from tests.centre.far_box import OTHER_EPOCH, FarBox, public
from tests.centre.ledger_box import SCHOOL, LedgerBox, ledger_box
from tests.clock import START_NS

DAY = "2026-11-23"
HOUR_NS = 3_600 * 1_000_000_000
Life = Callable[[LedgerBox], Coroutine[Any, Any, None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = SqliteDatabase(tmp_path / "centre.db")
    yield Store(database)
    database.close()


def lived(folder: Path, store: Store, life: Life) -> str:
    """Returns the box's epoch. All came when it happened."""
    far = FarBox(SCHOOL)
    store.add_school(SCHOOL, public(far.key))
    epochs: list[str] = []

    async def live() -> None:
        async with ledger_box(folder, far) as box:
            await life(box)
            await box.deliver(store)
            epochs.append(box.outbox.epoch)

    asyncio.run(live())
    store.database.execute("update event set received_ns = ?", (START_NS,))
    return epochs[0]


async def morning(box: LedgerBox) -> None:
    await box.accept(granted(1), granted(2), granted(3), forgotten(9), reversed_(2))


def test_a_replaced_box_learns_of_todays_meals(tmp_path: Path, open_one: Open) -> None:
    store = Store(open_one())
    old = lived(tmp_path / "old", store, morning)
    assert grants(store.database, SCHOOL, old, START_NS) == []  # it knows itself
    told = [f"{DAY}/lunch/{pupil(n)}" for n in (3, 1)]
    assert grants(store.database, SCHOOL, OTHER_EPOCH, START_NS) == told
    assert grants(store.database, "school-08", OTHER_EPOCH, START_NS) == []


@pytest.mark.parametrize(("later_h", "known"), [(0, True), (10, True), (34, True), (35, False), (48, False)])
def test_today_and_yesterday_by_the_schools_clock(tmp_path: Path, store: Store, later_h: int, known: bool) -> None:
    """13:00 there; the day after tomorrow begins 35 hours later."""
    lived(tmp_path / "old", store, morning)
    assert bool(grants(store.database, SCHOOL, OTHER_EPOCH, START_NS + later_h * HOUR_NS)) == known


def test_a_reversal_by_the_new_box_counts_for_the_old_ones_meal(tmp_path: Path, store: Store) -> None:
    lived(tmp_path / "old", store, morning)

    async def takes_back(box: LedgerBox) -> None:
        await box.accept(reversed_(3), granted(5))

    new = lived(tmp_path / "new", store, takes_back)
    assert grants(store.database, SCHOOL, new, START_NS) == [f"{DAY}/lunch/{pupil(1)}"]


def test_a_meal_that_got_its_day_is_told(tmp_path: Path, store: Store) -> None:
    async def unsure(box: LedgerBox) -> None:
        await box.accept(granted(1, day=""))
        leaf = await box.outbox.transact(lambda transaction: transaction.leaf_name())
        one = dated(1)
        await box.accept(type(one)(**{**_fields(one), "data": _of(one.data, leaf)}))

    lived(tmp_path / "old", store, unsure)
    assert grants(store.database, SCHOOL, OTHER_EPOCH, START_NS) == [f"{DAY}/lunch/{pupil(1)}"]


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def _of(data: Any, leaf: str) -> Any:
    return type(data)(**{**_fields(data), "of": leaf})


def test_it_is_read_in_pages_and_has_an_end(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def many(box: LedgerBox) -> None:
        await box.accept(*(granted(n) for n in range(30)))

    lived(tmp_path / "old", store, many)
    monkeypatch.setattr(module, "PAGE", 7)
    assert len(grants(store.database, SCHOOL, OTHER_EPOCH, START_NS)) == 30
    monkeypatch.setattr(module, "GRANTS_MAX", 20)
    found = grants(store.database, SCHOOL, OTHER_EPOCH, START_NS)
    assert found[0] == f"{DAY}/lunch/{pupil(29)}"
    assert len(found) == 20
    monkeypatch.setattr(module, "LEAVES_MAX", 10)
    assert len(grants(store.database, SCHOOL, OTHER_EPOCH, START_NS)) == 14  # two pages of seven


def test_what_boxes_would_refuse_is_not_told(tmp_path: Path, store: Store) -> None:
    """A box that writes a novel into the name of a meal does not make the welcome too large for the others."""
    lived(tmp_path / "old", store, morning)
    sql = "update event set body = replace(body, ?, ?) where body like ?"
    store.database.execute(sql, ('"lunch"', f'"{"x" * 50_000}"', f"%{pupil(1)}%"))
    assert grants(store.database, SCHOOL, OTHER_EPOCH, START_NS) == [f"{DAY}/lunch/{pupil(3)}"]
