"""Whether a sign is of an incident that is there already, and what all signs of one make of it. Pure.

One    kind and place, within the kind's time of the last sign; after a dismissal within that time of it. A source that
       only repeats what it told, because the agent began anew, is of its old incident however long that is ago; so is
       one that tells the same while nobody has answered yet: whoever is called comes for all of it.
Not    a report: each is one of its own, with the centre's id, and others may join it. Signs without a place are of one
       incident only if their source is. A certain sign never vanishes in an incident that somebody has dismissed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.incidents.kinds import MANNERS, Certainty
from agent.incidents.life import State
from agent.incidents.rows import Incident, SignRow
from agent.incidents.signs import Family, Seen
from agent.school.since import Stamp, elapsed_ns, is_exact


def joined(seen: Seen, live: Sequence[Incident], now: Stamp) -> Incident | None:
    """The newest incident that the sign is of; None if it opens one."""
    if seen.incident:
        return next((one for one in live if one.id == seen.incident), None)
    return next((one for one in reversed(live) if _is_of(seen, one, now)), None)


def certainty(signs: Iterable[SignRow]) -> Certainty:
    """Two families cannot err together; one source's word may be enough."""
    signs = list(signs)
    if any(one.certain for one in signs):
        return Certainty.CERTAIN
    return Certainty.CORROBORATED if len({one.family for one in signs}) > 1 else Certainty.SUSPECTED


def _is_of(seen: Seen, one: Incident, now: Stamp) -> bool:
    if one.kind is not seen.kind or one.drill != seen.drill:
        return False
    if seen.family is Family.LINK:
        return any(sign.family == Family.LINK for sign in one.signs)  # one that is open is enough
    if one.place != seen.place:
        return False
    same = any((sign.source, sign.what) == (seen.source, seen.what) for sign in one.signs)
    if same and (seen.standing or one.state is State.TOLD):
        return one.state is not State.DISMISSED or not seen.certain
    if not seen.place and all(sign.source != seen.source for sign in one.signs):
        return False
    if one.state is State.DISMISSED:
        return not seen.certain and _within(one, one.since, now)
    return _within(one, one.latest_sign, now)


def begins_anew(one: Incident, now: Stamp) -> bool:
    """Whether a sign that joined it comes so late after the one before that those who are called must hear of it."""
    manner = MANNERS[one.kind]
    return not _is_recent(one.latest_sign, now, max(manner.join_s, manner.remind_every_s))


def _within(one: Incident, then: Stamp, now: Stamp) -> bool:
    return _is_recent(then, now, MANNERS[one.kind].join_s)


def _is_recent(then: Stamp, now: Stamp, seconds: int) -> bool:
    """Where nobody can tell how long ago it was, it is not."""
    return is_exact(then, now) and elapsed_ns(then, now) < seconds * 1_000_000_000
