"""In waves, each school once; the first that did not keep the change stops the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.rollout import stopped_by, waves

CASES = [
    ("none", [], 1, []),
    ("one", ["a"], 1, [["a"]]),
    ("twice as many each time", list("abcdefgh"), 1, [["a"], ["b", "c"], ["d", "e", "f", "g"], ["h"]]),
    ("three first", list("abcdefg"), 3, [["a", "b", "c"], ["d", "e", "f", "g"]]),
    ("more than there are", ["a", "b"], 9, [["a", "b"]]),
]


@pytest.mark.parametrize(("schools", "first", "found"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_the_waves(schools: list[str], first: int, found: list[list[str]]) -> None:
    assert [list(wave) for wave in waves(schools, first)] == found


@given(st.lists(st.text(max_size=3), unique=True), st.integers(1, 9))
def test_every_school_is_in_one_wave_in_order(schools: list[str], first: int) -> None:
    found = [list(wave) for wave in waves(schools, first)]
    assert [school for wave in found for school in wave] == schools
    assert all(len(wave) <= first * 2**at for at, wave in enumerate(found))


@pytest.mark.parametrize("outcome", ["undone", "refused", "failed", "silent", "trial"])
def test_what_is_not_kept_stops(outcome: str) -> None:
    assert stopped_by({"a": "kept", "b": outcome, "c": "unchanged"}) == ["b"]
    assert stopped_by({"a": "kept", "c": "unchanged"}) == []
