"""The tables: a row comes back as it was written; signs are counted; what is closed is kept for a while."""

from __future__ import annotations

import msgspec
import pytest

from agent.incidents import rows
from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from tests.agent.incidents.house import House


def test_a_row_comes_back_as_it_was_written() -> None:
    house = House()
    effects = house.saw(house.camera(Kind.MEDICAL, report="r", drill=True))
    assert effects.incident is not None
    assert rows.one(house.transaction, effects.incident.id) == effects.incident
    assert rows.live(house.transaction) == [effects.incident]
    assert rows.one(house.transaction, "nobody's") is None


def test_a_source_that_repeats_itself_is_counted() -> None:
    house = House()
    incident = house.opens(house.camera(Kind.FIGHT))
    for _ in range(3):
        house.saw(house.camera(Kind.FIGHT))
    house.saw(house.camera(Kind.FIGHT, name="cam-2"))
    assert [(one.source, one.count) for one in house.one(incident).signs] == [("cam-1", 4), ("cam-2", 1)]
    assert [one["signs"] for one in house.events("joined")] == [2]


def test_every_change_is_numbered() -> None:
    house = House()
    incident = house.opens(house.sign())
    before = house.one(incident).changes
    house.say(incident, Input.ACKNOWLEDGE)
    assert house.one(incident).changes == before + 1


def test_closed_ones_are_kept_for_a_while_with_the_latest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CLOSED_KEPT", 2)
    house = House()
    made = []
    for number in range(4):
        made.append(house.opens(house.sign(Kind.OTHER, place=f"room {number}")))
        house.say(made[-1], Input.CONFIRM)
        house.say(made[-1], Input.CLOSE)
    kept = rows.closed(house.transaction, 10)
    assert [one.id for one in kept] == made[:1:-1]
    assert house.transaction.execute("select count(*) from incident_sign").fetchone() == (2,)
    assert msgspec.json.encode(kept[0])


DAMAGED = [
    ("kind", "earthquake"), ("state", "x"), ("certainty", ""), ("reached", "{"), ("latest_told", "[1]"),
    ("opened", "x"), ("since", "null"), ("latest_sign", ""), ("due", '{"utc_ns":"x"}'),
]  # fmt: skip


@pytest.mark.parametrize(("column", "written"), DAMAGED)
def test_a_damaged_row_is_told_again_and_costs_the_others_nothing(column: str, written: str) -> None:
    house = House()
    sound = house.opens(house.sign(Kind.FIRE))
    damaged = house.opens(house.sign(Kind.OTHER))
    house.db.execute(f"update incident set {column} = ? where id = ?", (written, damaged))
    house.db.execute("update incident_sign set first = '?' where incident = 2")
    assert [one.id for one in house.live()] == [sound, damaged]
    house.late()
    house.late()
    assert damaged in {one["incident"] for one in house.events("told")[2:]}
    assert house.say(damaged, Input.CONFIRM) == "confirmed"
    assert house.say(damaged, Input.CLOSE) == "closed"
