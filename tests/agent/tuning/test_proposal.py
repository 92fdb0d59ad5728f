"""A proposal keeps its budget, proves what it lowers, and never misses what somebody confirmed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.measured import By, Chosen
from agent.pipelines.rates import most
from agent.pipelines.scores import BINS, EDGES, alarms, bin_of
from agent.sightings.rows import SightingRow
from agent.tuning.proposal import LEAST_H, WEEK_H, Proposal, Watched, Why, lines, propose, without
from drivers.readings import Scores

COUNTS = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 500), max_size=12)
SCORE = st.floats(0.001, 0.999).map(lambda one: round(one, 4))
VERDICTS = st.lists(st.tuples(SCORE, st.sampled_from(["", "confirmed", "dismissed"])), max_size=8)
BUDGET = st.floats(0.05, 100)
HOURS = st.floats(LEAST_H, 30 * 24)


def told(*verdicts: tuple[float, str]) -> list[SightingRow]:
    return [
        SightingRow(camera="hall", detector="fight", kind="fight", zone="", score=score, at_ns=0, verdict=verdict)
        for score, verdict in verdicts
    ]


def proposal(
    minutes: dict[int, int],
    *verdicts: tuple[float, str],
    hours: float = WEEK_H,
    budget: float = 1.0,
    now: float = 0.9242,
) -> Proposal:
    seen = Watched(camera_h=hours, hours=hours, scores=Scores(minutes=minutes), sightings=told(*verdicts))
    return propose("hall", "fight", budget, Chosen(score=now, by=By.USUAL), seen)


def places(**counts: int) -> dict[int, int]:
    """`b42=3`: three minutes of bin 42."""
    return {int(name[1:]): count for name, count in counts.items()}


NOW = bin_of(0.9242)
CASES = [
    ("within the budget", places(b42=1), (), Why.STAYS, 0.9242),
    ("two more than it", places(b42=1, b43=1, b44=1), (), Why.RAISED, EDGES[44]),
    ("as sure as can be", places(b63=9), (), Why.NONE, None),
    ("confirmed is not false", places(b42=1, b44=1), ((0.955, "confirmed"),), Why.STAYS, 0.9242),
    ("no higher than what was confirmed", places(b42=5, b50=5), ((0.95, "confirmed"),), Why.CONFIRMED, EDGES[43]),
    ("none keeps it, one was confirmed", places(b63=9), ((0.95, "confirmed"),), Why.CONFIRMED, EDGES[43]),
    ("dismissed is false", places(b42=1, b44=1), ((0.955, "dismissed"),), Why.RAISED, EDGES[43]),
]


@pytest.mark.parametrize(
    ("minutes", "verdicts", "why", "score"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_what_a_week_proposes(
    minutes: dict[int, int], verdicts: tuple[tuple[float, str], ...], why: Why, score: float | None
) -> None:
    found = proposal(minutes, *verdicts)
    assert (found.why, found.proposed) == (why, score)
    assert NOW == 42


def test_a_quiet_week_proves_nothing_and_a_quiet_month_does() -> None:
    assert proposal({}).why is Why.STAYS  # none in a week may be three a week
    found = proposal({20: 900}, hours=30 * 24)
    assert (found.why, found.proposed) == (Why.LOWERED, EDGES[21])
    assert found.then is not None
    assert found.then.most <= 1


def test_before_a_day_of_pictures_nothing_is_proposed() -> None:
    found = proposal(places(b63=99), hours=LEAST_H - 1)
    assert (found.why, found.proposed, found.then) == (Why.SHORT, None, None)
    assert found.now is not None
    assert proposal({}, hours=0.0).now is None


def test_a_detector_without_a_scale_has_its_counts_alone() -> None:
    seen = Watched(
        camera_h=2 * WEEK_H, hours=9, hits=5, votes=4, sightings=told((1, "confirmed"), (1, ""), (1, ""), (1, ""))
    )
    found = propose("hall", "tamper", 1.0, None, seen)
    assert (found.why, found.present, found.proposed, found.told, found.confirmed) == (Why.NO_SCALE, None, None, 4, 1)
    assert found.now is not None
    assert found.now.week == 1.5
    assert not found.keeps_budget


# --- properties -----------------------------------------------------------------------------------------------------


@given(COUNTS, VERDICTS, HOURS, BUDGET, SCORE)
def test_whatever_is_proposed_holds(
    minutes: dict[int, int], verdicts: list[tuple[float, str]], hours: float, budget: float, now: float
) -> None:
    found = proposal(minutes, *verdicts, hours=hours, budget=budget, now=now)
    confirmed = [score for score, verdict in verdicts if verdict == "confirmed"]
    if found.proposed is None:
        assert found.why is Why.NONE or not any(score <= min(confirmed) for score in EDGES)
        return
    assert all(score >= found.proposed for score in confirmed)
    events = found.false[bin_of(found.proposed)]
    if found.why in (Why.RAISED, Why.STAYS):
        assert events <= found.allowed
        assert found.proposed >= now
    if found.why is Why.LOWERED:
        assert found.proposed < now
        assert most(events) <= budget * found.weeks


@given(COUNTS, VERDICTS, HOURS, BUDGET, BUDGET, SCORE)
def test_a_larger_budget_never_proposes_a_higher_threshold(
    minutes: dict[int, int], verdicts: list[tuple[float, str]], hours: float, one: float, other: float, now: float
) -> None:
    small, large = sorted((one, other))
    strict = proposal(minutes, *verdicts, hours=hours, budget=small, now=now).proposed
    lax = proposal(minutes, *verdicts, hours=hours, budget=large, now=now).proposed
    assert lax is None or strict is None or lax <= strict
    assert lax is not None or strict is None


@given(COUNTS, st.lists(SCORE, max_size=8))
def test_what_is_left_without_the_confirmed_never_rises_with_the_threshold(
    minutes: dict[int, int], confirmed: list[float]
) -> None:
    all_ = alarms(Scores(minutes=minutes))
    left = without(all_, confirmed)
    assert all(low >= high >= 0 for low, high in itertools.pairwise(left))
    assert all(now <= before for now, before in zip(left, all_, strict=True))


# --- what to write --------------------------------------------------------------------------------------------------


def test_the_lines_are_whole_tables_of_the_cameras_that_change() -> None:
    raised = proposal(places(b42=1, b43=1, b44=1))
    stays = proposal(places(b42=1))
    assert lines([raised], {"hall": {"fire": 0.7, "fight": 0.9242}, "yard": {"fight": 0.5}}) == [
        '# [[camera]] name = "hall"', "[camera.thresholds]", f"fight = {EDGES[44]:.4f}", "fire = 0.7000",
    ]  # fmt: skip
    assert lines([stays], {"hall": {"fire": 0.7}}) == []
