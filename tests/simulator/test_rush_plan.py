"""The plan of a rush: each child who eats comes once, everything odd happens, and late visits come late."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from simulator.roll import made_up
from simulator.rush_plan import LATE, LATE_SHARE, Visit, planned

ROLL = made_up(date(2026, 11, 26))
EATING = {Visit.EATS, Visit.TWICE, Visit.DARK, Visit.BOTH}


@pytest.mark.parametrize(("pupils", "eaters"), [(3_000, 600), (300, 40)])
def test_everybody_who_eats_comes_once_and_everything_happens(pupils: int, eaters: int) -> None:
    roll = made_up(date(2026, 11, 26), pupils=pupils, eaters=eaters)
    steps = planned(roll, seed=7)
    came = Counter(step.child.id for step in steps if step.visit in EATING and step.child)
    assert came == Counter(child.id for child in roll.eaters())
    assert {step.visit for step in steps} == set(Visit)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert all(step.at >= LATE_SHARE for step in steps if step.visit in LATE)


def test_who_is_not_entitled_never_had_a_right_or_has_it_no_more() -> None:
    had = {right.child for right in ROLL.rights}
    came = {step.child.id for step in planned(ROLL, seed=7) if step.visit is Visit.NO_RIGHT and step.child}
    assert came & had
    assert came - had
    assert not came & ROLL.due().keys()
    never = {
        step.child.id for step in planned(ROLL, seed=7, rights_end=False) if step.visit is Visit.NO_RIGHT and step.child
    }
    assert never
    assert not never & had


def test_the_same_seed_is_the_same_plan() -> None:
    assert planned(ROLL, seed=1) == planned(ROLL, seed=1) != planned(ROLL, seed=2)
