"""A detector that tells more than its budget is named, with the threshold that would have kept it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.budget import WEEK_S, Budgets, threshold
from agent.pipelines.watch import Detects, Watch
from tests.agent.school.test_noticed import NOTICE

DAY_S = 86_400.0


def budgets(budget: float = 1.0) -> Budgets:
    return Budgets({"gate": Watch(sees=[Detects.FIGHT], budget=budget)})


def told(one: Budgets, *scores: float, every_s: float = DAY_S) -> float:
    for at, score in enumerate(scores):
        one.told(msgspec.structs.replace(NOTICE, score=score), at * every_s)
    return (len(scores) - 1) * every_s


def test_within_its_budget_nothing_is_said() -> None:
    one = budgets()
    assert one.over(told(one, 0.9)) == []
    assert one.over(told(one, 0.9, 0.9, every_s=WEEK_S + 1)) == []


def test_more_than_that_is_named_with_what_to_write() -> None:
    one = budgets()
    (over,) = one.over(told(one, 0.91, 0.985, 0.93))
    assert (over.camera, over.detector, over.count, over.threshold) == ("gate", "fight", 3, 0.931)
    assert over.what == "fight at gate told 3 times in 2.0 days, more than its budget"
    assert "fight = 0.931" in over.do


def test_where_all_are_as_sure_no_threshold_helps() -> None:
    one = budgets()
    (over,) = one.over(told(one, 1.0, 1.0))
    assert over.threshold is None
    assert "zone" in over.do


def test_a_week_later_it_is_forgotten() -> None:
    one = budgets()
    last_s = told(one, 0.9, 0.9)
    assert one.over(last_s)
    assert one.over(last_s + WEEK_S + 1) == []


@pytest.mark.parametrize(
    ("budget", "count", "over"), [(3.0, 3, False), (3.0, 4, True), (0.5, 1, False), (0.5, 2, True)]
)
def test_the_budget_is_the_cameras_own(budget: float, count: int, over: bool) -> None:
    one = budgets(budget)
    assert bool(one.over(told(one, *[0.9] * count))) is over


@given(st.lists(st.floats(0, 1).map(lambda one: round(one, 3)), min_size=2, max_size=50), st.integers(1, 20))
def test_a_proposed_threshold_lets_no_more_through_than_is_allowed(scores: list[float], allowed: int) -> None:
    if len(scores) <= allowed:
        return
    found = threshold(scores, allowed)
    if found is not None:
        assert sum(one >= found for one in scores) <= allowed
        assert found < 1
