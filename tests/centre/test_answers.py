"""Answers from the centre: an order to the box; of a report that the box has not taken they count at once."""

from __future__ import annotations

import pytest

from centre.answers import answer
from centre.errors import CentreError
from centre.order_queue import OrderQueue
from centre.reports import Reports, Typed
from centre.store import Store
from tests.centre.batches import stored
from tests.centre.conftest import Open
from tests.centre.incident_box import ANNA, ONE, TWO, alarms, said


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    made.add_school("school-07", bytes(32))
    return made


def test_an_answer_is_an_order_to_the_box(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1)))
    number = answer(store.database, "school-07", ONE, "dismissed", role="duty", account="aliya", by=ANNA, reason="play")
    order = OrderQueue(store.database).find(number)
    assert order is not None
    assert (order.name, order.subject, order.account, order.state) == ("incident.answer", ONE, "aliya", "due")
    assert order.args == {"incident": ONE, "answer": "dismissed", "by": ANNA, "role": "duty", "reason": "play"}


def test_of_a_report_that_waits_it_counts_at_once_and_follows_the_report(store: Store) -> None:
    report = Reports(store.database).add(Typed(school="school-07", kind="bullying", words="…"))
    answer(store.database, "school-07", report.id, "acknowledged", role="city", account="aliya")
    found = Reports(store.database).find(report.id)
    assert found is not None
    assert (found.answer, found.answered_by) == ("acknowledged", "aliya")
    queue = OrderQueue(store.database)
    assert [one.name for one in queue.of("school-07", report.id)] == ["incident.report", "incident.answer"]
    assert [one.name for one in queue.claim(2**62)] == ["incident.report"]


def test_of_a_report_that_waits_the_first_word_holds(store: Store) -> None:
    report = Reports(store.database).add(Typed(school="school-07", kind="bullying", words="…"))

    def says(word: str, account: str, reason: str = "") -> None:
        answer(store.database, "school-07", report.id, word, role="city", account=account, reason=reason)

    for word, fault in (("closed", "no box has"), ("acknowledged", ""), ("acknowledged", "aliya was first: acknow")):
        if fault:
            with pytest.raises(CentreError, match=rf"K-164.*{fault}"):
                says(word, "boris")
        else:
            says(word, "aliya")
    says("dismissed", "boris", "play")
    with pytest.raises(CentreError, match=r"K-164.*boris was first: dismissed"):
        says("confirmed", "aliya")
    asked = [one.args["answer"] for one in OrderQueue(store.database).of("school-07", report.id)[1:]]
    assert asked == ["acknowledged", "dismissed"]


WRONG = [
    ("an unknown answer", {"word": "maybe"}, "K-164"),
    ("an unknown role", {"role": "king"}, "K-164"),
    ("no person", {"by": "Anna"}, "K-164"),
    ("a dismissal without a reason", {"word": "dismissed"}, "K-164"),
    ("a reason for no dismissal", {"reason": "play"}, "K-164"),
    ("nobody's incident", {"incident": TWO}, "K-165"),
    ("another school's incident", {"school": "school-08"}, "K-165"),
]


def test_an_answer_that_cannot_be_is_refused(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1)))
    for name, wrong, code in WRONG:
        right = {"school": "school-07", "incident": ONE, "word": "confirmed", "role": "city", "account": "a"} | wrong
        with pytest.raises(CentreError) as raised:
            answer(store.database, **right)
        assert raised.value.code == code, name
    assert OrderQueue(store.database).claim(2**62) == []
