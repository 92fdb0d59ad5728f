"""The kinds of incidents: one row each, which says who is told besides those on duty, and how long everything may take.

docs/incidents.md draws the table from here. A roster may give other times to answer and to decide.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent.model import Severity

HOUR_S, DAY_S = 3_600, 86_400
PLACE_CHARS = 64  # of a place, by the contract


class Kind(StrEnum):
    """The most urgent first: of two that wait, this order tells which is answered by a card."""

    FIRE = "fire"
    MEDICAL = "medical"
    FIGHT = "fight"
    INTRUSION = "intrusion"
    BULLYING = "bullying"
    OTHER = "other"
    TAMPER = "tamper"


class Means(StrEnum):
    """What a contact that closes, or a button that is pressed, means: the setting `means`."""

    FIRE = "fire"
    MEDICAL = "medical"
    FIGHT = "fight"
    INTRUSION = "intrusion"
    BULLYING = "bullying"
    OTHER = "other"
    TAMPER = "tamper"
    ANSWER = "answer"  # of a button: whoever presses it is on the way


class Role(StrEnum):
    """As whom somebody is told."""

    DUTY = "duty"
    DEPUTY = "deputy"
    HEAD = "head"
    CITY = "city"
    POLICE = "police"


class Certainty(StrEnum):
    SUSPECTED = "suspected"
    CORROBORATED = "corroborated"
    CERTAIN = "certain"


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind is dealt with."""

    severity: Severity
    at_once: tuple[Role, ...] = ()  # told with the first, as soon as a sign makes it certain
    confirmed: tuple[Role, ...] = ()  # told when a person has confirmed it, if they were not yet
    last: Role = Role.CITY  # the end of the chain
    answer_s: int  # those who are told have so long to say that they are on their way
    reminders: int = 1  # so often they are told again before they are gone over
    remind_every_s: int
    decide_s: int  # from then on, to confirm or dismiss it
    end_s: int  # from then on, to close it
    close_s: int  # dismissed for so long: closed by rule
    join_s: int  # a sign of the same kind and place within this time is of the same incident
    clip: tuple[int, int] = (0, 0)  # seconds of video before and after the sign; none for 0, 0
    lights: bool  # whether lamps and sirens of the school show it


CITY_AND_POLICE = (Role.CITY, Role.POLICE)
MANNERS: dict[Kind, Manner] = {
    Kind.FIRE: Manner(
        severity=Severity.FATAL, at_once=CITY_AND_POLICE, confirmed=CITY_AND_POLICE, last=Role.POLICE,
        answer_s=60, reminders=0, remind_every_s=60, decide_s=300, end_s=2 * HOUR_S, close_s=HOUR_S, join_s=900,
        clip=(10, 50), lights=True,
    ),
    Kind.MEDICAL: Manner(
        severity=Severity.ERROR, at_once=(Role.CITY,), confirmed=(Role.CITY,),
        answer_s=60, remind_every_s=60, decide_s=600, end_s=4 * HOUR_S, close_s=HOUR_S, join_s=300,
        clip=(30, 30), lights=True,
    ),
    Kind.FIGHT: Manner(
        severity=Severity.ERROR, at_once=(Role.CITY,), confirmed=CITY_AND_POLICE, last=Role.POLICE,
        answer_s=60, remind_every_s=60, decide_s=600, end_s=4 * HOUR_S, close_s=HOUR_S, join_s=120,
        clip=(15, 45), lights=True,
    ),
    Kind.INTRUSION: Manner(
        severity=Severity.ERROR, at_once=(Role.CITY,), confirmed=CITY_AND_POLICE, last=Role.POLICE,
        answer_s=120, remind_every_s=120, decide_s=900, end_s=4 * HOUR_S, close_s=HOUR_S, join_s=600,
        clip=(15, 45), lights=True,
    ),
    Kind.BULLYING: Manner(
        severity=Severity.ERROR, confirmed=(Role.CITY,),
        answer_s=900, remind_every_s=900, decide_s=DAY_S, end_s=7 * DAY_S, close_s=DAY_S, join_s=0, lights=False,
    ),
    Kind.OTHER: Manner(
        severity=Severity.ERROR,
        answer_s=120, remind_every_s=120, decide_s=HOUR_S, end_s=DAY_S, close_s=HOUR_S, join_s=300,
        clip=(15, 45), lights=True,
    ),
    Kind.TAMPER: Manner(
        severity=Severity.WARN,
        answer_s=900, remind_every_s=900, decide_s=4 * HOUR_S, end_s=DAY_S, close_s=HOUR_S, join_s=HOUR_S,
        clip=(15, 15), lights=False,
    ),
}  # fmt: skip
URGENCY: dict[Kind, int] = {kind: rank for rank, kind in enumerate(Kind)}  # 0 is the most urgent
