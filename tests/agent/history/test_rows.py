"""The table history: stretches fold when something comes and goes; the newest of each thing outlives everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import db
from agent.history import rows
from agent.history.rows import FOLD_NS, KEPT_NS, ROWS_OF_ONE, Counts, Part, Stretch, folded
from agent.outbox.group import Transaction

MINUTE_NS = 60 * 1_000_000_000


def stretch(state: str, at_ns: int, *, name: str = "gate", code: str = "", port: str = "") -> Stretch:
    return Stretch(part=Part.DEVICE, name=name, state=state, code=code, port=port, at_ns=at_ns, first_ns=at_ns)


def agent(state: str, at_ns: int) -> Stretch:
    return Stretch(part=Part.AGENT, state=state, at_ns=at_ns, first_ns=at_ns)


@pytest.fixture
def transaction() -> Iterator[Transaction]:
    """As far as these rows need one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    db.climb(connection)
    yield cast(Transaction, connection)
    connection.close()


def life(transaction: Transaction, name: str = "gate", since_ns: int = 0) -> list[Stretch]:
    return rows.life(transaction.execute, Part.DEVICE, name, since_ns)


def test_what_is_written_is_what_is_read(transaction: Transaction) -> None:
    one = msgspec.structs.replace(
        stretch("failed", 5, code="P-104"), what="went away", advice="Check the plug.", boot="b", clock_ok=False
    )
    rows.add(transaction, [one, stretch("working", 9, port="ttyUSB1"), agent("ended", 11)])
    assert life(transaction) == [one, stretch("working", 9, port="ttyUSB1"), agent("ended", 11)]
    assert {found.key for found in rows.newest(transaction.execute)} == {("device", "gate"), ("agent", "")}


def test_what_comes_and_goes_stays_two_rows_with_a_count(transaction: Transaction) -> None:
    for turn in range(50):
        state = "failed" if turn % 2 else "working"
        rows.add(transaction, [stretch(state, turn * MINUTE_NS)])
        rows.count(transaction, ("device", "gate"), Counts(1, 2, turn))
    working, failed = life(transaction)
    assert (working.state, working.times, working.at_ns, working.first_ns) == ("working", 25, 48 * MINUTE_NS, 0)
    assert (failed.state, failed.times, failed.at_ns, failed.first_ns) == ("failed", 25, 49 * MINUTE_NS, MINUTE_NS)
    assert (working.readings + failed.readings, working.garbled + failed.garbled) == (50, 100)
    assert failed.last_ns == 49


@pytest.mark.parametrize(
    ("third", "count"),
    [
        (stretch("working", 3), 2),
        (stretch("working", FOLD_NS + 2), 3),  # it was well for long: a new story
        (stretch("working", 3, port="ttyUSB1"), 3),  # not as it was
        (stretch("failed", 3, code="P-101"), 3),
    ],
)
def test_only_what_is_as_it_was_soon_before_is_folded(third: Stretch, count: int) -> None:
    assert len(folded([stretch("working", 1), stretch("failed", 2)], third)) == count


def test_the_agents_own_life_is_never_folded() -> None:
    found: list[Stretch] = []
    for at_ns, state in enumerate(["started", "killed"] * 5):
        found = folded(found, agent(state, at_ns))
    assert len(found) == 10


@given(st.lists(st.tuples(st.sampled_from(["working", "failed"]), st.integers(0, 3 * FOLD_NS)), max_size=30))
def test_folding_loses_no_beginning_and_ends_with_the_newest(changes: list[tuple[str, int]]) -> None:
    found: list[Stretch] = []
    at_ns = 0
    for state, later_ns in changes:
        at_ns += later_ns
        found = folded(found, stretch(state, at_ns))
        assert (found[-1].state, found[-1].at_ns) == (state, at_ns)
    assert sum(one.times for one in found) == len(changes)
    assert [one.at_ns for one in found] == sorted(one.at_ns for one in found)


def test_of_one_thing_there_are_never_more_rows(transaction: Transaction) -> None:
    for turn in range(ROWS_OF_ONE + 20):
        rows.add(transaction, [stretch("failed", turn, code=f"P-{turn}"), stretch("working", turn, name="hall")])
    assert len(life(transaction)) == ROWS_OF_ONE
    assert life(transaction)[-1].code == f"P-{ROWS_OF_ONE + 19}"


def test_a_month_is_kept_and_the_newest_of_each_for_ever(transaction: Transaction) -> None:
    rows.add(transaction, [stretch("failed", 1), stretch("working", 2), stretch("working", 2, name="hall")])
    rows.forget(transaction, KEPT_NS + 2)
    assert [one.at_ns for one in life(transaction)] == [2]
    rows.forget(transaction, 3 * KEPT_NS)
    assert len(rows.newest(transaction.execute)) == 2


def test_the_clocks_jumps_and_the_agents_life_stand_in_every_story(transaction: Transaction) -> None:
    jump = Stretch(part=Part.CLOCK, state="set", what="+3600.0", at_ns=4, first_ns=4)
    synced = Stretch(part=Part.CLOCK, state="synced", at_ns=4, first_ns=4)
    rows.add(transaction, [stretch("working", 1), agent("started", 2), synced, jump, stretch("failed", 9, name="hall")])
    assert [one.state for one in life(transaction)] == ["working", "started", "set"]
    assert [one.state for one in life(transaction, since_ns=3)] == ["set"]


def test_the_last_sign_of_life_is_the_last_event(transaction: Any) -> None:
    assert rows.last_sign_ns(transaction.execute) == 0
    transaction.execute("insert into epoch (uuid, opened_ns, reason) values ('e', 1, 'new')")
    for first, at_ns in ((1, 70), (2, 90)):
        sql = "insert into message (epoch, lane, first, last, accepted_ns, crc, body) values (1, 2, ?, ?, ?, 0, x'')"
        transaction.execute(sql, (first, first, at_ns))
    assert rows.last_sign_ns(transaction.execute) == 90
