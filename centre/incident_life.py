"""What the steps of an incident make of it: the state that a desk shows. Pure, one table.

The box decides; this follows what it told. Steps are folded in the order in which the box made them, and anew with each
that comes: in whatever order they arrive, the end is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from centre.incident_words import CERTAINTIES, Answered, Closed, Fact, Joined, Opened, Told

STATES = ("opened", "told", "acknowledged", "confirmed", "dismissed", "closed")  # also the steps that lead there
NEXT = {  # (state, what the box told) -> state; what is not here changes nothing
    ("opened", "told"): "told",
    ("opened", "acknowledged"): "acknowledged",
    ("opened", "confirmed"): "confirmed",
    ("opened", "dismissed"): "dismissed",
    ("told", "acknowledged"): "acknowledged",
    ("told", "confirmed"): "confirmed",
    ("told", "dismissed"): "dismissed",
    ("acknowledged", "told"): "told",  # nobody decided, or it is certain now
    ("acknowledged", "confirmed"): "confirmed",
    ("acknowledged", "dismissed"): "dismissed",
    **{(state, "closed"): "closed" for state in STATES},
}


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, as far as its steps are here."""

    kind: str = "other"
    place: str = ""
    certainty: str = "suspected"
    drill: bool = False
    state: str = "opened"
    outcome: str = ""  # confirmed, dismissed; empty as long as nobody has decided
    opened_at: str = ""
    step: int = 0  # of the chain, by what was told last
    why: str = ""
    answer_by: str = ""
    told: int = 0
    signs: int = 0


def fold(steps: Sequence[tuple[str, Fact]]) -> Whole:
    """`steps`: time and fact, in the order of the box."""
    found = Whole(opened_at=min((at for at, _ in steps), default=""))
    for at, fact in steps:
        found = after(found, at, fact)
    return found


def after(found: Whole, at: str, fact: Fact) -> Whole:
    """What the next step makes of it."""
    match fact:
        case Opened():
            return msgspec.structs.replace(
                found,
                kind=fact.kind,
                place=fact.place,
                certainty=surer(found.certainty, fact.certainty),
                drill=fact.drill,
                opened_at=at,
                signs=max(found.signs, 1),
            )
        case Joined():
            certainty = surer(found.certainty, fact.certainty)
            return msgspec.structs.replace(found, certainty=certainty, signs=max(found.signs, fact.signs))
        case Told():
            return msgspec.structs.replace(
                found,
                kind=fact.kind,
                place=fact.place,
                certainty=surer(found.certainty, fact.certainty),
                drill=fact.drill,
                state=moved(found.state, "told"),
                step=fact.step,
                why=fact.why,
                answer_by=fact.answer_by,
                told=found.told + 1,
            )
        case Answered():
            state = moved(found.state, fact.answer)
            decided = fact.answer if state == fact.answer and state != "acknowledged" else found.outcome
            return msgspec.structs.replace(found, state=state, outcome=decided, answer_by="")
        case Closed():
            return msgspec.structs.replace(found, state="closed", outcome=fact.outcome, answer_by="")
        case _:
            return found


def moved(state: str, step: str) -> str:
    return NEXT.get((state, step), state)


def surer(one: str, other: str) -> str:
    """What was certain once stays so."""
    return max(one, other, key=CERTAINTIES.index)
