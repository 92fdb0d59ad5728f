"""Reports of a detector can be added in any order, and taken apart again."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.scores import BINS
from agent.pipelines.tally import minus, plus
from drivers.readings import Scores, Worked

MANY = st.integers(0, 100_000)
COUNTS = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 10_000), max_size=4)
SCORES = st.builds(Scores, looks=COUNTS, minutes=COUNTS, again=COUNTS)
HUNDREDTHS = MANY.map(lambda hundredths: hundredths / 100)
WORKED = st.builds(Worked, runs=MANY, ms=HUNDREDTHS, hits=MANY, votes=MANY, told=MANY, scores=SCORES)


@given(WORKED, WORKED, WORKED)
def test_in_any_order_and_apart_again(a: Worked, b: Worked, c: Worked) -> None:
    assert plus(a, b) == plus(b, a)
    assert plus(plus(a, b), c) == plus(a, plus(b, c))
    assert minus(plus(a, b), b) == minus(a, Worked())


@given(WORKED)
def test_every_count_counts(one: Worked) -> None:
    twice = plus(one, one)
    for name in Worked.__struct_fields__:
        if name != "scores":
            assert getattr(twice, name) == 2 * getattr(one, name)
    assert minus(one, one) == Worked()
    assert msgspec.structs.asdict(plus(one, Worked()).scores) == msgspec.structs.asdict(minus(one, Worked()).scores)
