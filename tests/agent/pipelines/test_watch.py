"""What a camera is watched for: each mistake is named; shapes that are none are refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.watch import Watch, area, strange

SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
LINE = {"name": "door", "begin": [0.2, 0.5], "end": [0.8, 0.5]}


def watch(**given: Any) -> Watch:
    return msgspec.convert(given, Watch)


WHOLE = {
    "sees": ["tamper", "fight", "people"],
    "masks": [SQUARE],
    "zone": [{"name": "stairs", "outline": SQUARE, "sees": ["fight"]}],
    "line": [LINE],
    "schedule": {"fight": ["breaks", "08:00-18:30"], "people": ["night"]},
    "budget": 0.5,
    "thresholds": {"fight": 0.9},
}


def test_what_fits_is_not_strange() -> None:
    assert list(strange(watch(**WHOLE))) == []
    assert list(strange(watch(sees=["presence"], thresholds={"presence": 0.5}))) == []


@pytest.mark.parametrize(
    ("sees", "given_", "schedule"),
    [
        (["presence"], {}, {"presence": ["night"]}),
        (["presence", "fight"], {"fight": ["breaks"]}, {"fight": ["breaks"], "presence": ["night"]}),
        (["presence"], {"presence": ["22:00-06:00"]}, {"presence": ["22:00-06:00"]}),
        (["people"], {}, {}),
    ],
)
def test_presence_is_looked_for_at_night_unless_its_schedule_says_when(
    sees: list[str], given_: dict[str, list[str]], schedule: dict[str, list[str]]
) -> None:
    one = watch(sees=sees, schedule=given_)
    assert one.schedule == schedule
    assert msgspec.convert(msgspec.to_builtins(one), Watch) == one


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"schedule": {"fire": ["night"]}}, "schedule"),
        ({"schedule": {"fight": ["25:00-26:00"]}}, "schedule.fight"),
        ({"schedule": {"fight": ["holidays"]}}, "schedule.fight"),
        ({"schedule": {"fight": ["08:00-08:00"]}}, "schedule.fight"),
        ({"schedule": {"fight": ["night\n"]}}, "schedule.fight"),
        ({"schedule": {"fight": []}}, "schedule.fight"),
        ({"thresholds": {"fire": 0.5}}, "thresholds"),
        ({"thresholds": {"fight": 0.5, "tamper": 0.5}}, "thresholds"),
        ({"zone": [{"name": "stairs", "outline": SQUARE, "sees": ["fire"]}]}, "zone[0].sees"),
        ({"zone": [{"name": "stairs", "outline": SQUARE}] * 2}, "zone"),
        ({"line": [LINE, LINE]}, "line"),
        ({"sees": ["tamper", "fight"], "schedule": {}}, "line"),
    ],
)
def test_what_does_not_fit_is_named_with_what_to_do(change: dict[str, Any], key: str) -> None:
    found = list(strange(watch(**(WHOLE | change))))
    assert [one.key for one in found] == [key]
    assert found[0].do


@pytest.mark.parametrize(
    "wrong",
    [
        {"sees": ["ghosts"]},
        {"masks": [[[0, 0], [1, 1]]]},
        {"masks": [[[0, 0], [1.01, 0], [1, 1]]]},
        {"zone": [{"name": "stairs", "outline": [[0, 0], [1, 1], [0.5, 0.5]]}]},
        {"zone": [{"name": "Stairs", "outline": SQUARE}]},
        {"zone": [{"name": "stairs", "outline": SQUARE, "colour": "red"}]},
        {"line": [{"name": "door", "begin": [0.5, 0.5], "end": [0.5, 0.51]}]},
        {"schedule": {"fight": "night"}},
        {"schedule": {"ghosts": ["night"]}},
        {"budget": 0},
        {"thresholds": {"fight": 1.5}},
    ],
)
def test_what_can_be_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        watch(**wrong)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=32))
def test_no_outline_is_larger_than_what_it_goes_round(outline: list[tuple[float, float]]) -> None:
    assert area(outline) == pytest.approx(area(outline[::-1]), abs=1e-9)
    assert area(outline + outline[::-1]) == pytest.approx(0, abs=1e-9)


def test_the_area_of_a_square() -> None:
    assert area([(0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5)]) == pytest.approx(0.16)
