"""Scores in bins: what is counted can be summed in any order, and a higher threshold never tells more."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.scores import BINS, EDGES, Scored, Spread, alarms, bin_of, hits, logit, minus, plus, share
from drivers.readings import Scores

COUNTS = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 10_000), max_size=BINS)
SCORES = st.builds(Scores, looks=COUNTS, minutes=COUNTS, again=COUNTS)
UNIT = st.floats(0, 1)
MINUTES = st.lists(st.none() | UNIT, max_size=60)


def of(peaks: list[float | None]) -> Scores:
    """The votes of so many minutes, one each; None: no look in that minute."""
    spread = Spread()
    for minute, peak in enumerate([*peaks, None, 0.0]):  # the last is not over
        if peak is not None:
            spread.add(Scored(peak, peak), minute * 60.0 + 30)
    return spread.scores


@given(UNIT, UNIT)
def test_a_higher_score_is_in_no_lower_bin(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= bin_of(low) <= bin_of(high) < BINS


def test_a_threshold_as_it_is_written_begins_its_bin() -> None:
    assert [bin_of(one) for one in EDGES] == list(range(BINS))
    assert list(EDGES) == sorted(set(EDGES))
    assert all(bin_of(one - 0.0001) < place for place, one in enumerate(EDGES) if place)
    assert bin_of(share(2.5)) == bin_of(round(share(2.5) + 5e-5, 4)) == 42


@pytest.mark.parametrize(("score", "answer"), [(0.5, 0.0), (0.924142, 2.5), (1.0, 13.8), (0.0, -13.8)])
def test_a_score_is_a_logit(score: float, answer: float) -> None:
    assert logit(score) == pytest.approx(answer, abs=0.02)
    assert share(answer) == pytest.approx(score, abs=1e-5)


@given(SCORES, SCORES, SCORES)
def test_reports_can_be_added_in_any_order_and_taken_apart_again(a: Scores, b: Scores, c: Scores) -> None:
    assert plus(a, b) == plus(b, a)
    assert plus(plus(a, b), c) == plus(a, plus(b, c))
    assert plus(a, Scores()) == plus(Scores(), a)
    assert minus(plus(a, b), b) == plus(a, Scores())


@given(MINUTES)
def test_a_higher_threshold_never_tells_more(peaks: list[float | None]) -> None:
    told = alarms(of(peaks))
    assert all(low >= high >= 0 for low, high in itertools.pairwise(told))
    assert told[0] <= sum(peak is not None for peak in peaks)


@given(MINUTES)
def test_minutes_in_a_row_above_a_threshold_are_one_alarm(peaks: list[float | None]) -> None:
    """Beside a count of the rows themselves; a lower threshold is never said to be quieter than a higher one."""
    bins = [-1 if peak is None else bin_of(peak) for peak in peaks]
    rows = []
    for place in range(BINS):
        above = [one >= place for one in bins]
        rows.append(sum(now and not before for before, now in itertools.pairwise([False, *above])))
    assert alarms(of(peaks)) == [max(rows[place:]) for place in range(BINS)]


@given(MINUTES, MINUTES)
def test_of_two_spans_the_alarms_are_at_most_those_of_both(one: list[float | None], other: list[float | None]) -> None:
    both = alarms(plus(of(one), of(other)))
    assert all(sum_ <= a + b for sum_, a, b in zip(both, alarms(of(one)), alarms(of(other)), strict=True))


def test_a_lamp_that_fools_a_detector_all_day_is_one_alarm() -> None:
    told = alarms(of([0.95] * 600))
    assert (told[bin_of(0.95)], told[bin_of(0.95) + 1]) == (1, 0)


def test_looks_are_counted_by_their_own_score() -> None:
    spread = Spread()
    for at, look in enumerate([0.1, 0.9, 0.9, None, 0.5]):
        spread.add(Scored(look, None), at * 0.3)
    assert spread.scores.minutes == {}
    assert [hits(spread.scores)[bin_of(score)] for score in (0.1, 0.5, 0.9)] == [4, 3, 2]
    assert hits(spread.scores)[BINS - 1] == 0


def test_the_minute_that_lasts_is_not_counted_yet() -> None:
    spread = Spread()
    spread.add(Scored(0.9, 0.9), 10.0)
    assert spread.scores.minutes == {}
    before = spread.scores
    spread.add(Scored(0.1, 0.1), 61.0)
    assert (before.minutes, spread.scores.minutes) == ({}, {bin_of(0.9): 1})
