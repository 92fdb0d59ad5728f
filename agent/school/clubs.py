"""What a child's card does at a club's reader: in, out, or a refusal with its reason. Pure.

One child, one place: a voucher names one club, and a child is in one club at a time. A tap where the child is inside is
a tap out; a tap at another club that has a place for the child ends the visit there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from agent.datasets import Calendar, Club, Voucher
from agent.school.calendar import LocalTime, is_holiday, local, minute_of
from agent.school.since import Stamp, elapsed_ns, is_exact
from agent.school.visits import Visit
from drivers.readings import Light

EARLY_MIN = 30  # children come before it begins
COMING_S, GOING_S = 60, 10  # a second tap within this time is the same: nobody visits a club for a minute
FORGIVEN = timedelta(days=31)  # a renewed voucher cannot have come while the centre is away


class Reason(StrEnum):
    """Why a card is refused. Of several clubs in one room the reason that came furthest is told: a later one here."""

    NO_DATA = "no_data"
    UNKNOWN_CARD = "unknown_card"
    BLOCKED_CARD = "blocked_card"
    NOT_ENROLLED = "not_enrolled"
    ELSEWHERE = "elsewhere"
    IN_ANOTHER_CLUB = "in_another_club"
    EXPIRED = "expired"
    WRONG_DAY = "wrong_day"
    FULL = "full"


RANK = {reason: rank for rank, reason in enumerate(Reason)}
LIGHTS: Mapping[Reason, Light] = {
    reason: Light.UNKNOWN if reason in (Reason.UNKNOWN_CARD, Reason.BLOCKED_CARD) else Light.REFUSED
    for reason in Reason
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known when a pupil's card is shown."""

    names: Sequence[str]  # which clubs meet where this reader is
    room: Sequence[Club]  # those of them that the box knows
    vouchers: Sequence[Voucher]  # of this pupil
    latest: Visit | None  # of this pupil, in any club
    inside: bool  # whether that visit has not ended
    left_ns: int  # when it ended, as the clock said; 0 if it has not
    taken: Mapping[str, int]  # children inside each club of the room
    now: Stamp
    calendar: Calendar | None
    stale: bool  # whether the vouchers are older than two weeks


class Same(msgspec.Struct, frozen=True):
    """The card is shown once more: nothing new."""


class Leaves(msgspec.Struct, frozen=True):
    """The child goes."""


class Enters(msgspec.Struct, frozen=True):
    """The child comes, and leaves where it was."""

    club: str
    voucher: str


class Refused(msgspec.Struct, frozen=True):
    reason: Reason
    club: str = ""


Decision = Same | Leaves | Enters | Refused


def decide(facts: Facts) -> Decision:
    """What the tap of a pupil means. A visit that has ended by rule is told as ended."""
    latest = facts.latest
    if latest and latest.club in facts.names:
        if facts.inside:
            return Same() if _has_just_come(latest, facts.now) else Leaves()
        if 0 <= facts.now.utc_ns - facts.left_ns < GOING_S * 1_000_000_000:
            return Same()
    today = local(facts.now.utc_ns, facts.calendar)
    answers = list(_answers(facts, today))
    entering = next((one for one in answers if isinstance(one, Enters)), None)
    return entering or max((one for one in answers if isinstance(one, Refused)), key=lambda one: RANK[one.reason])


def _has_just_come(visit: Visit, now: Stamp) -> bool:
    return is_exact(visit.came, now) and elapsed_ns(visit.came, now) < COMING_S * 1_000_000_000


def _answers(facts: Facts, today: LocalTime) -> Iterator[Enters | Refused]:
    """For each club of the room; at least one."""
    if not facts.room:
        yield Refused(Reason.NO_DATA)
    for club in facts.room:
        mine = [one for one in facts.vouchers if one.club == club.club]
        yield _place(club, mine, facts, today) if mine else Refused(_no_place(facts, today), club.club)


def _no_place(facts: Facts, today: LocalTime) -> Reason:
    """Why there is no voucher for this club."""
    if facts.inside:
        return Reason.IN_ANOTHER_CLUB
    has_another = any(one.last >= today.day or not facts.now.trusted for one in facts.vouchers)
    return Reason.ELSEWHERE if has_another else Reason.NOT_ENROLLED


def _place(club: Club, mine: Sequence[Voucher], facts: Facts, today: LocalTime) -> Enters | Refused:
    """Of a child with a voucher for this club. Without a trusted clock days and hours do not count."""
    voucher = _valid(mine, today.day, facts)
    if voucher is None:
        over = any(one.last < today.day for one in mine)
        return Refused(Reason.EXPIRED if over else Reason.NOT_ENROLLED, club.club)
    if facts.now.trusted and not meets(club, today, facts.calendar):
        return Refused(Reason.WRONG_DAY, club.club)
    if facts.taken.get(club.club, 0) >= club.places:
        return Refused(Reason.FULL, club.club)
    return Enters(club.club, voucher.voucher)


def _valid(mine: Sequence[Voucher], day: str, facts: Facts) -> Voucher | None:
    """The voucher that holds today; else, where nobody can know better, the one that ends last."""
    holding = [one for one in mine if one.first <= day <= one.last]
    if not holding and not facts.now.trusted:
        holding = list(mine)
    if not holding and facts.stale:
        since = (date.fromisoformat(day) - FORGIVEN).isoformat()
        holding = [one for one in mine if since <= one.last < day]
    return max(holding, key=lambda one: one.last, default=None)


def meets(club: Club, today: LocalTime, calendar: Calendar | None) -> bool:
    """Whether a child may come in now: by the club's own timetable, holidays excepted."""
    if is_holiday(calendar, today.day):
        return False
    return any(
        time.weekday == today.weekday and minute_of(time.starts) - EARLY_MIN <= today.minute < minute_of(time.ends)
        for time in club.times
    )
