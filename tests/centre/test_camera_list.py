"""The list of cameras: ages that count on, and what is wrong with each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from centre.camera_list import OLD_S, Camera, cameras
from centre.database import open_database
from centre.store import Store
from tests.centre.batches import batch, stored
from tests.centre.far_box import event

S_NS = 10**9
SOUND = {"camera": "hall", "place": "hall", "state": "clear", "picture_age_s": 2, "clock_off_s": None, "live": True}


def told(
    store: Store, now_ns: int, clock: str = "unsynced", at: str = "2026-11-23T08:00:00Z", **data: object
) -> Camera:
    ((sequence,),) = store.database.execute("select coalesce(max(highest), 0) from stream where lane = 'telemetry'")
    body = event(
        "school-07", "telemetry", sequence + 1, type="kz.mektep.camera.list.v1", time=at, clock=clock,
        data={"cameras": [SOUND | data]},
    )  # fmt: skip
    stored(store, batch("telemetry", sequence + 1, [body]))
    (found,) = cameras(store.database, "", now_ns)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(open_database(f"sqlite:///{tmp_path}/centre.db"))
    yield made
    made.database.close()


def test_an_age_counts_on(store: Store) -> None:
    now_ns = time.time_ns()
    assert (told(store, now_ns).age_s, told(store, now_ns).trouble) == (2, "")
    later = told(store, now_ns + 100 * S_NS)
    assert 101 <= (later.age_s or 0) <= 103
    assert told(store, now_ns, picture_age_s=None).age_s is None
    assert cameras(store.database, "school-08", now_ns) == []


def test_what_was_told_before_the_line_was_there_is_as_old_as_its_time(store: Store) -> None:
    """A box with a good clock; a clock that was never set says nothing."""
    found = told(store, time.time_ns(), "synced", "2020-01-01T00:00:00Z")
    assert (found.trouble, found.told_s > 10**8) == ("silent", True)
    assert told(store, time.time_ns(), "unsynced", "2020-01-01T00:00:00Z").trouble == ""
    assert told(store, time.time_ns(), "synced", "2120-01-01T00:00:00Z").told_s < 60
    assert told(store, time.time_ns(), "synced", "2026-11-23T08:00:00.000000Z", state="lost").trouble == "lost"


def test_troubles(store: Store) -> None:
    now_ns = time.time_ns()
    assert told(store, now_ns, state="lost").trouble == "lost"
    assert told(store, now_ns, picture_age_s=None).trouble == "lost"
    for state in ("covered", "frozen", "turned", "defocused"):
        assert told(store, now_ns, state=state).trouble == "tampered"
    assert told(store, now_ns, state="dark").trouble == ""
    assert told(store, now_ns, clock_off_s=-11.0).trouble == "clock"
    assert told(store, now_ns + (OLD_S + 60) * S_NS).trouble == "silent"
