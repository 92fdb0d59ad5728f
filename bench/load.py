"""The events that are measured with: what a tap and a zone's alarm really look like."""

from __future__ import annotations

import time

from agent.events import CardSeen, ZoneChanged, draft
from agent.model import Draft, Moment


def now() -> Moment:
    return Moment(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME), synced=True)


def tap(number: int) -> Draft:
    """About 430 bytes on the wire."""
    return draft(CardSeen(reader="canteen-1", form="em4100", card=f"{number:032x}"), now(), source="canteen-1")


def alarm(number: int) -> Draft:
    """`monotonic` of the event is the moment it was handed to the outbox."""
    data = ZoneChanged(
        sensor="fire-panel", zone=3, place="canteen", state="fire", before="normal", codes=[37, 44], words=f"{number}"
    )
    return draft(data, now(), source="fire-panel/3")
