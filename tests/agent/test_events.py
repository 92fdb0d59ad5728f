"""The list of events: each kind has a lane, a severity and a schema, and a draft finds its kind by its data."""

from __future__ import annotations

import re

import msgspec
import pytest

from agent import events
from agent.events import KINDS, CardSeen, Loss, SourceState, ZoneChanged, draft
from agent.model import Lane, Moment, Severity

AT = Moment(1, 2, True)
STATE = SourceState(source="panel", code="R-101", what="silent", do="Check the cable.")
ZONE = ZoneChanged(sensor="panel", zone=1, place="", state="fire", before="", codes=[], words="")
NEVER_DROPPED = {Lane.ALARM, Lane.RECORD}
STRUCTS = {found for found in vars(events).values() if isinstance(found, type) and issubclass(found, msgspec.Struct)}


@pytest.mark.parametrize("type", KINDS)
def test_a_type_has_the_form_of_the_contract(type: str) -> None:
    assert re.fullmatch(r"kz\.mektep\.[a-z]+\.[a-z]+\.v\d+|kz\.mektep\.[a-z]+\.v\d+", type)


@pytest.mark.parametrize("type", KINDS)
def test_every_kind_has_a_schema_of_an_object_that_says_what_it_is(type: str) -> None:
    (schema,), components = msgspec.json.schema_components([KINDS[type].data])
    name = schema["$ref"].rpartition("/")[2]
    assert components[name]["type"] == "object"
    assert components[name]["description"]


def test_every_struct_of_the_file_is_of_a_kind_or_part_of_one() -> None:
    kinds = {kind.data for kind in KINDS.values()}
    parts = {events.LaneHealth, events.Kind, events.Draft, events.Moment}
    assert kinds | parts == STRUCTS


def test_what_tells_of_losses_and_of_the_epoch_may_never_be_dropped() -> None:
    dropped = {type for type, kind in KINDS.items() if kind.lane not in NEVER_DROPPED}
    assert dropped == {"kz.mektep.health.v1", "kz.mektep.camera.counts.v1", "kz.mektep.camera.list.v1"}


@pytest.mark.parametrize("type", [type for type, kind in KINDS.items() if kind.data is not SourceState])
def test_data_of_its_own_names_its_kind(type: str) -> None:
    assert events.TYPE_OF[KINDS[type].data] == type


def test_a_draft_takes_lane_and_severity_of_its_kind() -> None:
    made = draft(ZONE, AT, source="panel/1")
    assert (made.type, made.lane, made.severity) == ("kz.mektep.fire.zone.v1", Lane.ALARM, Severity.WARN)
    assert (made.at, made.data, made.source) == (AT, ZONE, "panel/1")
    assert (made.ahead_id, made.reissue_of) == ("", "")


def test_a_given_severity_goes_before_that_of_the_kind() -> None:
    assert draft(ZONE, AT, severity=Severity.FATAL).severity is Severity.FATAL


@pytest.mark.parametrize(
    ("type", "severity"),
    [("kz.mektep.source.failed.v1", Severity.ERROR), ("kz.mektep.source.restored.v1", Severity.INFO)],
)
def test_data_that_two_kinds_share_needs_its_type(type: str, severity: Severity) -> None:
    assert draft(STATE, AT, type=type).severity is severity
    with pytest.raises(KeyError):
        draft(STATE, AT)


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"reader": "canteen-1", "form": "em4100", "card": "0" * 32}, True),
        ({"reader": "canteen-1", "form": "em4100", "card": "0C000621A5"}, False),  # a card number in clear
        ({"reader": "", "form": "em4100", "card": "0" * 32}, False),
    ],
)
def test_a_card_is_a_keyed_hash_and_nothing_else(data: dict[str, str], good: bool) -> None:
    if good:
        assert msgspec.convert(data, CardSeen).card == data["card"]
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(data, CardSeen)


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_can_stand_in_a_loss(lane: Lane) -> None:
    epoch = "00000000-0000-0000-0000-000000000000"
    data = {"epoch": epoch, "lane": lane.word, "first": 1, "last": 2, "count": 2, "reason": "quota"}
    assert msgspec.convert(data, Loss).lane == lane.word
