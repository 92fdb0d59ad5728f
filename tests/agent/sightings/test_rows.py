"""The tables score and sighting: what is put is read, what is old is forgotten, damage hides no other."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import db
from agent.outbox.group import Transaction
from agent.sightings import rows
from agent.sightings.rows import DAY_NS, HOUR_NS, KEPT_NS, ScoreRow, SightingRow, Sums
from agent.sightings.verdicts import Verdict, record_verdict
from tests.agent.outbox.box import opened
from tests.clock import START_NS

HOUR = START_NS // HOUR_NS
ROW = ScoreRow(
    hour=HOUR, camera="gate", detector="fight", period="lessons", seconds=3600, pictures=0, runs=900, hits=12, votes=2,
    told=1, looks={3: 880, 40: 20}, minutes={5: 58, 43: 2}, again={5: 50},
)  # fmt: skip
SEEN = SightingRow(camera="gate", detector="fight", kind="fight", zone="stairs", score=0.9312, at_ns=START_NS)


def transaction() -> Transaction:
    """On a database in memory: what a group commit gives to its members."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("pragma foreign_keys=on")
    db.climb(connection)
    return Transaction(connection, None, 0)  # type: ignore[arg-type]


async def test_what_is_put_is_read_through_the_real_writer(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.transact(lambda one: rows.put_score(one, ROW))
        id_ = await outbox.transact(lambda one: rows.add_sighting(one, SEEN))
        assert await outbox.transact(lambda one: rows.score(one, HOUR, "gate", "fight", "lessons")) == ROW
        assert await outbox.transact(lambda one: rows.score(one, HOUR, "gate", "fight", "night")) is None
    connection = db.connect_reader(tmp_path / "outbox.db")
    assert rows.scores(connection.execute, START_NS) == [ROW]
    assert rows.scores(connection.execute, START_NS + HOUR_NS) == []
    assert rows.sightings(connection.execute, START_NS) == [msgspec.structs.replace(SEEN, id=id_)]
    assert rows.sightings(connection.execute, START_NS + 1) == []
    connection.close()


COUNTS = st.dictionaries(st.integers(0, 63), st.integers(1, 10**6), max_size=64)


@given(COUNTS, COUNTS, COUNTS)
def test_any_spread_comes_back(looks: rows.Counts, minutes: rows.Counts, again: rows.Counts) -> None:
    one = transaction()
    row = msgspec.structs.replace(ROW, looks=looks, minutes=minutes, again=again)
    rows.put_score(one, ROW)
    rows.put_score(one, row)
    assert rows.scores(one.execute, 0) == [row]
    one.db.close()


def test_an_hour_of_a_detector_is_a_few_hundred_bytes() -> None:
    one = transaction()
    busy = {place: 4000 // (1 + abs(place - 12)) for place in range(40)}
    rows.put_score(one, msgspec.structs.replace(ROW, looks=busy, minutes={8: 30, 9: 20, 15: 10}, again={8: 45}))
    (size,) = one.execute("select length(looks) + length(minutes) + length(again) from score").fetchone()
    assert size < 500


def test_after_a_month_it_is_forgotten_and_what_was_never_true_too() -> None:
    one = transaction()
    for days in (-2, 0, 29, 31):
        rows.put_score(one, msgspec.structs.replace(ROW, hour=HOUR - 24 * days))
        id_ = rows.add_sighting(one, msgspec.structs.replace(SEEN, at_ns=START_NS - days * DAY_NS))
        record_verdict(one, id_, Verdict.DISMISSED, START_NS)
    rows.forget(one, START_NS)
    assert [(HOUR - row.hour) // 24 for row in rows.scores(one.execute, 0)] == [29, 0]
    assert [row.at_ns for row in rows.sightings(one.execute, 0)] == [START_NS, START_NS - 29 * DAY_NS]
    assert one.execute("select count(*) from sighting_verdict").fetchone() == (2,)
    assert KEPT_NS == 30 * DAY_NS


@pytest.mark.parametrize("spoilt", ["", "[]", '{"a": 1}', '{"1": "x"}', "{"])
def test_a_damaged_row_hides_no_other(spoilt: str) -> None:
    one = transaction()
    rows.put_score(one, ROW)
    rows.put_score(one, msgspec.structs.replace(ROW, camera="yard"))
    one.execute("update score set looks = ? where camera = 'gate'", (spoilt,))
    gate, yard = rows.scores(one.execute, 0)
    assert (gate.looks, gate.minutes, yard.looks) == ({}, ROW.minutes, ROW.looks)


def test_sums_are_by_camera_with_what_people_said() -> None:
    one = transaction()
    rows.put_score(one, ROW)
    rows.put_score(one, msgspec.structs.replace(ROW, hour=HOUR + 1))
    rows.put_score(one, msgspec.structs.replace(ROW, camera="yard", hour=HOUR - 200))
    for verdict in (None, Verdict.CONFIRMED, Verdict.DISMISSED, Verdict.DISMISSED):
        id_ = rows.add_sighting(one, SEEN)
        if verdict:
            record_verdict(one, id_, verdict, START_NS)
    rows.add_sighting(one, msgspec.structs.replace(SEEN, camera="hall"))
    assert rows.sums(one.execute, START_NS) == {
        "gate": Sums(hits=24, votes=4, told=4, dismissed=2, confirmed=1),
        "hall": Sums(told=1),
    }
