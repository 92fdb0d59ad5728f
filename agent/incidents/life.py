"""The life of an incident as a table: what each input makes of each state, and what is done. Pure; docs/incidents.md
draws it.

A pair that is not in NEXT is refused with its word of REFUSED; that is an answer, not an error. `opened` lasts no
longer than the transaction that opens it: the same one tells of it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    OPENED = "opened"
    TOLD = "told"  # somebody is to answer
    ACKNOWLEDGED = "acknowledged"  # somebody is on the way
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLOSED = "closed"


class Input(StrEnum):
    TELL = "tell"
    ACKNOWLEDGE = "acknowledge"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    CLOSE = "close"
    SIGN = "sign"  # another one, of the same
    CERTAIN = "certain"  # a sign that makes certain what was suspected
    DEADLINE = "deadline"


class Act(StrEnum):
    """What is done, in the same commit."""

    TELL = "tell"  # the first in the chain
    PURSUE = "pursue"  # nobody answered: the same again, then the next
    UNDECIDED = "undecided"  # who was on the way has not decided: the next
    UNCLOSED = "unclosed"  # confirmed and left so: the same and the next
    ALARM = "alarm"  # all who were told, again: it is certain now
    ANSWER = "answer"
    NOTE = "note"  # another person is on the way, too
    JOIN = "join"  # the sign is counted
    CLOSE = "close"
    END = "end"  # closed by rule


NEXT: dict[tuple[State, Input], tuple[State, Act]] = {
    (State.OPENED, Input.TELL): (State.TOLD, Act.TELL),
    (State.OPENED, Input.DEADLINE): (State.TOLD, Act.TELL),
    (State.TOLD, Input.ACKNOWLEDGE): (State.ACKNOWLEDGED, Act.ANSWER),
    (State.TOLD, Input.CONFIRM): (State.CONFIRMED, Act.ANSWER),
    (State.TOLD, Input.DISMISS): (State.DISMISSED, Act.ANSWER),
    (State.TOLD, Input.SIGN): (State.TOLD, Act.JOIN),
    (State.TOLD, Input.CERTAIN): (State.TOLD, Act.ALARM),
    (State.TOLD, Input.DEADLINE): (State.TOLD, Act.PURSUE),
    (State.ACKNOWLEDGED, Input.ACKNOWLEDGE): (State.ACKNOWLEDGED, Act.NOTE),
    (State.ACKNOWLEDGED, Input.CONFIRM): (State.CONFIRMED, Act.ANSWER),
    (State.ACKNOWLEDGED, Input.DISMISS): (State.DISMISSED, Act.ANSWER),
    (State.ACKNOWLEDGED, Input.SIGN): (State.ACKNOWLEDGED, Act.JOIN),
    (State.ACKNOWLEDGED, Input.CERTAIN): (State.TOLD, Act.ALARM),  # they are on the way to a suspicion
    (State.ACKNOWLEDGED, Input.DEADLINE): (State.TOLD, Act.UNDECIDED),
    (State.CONFIRMED, Input.CLOSE): (State.CLOSED, Act.CLOSE),
    (State.CONFIRMED, Input.SIGN): (State.CONFIRMED, Act.JOIN),
    (State.CONFIRMED, Input.DEADLINE): (State.CONFIRMED, Act.UNCLOSED),
    (State.DISMISSED, Input.CLOSE): (State.CLOSED, Act.CLOSE),
    (State.DISMISSED, Input.SIGN): (State.DISMISSED, Act.JOIN),
    (State.DISMISSED, Input.DEADLINE): (State.CLOSED, Act.END),
}
DECIDED = (Input.ACKNOWLEDGE, Input.CONFIRM, Input.DISMISS)
REFUSED: dict[tuple[State, Input], str] = {
    **dict.fromkeys([(State.OPENED, one) for one in (*DECIDED, Input.CLOSE, Input.SIGN, Input.CERTAIN)], "not_told"),
    **dict.fromkeys([(one, Input.CLOSE) for one in (State.TOLD, State.ACKNOWLEDGED)], "not_decided"),
    **dict.fromkeys([(one, Input.TELL) for one in State if one is not State.OPENED], "already_told"),
    **dict.fromkeys([(State.CONFIRMED, one) for one in DECIDED], "already_confirmed"),
    (State.CONFIRMED, Input.CERTAIN): "already_certain",  # a person has confirmed it: nothing makes it more certain
    **dict.fromkeys([(State.DISMISSED, one) for one in DECIDED], "already_dismissed"),
    (State.DISMISSED, Input.CERTAIN): "already_dismissed",  # a person was wrong, or it is another: a new incident
    **dict.fromkeys([(State.CLOSED, one) for one in Input if one is not Input.TELL], "already_closed"),
}
LIVE = frozenset(State) - {State.CLOSED}


class Refusal(Exception):
    """An input that this state does not take; the word says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def step(state: State, given: Input) -> tuple[State, Act]:
    """The next state and what is done. Raises Refusal."""
    found = NEXT.get((state, given))
    if found is None:
        raise Refusal(REFUSED[state, given])
    return found
