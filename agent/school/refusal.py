"""A card that gets no meal: the record of it, and its light."""

from __future__ import annotations

from agent.events import draft
from agent.outbox.group import Transaction
from agent.school.meals import LIGHTS, Decision
from agent.school.tapped import Tapped
from agent.school_events import MealRefused
from drivers.readings import Light


def refuse(transaction: Transaction, tap: Tapped, decision: Decision, *, pupil: str = "", card: str = "") -> Light:
    """Record it. Raises ValueError for a decision that refuses nothing."""
    if decision.reason is None:
        raise ValueError("a decision without a reason refuses nothing")
    event = MealRefused(
        reader=tap.reader,
        reason=decision.reason.value,
        pupil=pupil,
        card=card,
        day=decision.day,
        meal=decision.meal,
        marks=decision.marks,
    )
    transaction.put(draft(event, tap.at, source=tap.reader))
    return LIGHTS[decision.reason]
