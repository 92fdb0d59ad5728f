"""What a person may say of an incident, in the words of the centre, of this box's socket and of its commands."""

from __future__ import annotations

from typing import Literal, get_args

from agent.incidents.life import Input

Word = Literal["acknowledged", "confirmed", "dismissed", "closed"]
Reason = Literal["", "false_alarm", "play", "allowed", "duplicate", "other"]  # of a dismissal; empty: none is given
ANSWERS: dict[Word, Input] = {
    "acknowledged": Input.ACKNOWLEDGE,
    "confirmed": Input.CONFIRM,
    "dismissed": Input.DISMISS,
    "closed": Input.CLOSE,
}
WORDS: dict[Input, Word] = {given: word for word, given in ANSWERS.items()}
REASONS: tuple[Reason, ...] = tuple(filter(None, get_args(Reason)))
