"""What a box says of incidents: read where it can be, and nothing where it cannot."""

from __future__ import annotations

import json

import jsonschema_rs
import msgspec
import pytest

from centre.incident_words import CAMERAS, FACTS, KINDS, LIVE, ahead_id, cameras_of, live_of, speaks, step_of
from tests.centre.far_box import event
from tests.centre.incident_box import DATA, ONE, said
from tests.source_tree import ROOT

SCHEMAS = ROOT / "docs/schemas"


@pytest.mark.parametrize("what", DATA)
def test_an_event_by_the_schema_is_a_step(what: str) -> None:
    schema = json.loads((SCHEMAS / f"kz.mektep.incident.{what}.v1.json").read_bytes())
    assert jsonschema_rs.is_valid(schema, DATA[what])  # the tests' own event is one
    step = step_of(said(what, 1).decode())
    assert step is not None
    assert (step.what, step.fact.incident, step.at) == (what, ONE, "2026-11-23T08:12:01.000000Z")
    assert msgspec.json.decode(step.body, type=FACTS[what]) == step.fact


def test_kinds_are_those_of_the_schema() -> None:
    schema = json.loads((SCHEMAS / "kz.mektep.incident.opened.v1.json").read_bytes())
    assert schema["properties"]["kind"]["pattern"] == f"^({'|'.join(KINDS)})$"


def test_the_same_said_twice_has_one_digest_whatever_its_place() -> None:
    one, again = step_of(said("told", 1).decode()), step_of(said("told", 1).decode())
    other = step_of(said("told", 1, why="reminder").decode())
    assert one is not None
    assert again is not None
    assert other is not None
    assert one.digest == again.digest != other.digest
    moved = json.loads(said("told", 1)) | {"id": "0" * 18 + "9", "sequence": "0" * 18 + "9", "reissueof": "x/alarm/1"}
    found = step_of(json.dumps(moved))
    assert found is not None
    assert found.digest == one.digest


BAD = [
    ("no incident", {"incident": None}),
    ("no uuid", {"incident": "../../etc"}),
    ("an unknown kind", {"kind": "party"}),
    ("too long a place", {"place": "x" * 65}),
    ("a step beyond all numbers", {"step": 2**70}),
    ("nobody is told, in a wrong way", {"to": "everybody"}),
]


@pytest.mark.parametrize(("name", "data"), BAD)
def test_what_is_not_by_the_schema_is_no_step(name: str, data: dict[str, object]) -> None:
    assert step_of(said("told", 1, **data).decode()) is None


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"type":"kz.mektep.incident.told.v1"}', "[" * 5_000])
def test_what_cannot_be_read_is_nothing(body: str) -> None:
    assert step_of(body) is None
    assert cameras_of(body) is None
    assert live_of(body) is None
    assert ahead_id(body) == ""


def test_only_what_concerns_incidents_is_looked_at() -> None:
    assert speaks("kz.mektep.incident.told.v1", "{}")
    assert speaks(CAMERAS, "{}")
    assert speaks(LIVE, "{}")
    assert speaks("kz.mektep.fire.zone.v1", '{"aheadid":"ahead-1"}')
    assert not speaks("kz.mektep.meal.granted.v1", "{}")


def test_the_copy_that_came_ahead_is_named() -> None:
    assert ahead_id(event("school-07", "alarm", 1, aheadid="ahead-1").decode()) == "ahead-1"
    assert ahead_id(event("school-07", "alarm", 1).decode()) == ""
