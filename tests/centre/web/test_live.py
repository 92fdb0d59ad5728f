"""A live view from the desk: who orders it, what its page shows, how it ends."""

from __future__ import annotations

import time

import pytest

from centre.custody import Custody
from centre.order_queue import OrderQueue
from centre.wire import Answer
from tests.centre.far_box import EPOCH
from tests.centre.web.conftest import As, Visitor
from tests.centre.web.made_up_city import City


def ordered(visitor: Visitor, city: City, **form: str) -> str:
    """The address of its page."""
    path = f"/incident/school-07/{city.incidents['fight']}/live"
    found = visitor.post(path, **{"camera": "gym-camera", "reason": "a fight", **form})
    assert found.status_code == 303
    return found.headers["location"]


def box_answers(city: City, session: str, outcome: str = "done", reason: str = "") -> None:
    queue = OrderQueue(city.store.database)
    for one in queue.of("school-07", session):
        if one.open:
            said = Answer(order=one.name, school="school-07", epoch=EPOCH, number=1, outcome=outcome, reason=reason,
                          result={}, time="")  # fmt: skip
            queue.note_answer(one, said, time.time_ns())


def test_a_view_is_ordered_kept_on_and_ended(city: City, as_role: As) -> None:
    police = as_role("police")
    page = ordered(police, city)
    session = page.split("?")[0].rsplit("/", 1)[1]
    assert Custody(city.store.database).latest(1)[0].evidence == session
    assert "rtsps://media.shymkent.example:322/live/" in police.get(page).text
    queue = OrderQueue(city.store.database)
    names = lambda: [one.name for one in queue.of("school-07", session)]  # noqa: E731
    police.post(f"/live/school-07/{session}/keep")
    assert names() == ["live.start"]  # the box has not taken it: nothing is to be kept on
    box_answers(city, session)
    for _ in range(3):
        kept = police.post(f"/live/school-07/{session}/keep")
    assert names() == ["live.start", "live.keep"]  # one at a time
    assert "Идёт" in kept.text
    assert "<html" not in kept.text
    police.post(f"/live/school-07/{session}/stop")
    assert names()[-1] == "live.stop"
    assert "rtsps://" not in police.get(page).text


def test_only_who_ordered_it_sees_where_it_is(city: City, as_role: As) -> None:
    page = ordered(as_role("police"), city)
    assert as_role("operator").get(page).status_code == 404
    assert as_role("responsible").get(page).status_code == 403


@pytest.mark.parametrize(
    ("role", "form", "status"),
    [
        ("operator", {"camera": "gym-camera", "reason": "so"}, 404),  # not given plain pictures
        ("responsible", {"camera": "gym-camera", "reason": "so"}, 403),
        ("police", {"camera": "no-camera", "reason": "so"}, 404),
        ("police", {"camera": "gym-camera", "reason": ""}, 422),
    ],
)
def test_what_is_not_ordered(role: str, form: dict[str, str], status: int, city: City, as_role: As) -> None:
    path = f"/incident/school-07/{city.incidents['fight']}/live"
    before = city.store.database.execute("select count(*) from order_due where name = 'live.start'")
    assert as_role(role).post(path, **form).status_code == status
    assert city.store.database.execute("select count(*) from order_due where name = 'live.start'") == before


def test_of_what_is_over_nothing_is_shown_live(city: City, as_role: As) -> None:
    path = f"/incident/school-07/{city.incidents['closed']}/live"
    assert as_role("police").post(path, camera="gym-camera", reason="so").status_code == 404


def test_what_the_box_refuses_is_told(city: City, as_role: As) -> None:
    police = as_role("police")
    page = ordered(police, city)
    box_answers(city, page.split("?")[0].rsplit("/", 1)[1], "failed", "no_encoder")
    text = police.get(page).text
    assert "не может её закодировать" in text
    assert "rtsps://" not in text
