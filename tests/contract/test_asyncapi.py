"""docs/asyncapi.yaml is an AsyncAPI 3.0.0 document by the official schema, and refers to nothing that is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from agent.datasets import DATASETS
from agent.events import KINDS
from agent.model import Lane
from agent.sync.order_list import ORDERS
from agent.sync.topics import Topics
from tests.contract.documents import DOCS, ROOT

OFFICIAL = ROOT / "tests/contract/asyncapi_specs/3.0.0-without-id.json"


def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def official() -> Any:
    return jsonschema_rs.validator_for(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def looked_up(whole: dict[str, Any], reference: str) -> Any:
    """Raises KeyError if a reference leads nowhere."""
    found: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_it_is_valid_by_the_official_schema(official: Any) -> None:
    assert [error.message for error in official.iter_errors(document())] == []


def _no_action(doc: dict[str, Any]) -> None:
    doc["operations"]["deliver"]["action"] = "publish"


def _no_title(doc: dict[str, Any]) -> None:
    del doc["info"]["title"]


def _bad_binding(doc: dict[str, Any]) -> None:
    doc["operations"]["deliver"]["bindings"]["mqtt"]["qos"] = "once"


@pytest.mark.parametrize("spoil", [_no_action, _no_title, _bad_binding])
def test_the_official_schema_finds_mistakes(official: Any, spoil: Callable[[dict[str, Any]], None]) -> None:
    doc = document()
    spoil(doc)
    assert not official.is_valid(doc)


def test_no_reference_leads_nowhere() -> None:
    doc = document()
    found = list(references(doc))
    assert len(found) > 50
    for reference in found:
        assert looked_up(doc, reference), reference


def test_each_parameter_of_an_address_is_declared_and_no_other() -> None:
    for name, channel in document()["channels"].items():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"]), name


def test_the_channels_are_the_topics_of_a_box() -> None:
    topics = Topics("school-07")
    ours = {topics.status, topics.welcome, topics.receipts, topics.answers, topics.ahead, topics.orders + "{order}"}
    ours |= {topics.events(lane) for lane in Lane}
    ours |= {topics.evidence + "{id}", topics.reference + "{dataset}", topics.reference + "{sha256}"}
    written: set[str] = set()
    for channel in document()["channels"].values():
        address = channel["address"].replace("{school}", "school-07")
        lanes = channel["parameters"].get("lane", {}).get("enum", [""])
        written |= {address.replace("{lane}", lane) for lane in lanes}
    assert written == ours


def test_the_datasets_are_those_that_a_box_uses() -> None:
    parameter = document()["channels"]["reference"]["parameters"]["dataset"]
    assert parameter["enum"] == list(DATASETS)


def test_the_orders_are_those_that_a_box_follows() -> None:
    parameter = document()["channels"]["orders"]["parameters"]["order"]
    assert sorted(parameter["enum"]) == sorted(ORDERS)


def test_every_event_type_is_listed_with_its_lane_and_data() -> None:
    listed = document()["x-event-types"]
    assert {name: one["lane"] for name, one in listed.items()} == {name: k.lane.word for name, k in KINDS.items()}
