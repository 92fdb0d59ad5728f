"""What the configuration may say about the outbox: sizes that make sense, and nothing unknown."""

from __future__ import annotations

import msgspec
import pytest

from agent.outbox.settings import OutboxSettings

FIELDS = {field.encode_name: field for field in msgspec.structs.fields(OutboxSettings)}


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_a_default_and_says_what_it_is(name: str) -> None:
    (schema,), parts = msgspec.json.schema_components([OutboxSettings])
    del schema
    setting = parts["OutboxSettings"]["properties"][name]
    assert setting["description"]
    assert setting["minimum"] <= setting["default"] <= setting["maximum"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_unit_ends_every_name(name: str) -> None:
    assert name.endswith(("_mb", "_days"))


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"alarm_mb": 0}, "alarm_mb"),
        ({"record_mb": -1}, "record_mb"),
        ({"telemetry_mb": 1e9}, "telemetry_mb"),
        ({"reserve_mb": "64"}, "reserve_mb"),
        ({"ballast_mb": 10_001}, "ballast_mb"),
        ({"keep_days": 366}, "keep_days"),
        ({"keep_hours": 1}, "keep_hours"),
    ],
)
def test_nonsense_is_refused_by_name(given: dict[str, object], wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert(given, OutboxSettings)


@pytest.mark.parametrize("given", [{"ballast_mb": 0}, {"keep_days": 0}, {"telemetry_mb": 1}])
def test_the_least_of_each_is_taken(given: dict[str, int]) -> None:
    settings = msgspec.convert(given, OutboxSettings)
    assert {name: getattr(settings, name) for name in given} == given
