"""What the centre makes is by the schemas that boxes demand, and every dataset that is sealed is known as sealed."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from agent import datasets as of_the_box
from centre.school.building import build
from centre.school.datasets import MADE_HERE, SEALED, SHAPES
from centre.school.faults import Findings
from centre.school.folder import read_school
from centre.school.live import live_of
from centre.school.persons import Secrets
from centre.settings import LiveSettings, MediaSettings, Settings
from tests.centre.school.folders import EXAMPLE
from tests.source_tree import ROOT

LIVE = Settings(
    database="sqlite:///x", live=LiveSettings(servers=[MediaSettings(host="media.shymkent.example")], sessions=1)
)
SECRETS = Secrets(bytes(32), bytes(range(32)))


@pytest.mark.parametrize("name", MADE_HERE)
def test_the_example_is_by_the_schema(name: str) -> None:
    school = read_school(EXAMPLE, Findings())
    assert school is not None
    schema = json.loads((ROOT / f"docs/schemas/reference.{name}.json").read_text(encoding="utf-8"))
    content = (build(school, SECRETS) | {"live": live_of(LIVE)})[name]
    faults = [f"{list(one.instance_path)}: {one.message}" for one in
              jsonschema_rs.Draft202012Validator(schema).iter_errors(json.loads(content))]  # fmt: skip
    assert faults == []


def test_both_sides_seal_the_same_datasets() -> None:
    assert SEALED == of_the_box.SEALED
    assert {*MADE_HERE, "recipients"} == set(of_the_box.DATASETS)
    assert set(SHAPES) == set(MADE_HERE)
