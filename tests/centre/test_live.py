"""Live views as the queue of orders and the box's records tell them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from centre.errors import CentreError
from centre.live import LiveViews, new_session
from centre.order_queue import OrderQueue
from centre.settings import LiveSettings, MediaSettings
from centre.store import Store
from tests.centre.answered import answered
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import event

SETTINGS = LiveSettings(servers=[MediaSettings(host="media.example", port=8322)], seconds=600)
SESSION = "3d2f8a41-7c60-4b5e-9a1d-52f0c9e8b764"


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


@pytest.fixture
def views(store: Store) -> LiveViews:
    found = LiveViews(store.database, SETTINGS)
    found.start("school-07", "hall", "bolat", SESSION)
    return found


def let_answer(store: Store, outcome: str, reason: str = "") -> None:
    queue = OrderQueue(store.database)
    for one in queue.of("school-07", SESSION):
        if one.open:
            queue.note_answer(one, answered(one.name, outcome, reason), time.time_ns())


def recorded(store: Store, number: int, **data: Any) -> None:
    view = {"session": SESSION, "camera": "hall", "by": "bolat", "host": "media.example"} | data
    body = event("school-07", "record", number, type="kz.mektep.live.view.v1", data=view)
    store.store([batch("record", number, [body])])


def state(views: LiveViews) -> tuple[str, str]:
    found = views.view("school-07", SESSION)
    assert found
    assert bool(found.url) != found.over
    return found.state, found.reason


def test_from_the_order_to_its_end(store: Store, views: LiveViews) -> None:
    assert state(views) == ("ordered", "")
    found = views.view("school-07", SESSION)
    assert found
    assert found.url.startswith("rtsps://media.example:8322/live/")
    assert len(found.url) > 50
    let_answer(store, "done")
    recorded(store, 1, state="started")
    assert state(views) == ("started", "")
    views.keep("school-07", SESSION, "bolat")
    recorded(store, 2, state="ended", reason="lapsed", seconds=40)
    assert state(views) == ("ended", "lapsed")


def test_a_view_that_the_box_refuses(store: Store, views: LiveViews) -> None:
    let_answer(store, "failed", "no_encoder")
    assert state(views) == ("failed", "no_encoder")


def test_a_person_ends_it_once(store: Store, views: LiveViews) -> None:
    let_answer(store, "done")
    views.stop("school-07", SESSION, "bolat")
    views.stop("school-07", SESSION, "bolat")
    assert state(views) == ("ended", "stopped")
    assert [one.name for one in OrderQueue(store.database).of("school-07", SESSION)] == ["live.start", "live.stop"]


def test_a_view_that_the_box_has_no_more_is_over(store: Store, views: LiveViews) -> None:
    let_answer(store, "done")
    views.keep("school-07", SESSION, "bolat")
    let_answer(store, "failed", "unknown_session")
    assert state(views) == ("ended", "lapsed")


def test_no_such_view_and_no_media_server(store: Store) -> None:
    assert LiveViews(store.database, SETTINGS).view("school-07", new_session()) is None
    with pytest.raises(CentreError) as error:
        LiveViews(store.database, None).start("school-07", "hall", "bolat", SESSION)
    assert error.value.code == "K-171"
