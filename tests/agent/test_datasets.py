"""Each dataset's shape: what is wrong is refused, and what tells of children is sealed."""

from __future__ import annotations

import msgspec
import pytest

from agent.datasets import DATASETS, SEALED, Calendar, Cards, Meals

CALENDAR = {
    "utc_offset_min": 300, "first": "2026-09-01", "last": "2027-05-25", "weekdays": [1, 2, 3, 4, 5],
    "shifts": [{"shift": 1, "bells": [{"lesson": 1, "starts": "08:00", "ends": "08:45"}]}],
}  # fmt: skip
CARDS = {
    "card_key": "A" * 43 + "=", "classes": [{"name": "5А"}],
    "pupils": [{"pupil": "0a" * 8, "class": "5А", "cards": ["0b" * 16]}],
}  # fmt: skip
MEALS = {
    "meals": [{"meal": "lunch", "starts": "11:00", "ends": "13:00"}],
    "programmes": [{"programme": "free", "tariffs": [{"first": "2026-09-01", "tenge": 450}]}],
    "entitlements": [
        {"pupil": "0a" * 8, "programme": "free", "meals": ["lunch"], "first": "2026-09-01", "last": "2026-12-31"}
    ],
}


@pytest.mark.parametrize(("type_", "content"), [(Calendar, CALENDAR), (Cards, CARDS), (Meals, MEALS)])
def test_a_sound_one_is_read(type_: type[msgspec.Struct], content: dict[str, object]) -> None:
    assert isinstance(msgspec.convert(content, type_), type_)


WRONG = [
    (Calendar, CALENDAR | {"first": "2026-13-01"}),
    (Calendar, CALENDAR | {"weekdays": [0]}),
    (Calendar, CALENDAR | {"shifts": []}),
    (Cards, CARDS | {"card_key": "short"}),
    (Cards, CARDS | {"pupils": [{"pupil": "Asel", "class": "5А", "cards": []}]}),
    (Cards, CARDS | {"pupils": [{"pupil": "0a" * 8, "class": "5А", "cards": ["6F007B3972"]}]}),
    (Meals, MEALS | {"meals": [{"meal": "lunch", "starts": "25:00", "ends": "13:00"}]}),
    (Meals, MEALS | {"programmes": [{"programme": "free", "tariffs": [{"first": "2026-09-01", "tenge": 4.5}]}]}),
    (Meals, MEALS | {"programmes": [{"programme": "free", "tariffs": [{"first": "2026-09-01", "tenge": -1}]}]}),
]


@pytest.mark.parametrize(("type_", "content"), WRONG)
def test_what_is_wrong_is_refused(type_: type[msgspec.Struct], content: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content, type_)


def test_what_tells_of_children_or_holds_a_key_is_sealed() -> None:
    told = {name for name, type_ in DATASETS.items() if b'"pupil"' in msgspec.json.encode(msgspec.json.schema(type_))}
    assert told | {"cards"} == SEALED
