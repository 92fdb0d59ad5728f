"""What the report says of a school: how far, which ranges are missing and not explained; on both databases."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centre.database import SqliteDatabase
from centre.report import GAPS_SHOWN, LaneReport, report
from centre.store import Store
from centre.wire import Birth, now_text
from tests.centre.batches import BOX, batch, events, stored
from tests.centre.conftest import Open
from tests.centre.far_box import EPOCH, OTHER_EPOCH, SESSION, loss


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


def lane_of(store: Store, lane: str = "telemetry", epoch: str = EPOCH) -> LaneReport:
    return report(store.database, "school-07").epochs[epoch][lane]


def lose(store: Store, number: int, first: int, last: int) -> None:
    stored(store, batch("record", number, [loss("school-07", number, "telemetry", first, last)]))


def test_a_school_that_never_spoke_is_never_seen(store: Store) -> None:
    found = report(store.database, "school-07")
    assert (found.state, found.seen, found.epoch, found.epochs, found.refused) == ("never seen", "", "", {}, {})


def test_every_figure_of_a_lane(store: Store) -> None:
    stored(store, events(1, 3, "telemetry"), events(7, 8, "telemetry"), events(12, 12, "telemetry"))
    stored(store, events(2, 2, "telemetry", data={"other": 1}))
    stored(store, batch("telemetry", 13, [b"{}", b"{}"]))
    lose(store, 1, 4, 5)
    assert lane_of(store) == LaneReport(
        through=5, highest=14, events=6, gaps=[(6, 6), (9, 11)], losses=[(4, 5)], quarantined=2, conflicts=1
    )


EXPLAINED: list[tuple[str, list[tuple[int, int]], list[tuple[int, int]]]] = [
    ("not at all", [], [(4, 9)]),
    ("at its beginning: the prefix moves", [(4, 6)], [(7, 9)]),
    ("at its end", [(8, 9)], [(4, 7)]),
    ("in the middle", [(6, 7)], [(4, 5), (8, 9)]),
    ("all of it", [(4, 9)], []),
    ("in two pieces that overlap", [(5, 7), (6, 8)], [(4, 4), (9, 9)]),
    ("one within another", [(5, 8), (6, 6)], [(4, 4), (9, 9)]),
    ("beyond all events", [(15, 16)], [(4, 9), (13, 14)]),
]


@pytest.mark.parametrize(("losses", "gaps"), [case[1:] for case in EXPLAINED], ids=[case[0] for case in EXPLAINED])
def test_a_loss_explains_its_part_of_a_gap(
    store: Store, losses: list[tuple[int, int]], gaps: list[tuple[int, int]]
) -> None:
    stored(store, events(1, 3, "telemetry"), events(10, 12, "telemetry"))
    for number, (first, last) in enumerate(losses, 1):
        lose(store, number, first, last)
    assert lane_of(store).gaps == gaps


def test_of_many_gaps_the_first_are_told(store: Store) -> None:
    for sequence in range(2, 2 * GAPS_SHOWN + 20, 2):
        stored(store, events(sequence, sequence, "telemetry"))
    assert lane_of(store).gaps == [(n, n) for n in range(1, 2 * GAPS_SHOWN, 2)]


ranges = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5), st.sampled_from("elq")), max_size=12)


@given(steps=ranges)
@settings(max_examples=60, deadline=None)
def test_the_gaps_are_what_a_set_would_say(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    store = Store(SqliteDatabase(tmp_path_factory.mktemp("gaps") / "centre.db"))
    present: set[int] = set()
    stored(store, events(1, 1, "telemetry"))
    present.add(1)
    for number, (first, more, kind) in enumerate(steps, 1):
        present |= set(range(first, first + more + 1))
        if kind == "e":
            stored(store, events(first, first + more, "telemetry"))
        elif kind == "l":
            lose(store, number, first, first + more)
        else:
            stored(store, batch("telemetry", first, [b"{}"] * (more + 1)))
    missing = {n for first, last in lane_of(store).gaps for n in range(first, last + 1)}
    assert missing == set(range(1, max(present))) - present
    store.database.close()


def test_each_epoch_and_lane_stands_by_itself(store: Store) -> None:
    stored(store, events(1, 2), events(1, 1, "alarm"), events(1, 3, epoch=OTHER_EPOCH))
    found = report(store.database, "school-07").epochs
    assert {(epoch, lane): one.events for epoch, lanes in found.items() for lane, one in lanes.items()} == {
        (EPOCH, "alarm"): 1,
        (EPOCH, "record"): 2,
        (OTHER_EPOCH, "record"): 3,
    }
    assert list(found[EPOCH]) == ["alarm", "record"]


def test_last_seen_is_whatever_came_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that was born three days ago and has sent ever since was seen just now."""
    birth = Birth(state="online", school="school-07", session=SESSION, epoch=EPOCH)
    for now_ns, step in (
        (3_000_000_000, lambda: store.note_births([("school-07", birth, "{}")])),
        (5_000_000_000, lambda: stored(store, events(1, 1))),
        (9_000_000_000, lambda: stored(store, events(1, 1, "alarm"))),
    ):
        monkeypatch.setattr("centre.store.time.time_ns", lambda now_ns=now_ns: now_ns)
        step()
        assert report(store.database, "school-07").seen == now_text(now_ns)
    assert report(store.database, "school-07").state == "online"


def test_alarms_ahead_and_refusals_are_counted(store: Store) -> None:
    for one in ("1", "2"):
        store.note_ahead("school-07", one, "{}")
        store.note_refusal("school-07", "oversized")
    found = report(store.database, "school-07")
    assert (found.ahead, found.refused) == (2, {"oversized": 2})


def test_what_was_requeued_is_no_longer_set_aside(store: Store) -> None:
    stored(store, batch("record", 1, [b"{}"]))
    assert (lane_of(store, "record").quarantined, lane_of(store, "record").events) == (1, 0)
    ((number,),) = store.database.execute("select id from quarantine")
    store.requeue(number, events(1, 1))
    assert (lane_of(store, "record").quarantined, lane_of(store, "record").events) == (0, 1)


def test_as_json_it_has_these_names(store: Store) -> None:
    """Scripts and the simulator read them."""
    stored(store, batch("record", 1, BOX.events("record", 1, 1)))
    found = msgspec.to_builtins(report(store.database, "school-07"))
    assert sorted(found) == ["ahead", "epoch", "epochs", "refused", "school", "sealed_for_another", "seen", "state"]
    assert sorted(found["epochs"][EPOCH]["record"]) == [
        "conflicts", "events", "gaps", "highest", "losses", "quarantined", "through"
    ]  # fmt: skip
