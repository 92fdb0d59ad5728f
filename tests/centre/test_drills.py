"""Drills: whose chain answered, whose did not, and when each step came."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from centre.database import open_database
from centre.drills import Drill, drills
from centre.store import Store
from tests.centre.batches import stored
from tests.centre.incident_box import ONE, TWO, alarms, said


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(open_database(f"sqlite:///{tmp_path}/centre.db"))
    yield made
    made.database.close()


def one(store: Store) -> Drill:
    (found,) = drills(store.database, ["school-07"], 0)
    return found


def test_a_chain_that_answered_says_how_soon(store: Store) -> None:
    bodies = [said("opened", 1, drill=True), said("told", 4, drill=True), said("answered", 9), said("closed", 12)]
    for sequence, body in zip((1, 4, 9, 12), bodies, strict=True):
        stored(store, alarms(sequence, body))
    found = one(store)
    assert (found.verdict, found.incident, found.kind, found.answered_s) == ("answered", ONE, "fight", 12.5)
    assert [(step.what, step.after_s) for step in found.steps] == [
        ("told", 3.0), ("acknowledged", 8.0), ("closed", 11.0),
    ]  # fmt: skip


def test_a_chain_that_did_not(store: Store) -> None:
    assert one(store).verdict == "none"
    stored(store, alarms(1, said("opened", 1, drill=True), said("told", 2, drill=True)))
    assert one(store).verdict == "waiting"
    stored(store, alarms(3, said("told", 3, drill=True, why="unanswered", step=1)))
    assert one(store).verdict == "not answered"
    stored(store, alarms(4, said("opened", 4, incident=TWO, drill=False)))
    assert one(store).incident == ONE  # no drill: it happened
    assert drills(store.database, ["school-07"], 2**62)[0].verdict == "none"
