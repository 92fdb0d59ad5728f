"""Reports typed at the centre: kept with their words, ordered without them, never forgotten half."""

from __future__ import annotations

import pytest

from centre.errors import CentreError
from centre.order_queue import OrderQueue
from centre.reports import Reports, Typed
from centre.store import Store
from tests.centre.batches import stored
from tests.centre.conftest import Open
from tests.centre.incident_box import alarms, said

WORDS = "Старшие отбирают деньги у младших за спортзалом"
TYPED = Typed(school="school-07", kind="bullying", words=WORDS, place="gym", reporter="pupil", contact="mother, 87010")


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    made.add_school("school-07", bytes(32))
    return made


def test_a_report_is_kept_and_ordered_without_its_words(store: Store) -> None:
    reports = Reports(store.database)
    made = reports.add(TYPED, "aliya")
    assert (made.words, made.contact, made.account, made.certain, made.state) == (
        WORDS, "mother, 87010", "aliya", False, "sent",
    )  # fmt: skip
    (order,) = OrderQueue(store.database).of("school-07", made.id)
    assert (order.name, order.state) == ("incident.report", "due")
    assert order.args == {
        "incident": made.id, "kind": "bullying", "place": "gym", "certain": False, "drill": False, "report": made.id,
    }  # fmt: skip
    assert reports.add(Typed(school="school-07", kind="fire", words="дым", reporter="staff")).certain


def test_a_report_waits_until_the_box_has_it_or_somebody_ends_it(store: Store) -> None:
    reports = Reports(store.database)
    first, second, third = (reports.add(TYPED) for _ in range(3))
    assert [one.id for one in reports.waiting("school-07")] == [first.id, second.id, third.id]
    assert reports.waiting("school-08") == []
    stored(store, alarms(1, said("opened", 1, incident=first.id, report=first.id)))
    reports.answer(second.id, "dismissed", "aliya", "duplicate")
    reports.answer(third.id, "acknowledged", "aliya")
    assert [(one.id, one.answer) for one in reports.waiting()] == [(third.id, "acknowledged")]
    assert [one.id for one in reports.of_incident("school-07", first.id)] == [first.id]
    assert [one.state for one in reports.listed()] == ["sent", "sent", "taken"]


def test_what_the_centre_told_itself_is_counted(store: Store) -> None:
    reports = Reports(store.database)
    made = reports.add(TYPED)
    reports.note_told(made.id, 77)
    (found,) = reports.waiting()
    assert (found.told, found.told_ns, found.state) == (1, 77, "box_silent")


def test_words_are_forgotten_and_the_report_stays(store: Store) -> None:
    reports = Reports(store.database)
    made = reports.add(TYPED)
    assert reports.forget(made.id)
    assert not reports.forget("nobody's")
    found = reports.find(made.id)
    assert found is not None
    assert (found.words, found.contact, found.kind) == ("", "", "bullying")


def test_reports_that_may_name_a_child_are_found(store: Store) -> None:
    reports = Reports(store.database)
    words = ("Оспанову Дану бьют", "не ту", "…", "бьют")
    made = [reports.add(Typed(school="school-07", kind="bullying", words=one)).id for one in words]
    contact = reports.add(Typed(school="school-07", kind="other", words="да", contact="мать ДАНЫ ОСПАНОВОЙ")).id
    assert reports.naming("school-07", "Оспанов Да P-5001") == [made[0], contact]
    assert reports.naming("school-07", "") == []
    reports.forget(contact)
    assert reports.naming("school-07", "Оспанов") == [made[0]]


WRONG = [
    {"kind": "party"}, {"reporter": "king"}, {"language": "de"}, {"words": " "}, {"words": "x" * 2_001},
    {"school": "school-99"}, {"place": "x" * 65}, {"contact": "x" * 201}, {"words": "a\0b"},
    {"school": "school-07\0"}, {"words": "\ud800"}, {"place": "\udc80"},
]  # fmt: skip


def test_a_report_that_cannot_be_is_refused(store: Store) -> None:
    for wrong in WRONG:
        values = {"school": "school-07", "kind": "other", "words": "…"} | wrong
        with pytest.raises(CentreError, match="K-163"):
            Reports(store.database).add(Typed(**values))  # type: ignore[arg-type]
    assert Reports(store.database).listed() == []
