"""A small city, so that the large one does not rot: ten real boxes, their centre after an outage, its broker killed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.city import Came, Drained, Plan, Result, city_of, figures_of
from bench.city_day import EVENTS, school_day

SMALL = Plan(boxes=10, outage=False, day=0.02, pace=20_000, rest_s=0.0, calm_s=0.0, away_s=0.1, most_s=5.0, last_s=0.5)


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="mektep-city-"))  # the broker's user must reach it
    yield found
    shutil.rmtree(found)


async def test_ten_boxes_come_back_and_nothing_is_lost(folder: Path) -> None:
    result = await city_of(folder, SMALL)
    assert result.wrong == []
    assert result.drained.obeyed > 0
    assert result.drained.events >= 10 * round(0.02 * EVENTS) - 10
    assert result.events >= result.drained.events
    for came in (result.drained.came, result.restarted):
        assert came.boxes == 10
        assert came.connected_s < 60
        assert sum(came.tries.values()) >= sum(came.reached.values()) >= 1
    assert result.restarted.alarms_ms, "no alarm was timed"
    assert len({one.figure for one in figures_of(SMALL, result)}) == 9  # what they are is the large city's to tell


def test_a_usual_day_is_what_its_page_says() -> None:
    events = list(school_day())
    assert len(events) == EVENTS == 3_859
    kinds = Counter(one.type for one in events)
    assert kinds["kz.mektep.meal.granted.v1"] == 600
    assert kinds["kz.mektep.health.v1"] == 24 * 60


def test_tries_are_told_by_second_and_a_storm_is_not_met() -> None:
    calm = Came(10, 4.0, Counter({0: 3, 2: 2}), Counter({2: 2}), [5.0], 1.0)
    storm = calm._replace(reached=Counter({2: 9}))

    def told(came: Came) -> list[bool | None]:
        return [one.met for one in figures_of(SMALL, Result(Drained(came, 1, 1.0, 1.0, 1.0, 0), came, [], 1))]

    assert all(met is not False for met in told(calm))
    assert told(storm).count(False) == 2
