"""What people see of incidents: what is open, in which order, who is to answer by name, and one from sign to end."""

from __future__ import annotations

import pytest

from centre.answers import answer
from centre.evidence import EvidenceStore
from centre.incidents import Evidence, Incidents, Person
from centre.order_queue import OrderQueue
from centre.school.persons import Person as Row
from centre.school.persons import note_persons
from centre.store import Store
from tests.centre.answered import answered
from tests.centre.batches import batch, stored
from tests.centre.conftest import Open
from tests.centre.far_box import event
from tests.centre.incident_box import ANNA, BORIS, ONE, PICTURE, TWO, alarms, life, said
from tests.centre.test_evidence import part


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    with made.database.transaction():
        note_persons(made.database, "school-07", [Row(key=ANNA, kind="staff", external="S-1", name="Анна")])
    return made


def test_what_is_open_names_who_was_told_and_who_has_answered(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2)))
    (found,) = Incidents(store.database).open_now()
    assert (found.school, found.id, found.state) == ("school-07", ONE, "told")
    assert found.to == [Person(role="duty", key=ANNA, name="Анна"), Person(role="police")]
    assert (found.told_at, found.by) == ("2026-11-23T08:12:02.000000Z", None)
    stored(store, alarms(3, said("answered", 3, by=BORIS, role="deputy")))
    (found,) = Incidents(store.database).open_now("school-07")
    assert (found.answered, found.by) == ("acknowledged", Person(role="deputy", key=BORIS))
    assert Incidents(store.database).open_now("school-08") == []
    stored(store, alarms(4, said("closed", 4)))
    assert Incidents(store.database).open_now() == []


def test_of_two_on_their_way_the_first_has_it(store: Store) -> None:
    stored(store, alarms(1, said("told", 1), said("answered", 2), said("answered", 3, by=BORIS, role="deputy")))
    (found,) = Incidents(store.database).open_now()
    assert (found.state, found.by) == ("acknowledged", Person(role="duty", key=ANNA, name="Анна"))
    stored(store, alarms(4, said("answered", 4, by=BORIS, role="deputy", answer="confirmed")))
    (found,) = Incidents(store.database).open_now()
    assert (found.state, found.by) == ("confirmed", Person(role="deputy", key=BORIS))
    stored(store, alarms(5, said("told", 5, why="unclosed")))
    assert Incidents(store.database).open_now()[0].by == found.by


def test_who_answered_at_the_centre_is_known_there(store: Store) -> None:
    """The box is told a role, and no account."""
    stored(store, alarms(1, said("opened", 1), said("told", 2)))
    queue = OrderQueue(store.database)
    number = answer(store.database, "school-07", ONE, "acknowledged", role="city", account="aliya")
    order = queue.find(number)
    assert order is not None
    queue.note_answer(order, answered("incident.answer"), 0)
    stored(store, alarms(3, said("answered", 3, by="", role="city", channel="centre")))
    (found,) = Incidents(store.database).open_now()
    assert found.by == Person(role="city", name="aliya")
    details = Incidents(store.database).one(ONE)
    assert details is not None
    assert details.steps[-1].account == "aliya"


def test_the_most_urgent_stands_first(store: Store) -> None:
    ids = [f"{number}0000000-0000-4000-8000-000000000000" for number in range(1, 5)]
    bodies = [
        said("opened", 1, incident=ids[0], kind="other"),
        said("opened", 2, incident=ids[1], kind="fire", drill=True),
        said("opened", 3, incident=ids[2], kind="fight"),
        said("opened", 4, incident=ids[3], kind="fire"),
        said("answered", 5, incident=ids[3]),
    ]
    stored(store, alarms(1, *bodies))
    assert [ids.index(one.id) for one in Incidents(store.database).open_now()] == [2, 0, 3, 1]


def test_one_from_the_first_sign_to_the_end(store: Store) -> None:
    stored(store, alarms(1, *life()))
    found = Incidents(store.database).one(ONE)
    assert found is not None
    assert [one.what for one in found.steps] == ["opened", "told", "evidence", "joined", "answered", "closed"]
    opened, told, shown, joined, answered, closed = found.steps
    assert opened.sign is not None
    assert (opened.sign.source, opened.certainty) == ("hall-camera", "suspected")
    assert (told.why, told.locally, told.to[0].name) == ("first", ["lamp-1"], "Анна")
    assert (shown.locally, joined.certainty) == (["hall-camera"], "certain")
    assert (answered.answer, answered.channel, answered.after_s) == ("acknowledged", "card", 12.5)
    assert (closed.answer, closed.account, closed.by) == ("confirmed", "a", Person(role="", key=ANNA, name="Анна"))
    assert [(one.person.role, one.state, one.by_centre) for one in found.notifications] == [
        ("duty", "new", False), ("police", "new", False),
    ]  # fmt: skip
    assert Incidents(store.database).one(TWO) is None
    assert Incidents(store.database).one(ONE, "school-08") is None


def test_evidence_says_how_far_it_is(store: Store) -> None:
    incidents = Incidents(store.database)
    stored(store, alarms(1, said("evidence", 1, blurred=TWO)))
    states = {one.kind: one.state for one in incidents.evidence_of("school-07", ONE)}
    assert states == {"snapshot": "told", "blurred": "told"}
    EvidenceStore(store.database).store([part(0, name=PICTURE)])
    lost = {"evidence": TWO, "camera": "hall-camera", "kind": "blurred", "reason": "quota"}
    stored(store, batch("record", 1, [event("school-07", "record", 1, type="kz.mektep.evidence.lost.v1", data=lost)]))
    found = {one.kind: one for one in incidents.evidence_of("school-07", ONE)}
    assert found["snapshot"] == Evidence(
        id=PICTURE, kind="snapshot", camera="hall-camera", state="partial", bytes=40_000, stored=16_384
    )
    assert found["blurred"].state == "lost"
    EvidenceStore(store.database).store([part(at, name=PICTURE) for at in (16_384, 32_768)])
    assert {one.kind: one.state for one in incidents.evidence_of("school-07", ONE)}["snapshot"] == "whole"


def test_lists_begin_with_the_newest_and_have_an_end(store: Store) -> None:
    stored(store, alarms(1, *life()))
    stored(store, alarms(7, said("opened", 7, incident=TWO, kind="fire")))
    incidents = Incidents(store.database)
    assert [one.id for one in incidents.listed()] == [TWO, ONE]
    assert [one.id for one in incidents.listed(kind="fight")] == [ONE]
    assert [one.id for one in incidents.listed(limit=1)] == [TWO]


def test_the_words_of_a_box_cannot_move_the_cursor(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1, place="\x1b[2J"), said("told", 2, why="\x07", place="\x1b[2J")))
    (found,) = Incidents(store.database).open_now()
    assert (found.place.isprintable(), found.why.isprintable()) == (True, True)
