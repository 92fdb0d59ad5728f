"""What is stored, and the verdict that says so: one suite over SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centre.database import SqliteDatabase
from centre.errors import StoreDown
from centre.judge import Judged, judge
from centre.store import Store
from tests.centre.batches import BOX, Verdict, batch, events, lane_of, stored
from tests.centre.conftest import Open
from tests.centre.far_box import EPOCH, OTHER_EPOCH, FarBox, loss, public


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


def count(store: Store, table: str) -> int:
    return int(store.database.execute(f"select count(*) from {table}")[0][0])


def bodies(store: Store) -> list[str]:
    return [body for (body,) in store.database.execute("select body from event order by stream, sequence")]


# --- verdicts ------------------------------------------------------------------------------------------------


def test_new_events_are_stored_verbatim(store: Store) -> None:
    one = events(1, 3)
    assert stored(store, one) == [[("stored", 1, 3)]]
    assert bodies(store) == [event.body for event in one.events]
    assert lane_of(store) == (3, 3)


def test_the_same_bytes_again_are_a_repeat_and_change_nothing(store: Store) -> None:
    stored(store, events(1, 3))
    before = store.database.execute("select * from event order by sequence")
    assert stored(store, events(1, 3)) == [[("repeat", 1, 3)]]
    assert store.database.execute("select * from event order by sequence") == before
    assert store.database.execute("select events from stream") == [(3,)]


def test_other_bytes_under_a_taken_key_are_kept_apart(store: Store) -> None:
    first = events(1, 3)
    stored(store, first)
    second = batch("record", 1, [*BOX.events("record", 1, 1), *BOX.events("record", 2, 2, data={"other": True})])
    assert stored(store, second) == [[("repeat", 1, 1), ("conflict", 2, 2)]]
    assert bodies(store) == [event.body for event in first.events]
    assert store.database.execute("select sequence, body from conflict") == [(2, second.events[1].body)]


def test_a_conflict_that_comes_again_counts_once(store: Store) -> None:
    stored(store, events(1, 1))
    for other in ("a", "a", "b", "a"):
        assert stored(store, events(1, 1, data={"x": other})) == [[("conflict", 1, 1)]]
    assert count(store, "conflict") == 2


def test_a_malformed_event_is_kept_verbatim_and_does_not_block_the_lane(store: Store) -> None:
    bad = b'{"id": "\\u0000"}'
    mixed = batch("record", 1, [*BOX.events("record", 1, 1), bad, *BOX.events("record", 3, 3)])
    assert stored(store, mixed) == [[("stored", 1, 1), ("quarantined", 2, 2), ("stored", 3, 3)]]
    ((first, last, reason, body),) = store.database.execute("select first, last, reason, body from quarantine")
    assert (first, last, bytes(body)) == (2, 2, bad)
    assert reason
    assert lane_of(store) == (3, 3)


def test_bytes_that_no_text_could_hold_are_kept_verbatim(store: Store) -> None:
    message = BOX.batch_of("record", 1, 9, b"\x00\xff\xfe")
    whole = judge("school-07", "record", message.topic, message.payload, message.properties, public(BOX.key))
    assert stored(store, whole) == [[("quarantined", 1, 9)]]
    assert bytes(store.database.execute("select body from quarantine")[0][0]) == b"\x00\xff\xfe"
    assert lane_of(store) == (9, 9)


def test_each_different_malformed_body_is_kept_once(store: Store) -> None:
    """Its receipt lets the box forget it: a second body under the same range must not be dropped."""
    for body in (b"1", b"2", b"1", b"2"):
        assert stored(store, batch("record", 1, [body])) == [[("quarantined", 1, 1)]]
    kept = store.database.execute("select body from quarantine order by id")
    assert [bytes(body) for (body,) in kept] == [b"1", b"2"]


def test_one_batch_may_have_every_verdict(store: Store) -> None:
    stored(store, events(2, 4))
    other = BOX.events("record", 4, 4, data={"other": True})
    mixed = batch("record", 1, [*BOX.events("record", 1, 3), *other, b"{}", *BOX.events("record", 6, 6)])
    assert stored(store, mixed) == [
        [("stored", 1, 1), ("repeat", 2, 3), ("conflict", 4, 4), ("quarantined", 5, 5), ("stored", 6, 6)]
    ]


def test_a_group_answers_each_batch_in_the_order_given(store: Store) -> None:
    group = [events(4, 6), events(1, 3), events(1, 3), events(1, 2, "alarm")]
    assert stored(store, *group) == [[("stored", 4, 6)], [("stored", 1, 3)], [("repeat", 1, 3)], [("stored", 1, 2)]]


def test_schools_epochs_and_lanes_are_strangers(store: Store) -> None:
    other = FarBox("school-08", BOX.key)
    group = [events(1, 1), events(1, 1, "alarm"), events(1, 1, epoch=OTHER_EPOCH), events(1, 1, box=other)]
    assert stored(store, *group) == [[("stored", 1, 1)]] * 4
    assert count(store, "stream") == count(store, "event") == 4


# --- the contiguous prefix -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranges", "through", "highest"),
    [
        ([(1, 3), (4, 6)], 6, 6),
        ([(4, 6), (1, 3)], 6, 6),
        ([(1, 3), (5, 6)], 3, 6),
        ([(1, 3), (5, 6), (4, 4)], 6, 6),
        ([(2, 3)], 0, 3),
        ([(5, 5), (3, 3), (1, 1), (2, 2), (4, 4)], 5, 5),
        ([(1, 4), (3, 8)], 8, 8),
    ],
)
def test_the_prefix_ends_where_the_first_gap_begins(
    store: Store, ranges: list[tuple[int, int]], through: int, highest: int
) -> None:
    for first, last in ranges:
        stored(store, events(first, last))
    assert lane_of(store) == (through, highest)


LOSSES: list[tuple[str, list[tuple[int, int] | str], int]] = [
    ("in the middle", [(1, 2), (6, 7), "3-5"], 7),
    ("before what follows came", [(1, 2), "3-5", (6, 7)], 7),
    ("at the start", ["1-5", (6, 7)], 7),
    ("at the end", [(1, 2), "3-5"], 5),
    ("behind a gap that closes later", [(1, 2), "6-9", (3, 5)], 9),
    ("behind a gap that stays", [(1, 2), "6-9", (4, 5)], 2),
    ("over what was stored all the same", [(1, 4), "3-6"], 6),
    ("two that touch", [(1, 2), "5-6", "3-4"], 6),
    ("the same again", [(1, 2), "3-5", "3-5"], 5),
]


@pytest.mark.parametrize(("steps", "through"), [case[1:] for case in LOSSES], ids=[case[0] for case in LOSSES])
def test_a_range_that_the_box_recorded_as_lost_counts_as_present(
    store: Store, steps: list[tuple[int, int] | str], through: int
) -> None:
    """Losses of telemetry are records."""
    records = iter(range(1, 100))
    for step in steps:
        if isinstance(step, str):
            number = next(records)
            first, last = map(int, step.split("-"))
            stored(store, batch("record", number, [loss("school-07", number, "telemetry", first, last)]))
        else:
            stored(store, events(*step, "telemetry"))
    assert lane_of(store, "telemetry")[0] == through


def test_a_loss_of_an_older_epoch_counts_there(store: Store) -> None:
    stored(store, events(1, 2, "telemetry", epoch=OTHER_EPOCH))
    stored(store, batch("record", 1, [loss("school-07", 1, "telemetry", 3, 4, epoch=OTHER_EPOCH)]))
    assert lane_of(store, "telemetry", OTHER_EPOCH) == (4, 4)
    assert lane_of(store, "telemetry") == (0, 0)


ranges = st.lists(st.tuples(st.integers(1, 25), st.integers(0, 6), st.sampled_from("elq")), max_size=12)


@given(steps=ranges)
@settings(max_examples=60, deadline=None)
def test_the_prefix_is_what_a_set_would_say(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Events, losses and quarantined pieces in any order."""
    store = Store(SqliteDatabase(tmp_path_factory.mktemp("prefix") / "centre.db"))
    present: set[int] = set()
    for number, (first, more, kind) in enumerate(steps, 1):
        last = first + more
        present |= set(range(first, last + 1))
        if kind == "e":
            stored(store, events(first, last, "telemetry"))
        elif kind == "l":
            stored(store, batch("record", number, [loss("school-07", number, "telemetry", first, last)]))
        else:
            stored(store, batch("telemetry", first, [b"{}"] * (more + 1)))
    assert lane_of(store, "telemetry") == (
        next(n for n in range(100) if n + 1 not in present),
        max(present, default=0),
    )
    store.database.close()


# --- all or nothing ------------------------------------------------------------------------------------------


def test_a_group_that_cannot_commit_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = store._advance
    calls: list[object] = []

    def fails_later(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise StoreDown("the disk went away")
        real(*args)

    monkeypatch.setattr(store, "_advance", fails_later)
    with pytest.raises(StoreDown):
        store.store([events(1, 3), events(4, 6)])
    assert (count(store, "event"), count(store, "stream")) == (0, 0)
    assert stored(store, events(1, 3), events(4, 6)) == [[("stored", 1, 3)], [("stored", 4, 6)]]


def test_receivers_at_once_store_each_event_once(open_one: Open) -> None:
    """Four connections get the same batches in different orders, as when boxes send again."""
    batches = [events(first, first + 9) for first in range(1, 200, 10)]
    verdicts: list[list[list[Verdict]]] = [[] for _ in range(4)]
    stores = [Store(open_one()) for _ in range(4)]

    def work(at: int) -> None:
        mine = batches[at * 5 :] + batches[: at * 5]
        for group in (mine[n : n + 4] for n in range(0, len(mine), 4)):
            verdicts[at] += stored_at_last(stores[at], group if at % 2 else group[::-1])

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    said = [part for one in verdicts for parts in one for part in parts]
    assert sum(last - first + 1 for word, first, last in said if word == "stored") == 200
    assert sum(last - first + 1 for word, first, last in said if word == "repeat") == 600
    assert count(stores[0], "event") == 200
    assert lane_of(stores[0]) == (200, 200)
    assert stores[0].database.execute("select events from stream") == [(200,)]


def stored_at_last(store: Store, group: list[Judged]) -> list[list[Verdict]]:
    """A receiver tries again while the database is busy."""
    while True:
        try:
            return stored(store, *group)
        except StoreDown as error:
            if "lock" not in str(error):
                raise


def test_receivers_that_meet_new_schools_at_once_do_not_wait_for_each_other_for_ever(open_one: Open) -> None:
    """Each makes the lanes that the other makes, too, in groups that begin elsewhere."""
    boxes = [FarBox(f"school-{n:02d}", BOX.key) for n in range(24)]
    stores = [Store(open_one()) for _ in range(3)]
    failures: list[Exception] = []

    def work(at: int) -> None:
        for n in range(24):
            group = [events(1, 2, "telemetry", box=boxes[(at * 8 + n + more) % 24]) for more in range(6)]
            try:
                stores[at].store(group)
            except StoreDown as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert count(stores[0], "event") == 48
    assert stores[0].database.execute("select distinct through, events from stream") == [(2, 2)]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_group_of_a_whole_city_costs_the_database_few_statements(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each school sends a few events, what counts is how often the receiver waits for an answer."""
    store = Store(open_one())
    asked: list[str] = []
    for name in ("execute", "execute_each", "execute_many", "insert_events"):
        monkeypatch.setattr(store.database, name, _counted(getattr(store.database, name), name, asked))
    group = [events(1, 6, lane, box=FarBox(f"school-{n:02d}", BOX.key)) for n in range(15) for lane in LANES]
    assert stored(store, *group) == [[("stored", 1, 6)]] * 30
    assert asked == ["execute_each", "execute_many", "execute_each", "insert_events", "execute_many"]


LANES = ("record", "telemetry")


def _counted(real: Callable[..., Any], name: str, asked: list[str]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        asked.append(name)
        return real(*args)

    return counted


def test_losses_that_cross_do_not_deadlock(open_one: Open) -> None:
    """Each receiver's records tell of losses in the other's epoch."""
    stores = [Store(open_one()) for _ in range(2)]
    epochs = [EPOCH, OTHER_EPOCH]
    failures: list[Exception] = []

    def work(at: int) -> None:
        own, other = epochs[at], epochs[1 - at]
        for number in range(1, 40):
            told = loss("school-07", number, "record", 1_000 + number, 1_000 + number, epoch=other)
            told = told.replace(f"/{EPOCH}/".encode(), f"/{own}/".encode())
            try:
                stores[at].store([batch("record", number, [told], epoch=own)])
            except StoreDown as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert [lane_of(stores[0], "record", epoch) for epoch in epochs] == [(39, 1_039)] * 2


# --- the quarantine, again -----------------------------------------------------------------------------------


def quarantined(store: Store) -> int:
    """An event that is malformed today; its number in the quarantine."""
    stored(store, batch("record", 1, [*BOX.events("record", 1, 1), b"{}", *BOX.events("record", 3, 3)]))
    return int(store.database.execute("select id from quarantine")[0][0])


def test_a_piece_that_became_sound_moves_to_the_table(store: Store) -> None:
    number = quarantined(store)
    assert [msgspec.structs.astuple(part) for part in store.requeue(number, events(2, 2))] == [("stored", 2, 2)]
    assert (count(store, "quarantine"), len(bodies(store))) == (0, 3)
    assert lane_of(store) == (3, 3)
    assert store.requeue(number, events(2, 2)) == []


def test_a_requeue_that_is_cut_short_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted in one transaction and stored in another, a crash between the two would lose the event."""
    number = quarantined(store)

    def dies(*_args: object) -> None:
        raise StoreDown("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(store.database, "insert_events", dies)
        with pytest.raises(StoreDown):
            store.requeue(number, events(2, 2))
    assert count(store, "quarantine") == 1
    assert [part.verdict for part in store.requeue(number, events(2, 2))] == ["stored"]
