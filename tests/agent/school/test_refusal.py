"""A refusal is a record and a light; a decision that refuses nothing is none."""

from __future__ import annotations

import pytest

from agent.model import Draft
from agent.school.meals import LIGHTS, Decision, Reason
from agent.school.purpose import Purpose
from agent.school.refusal import refuse
from agent.school.tapped import Tapped
from tests.agent.school.canteen import moment

TAP = Tapped(reader="canteen-1", purpose=Purpose.MEALS, form="em4100", card="0f" * 16, at=moment("11:30"), boot="a")


class Gathering:
    """The part of a transaction that a refusal needs."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.put = self.drafts.append


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_is_recorded_and_lit(reason: Reason) -> None:
    gathering = Gathering()
    decision = Decision(day="2026-09-07", meal="lunch", reason=reason, marks=["stale"])
    assert refuse(gathering, TAP, decision, pupil="ab" * 8) is LIGHTS[reason]  # type: ignore[arg-type]
    (found,) = gathering.drafts
    event = found.data
    assert (event.reason, event.pupil, event.day, event.meal, event.marks) == (  # type: ignore[attr-defined]
        reason.value,
        "ab" * 8,
        "2026-09-07",
        "lunch",
        ["stale"],
    )
    assert (found.at, found.source) == (TAP.at, "canteen-1")


def test_what_refuses_nothing_is_no_refusal() -> None:
    with pytest.raises(ValueError, match="refuses nothing"):
        refuse(Gathering(), TAP, Decision())  # type: ignore[arg-type]
