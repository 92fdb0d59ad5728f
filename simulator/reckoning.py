"""The end of a run: wait until the box owes nothing, then compare the truth with what the centre holds."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from simulator.school import School
from simulator.truth import Truth, reconcile

PICTURES = 3  # in a row: one alone may be of the moment before the next event
LOOK_S = 0.2


async def until_stored(school: School, patience_s: float) -> bool:
    """Until pictures in a row owe nothing. False if that does not come: the reconciliation says why."""
    deadline = time.monotonic() + patience_s
    calm: set[str] = set()
    while time.monotonic() < deadline and len(calm) < PICTURES:
        status = school.status()
        lanes = status.get("lanes", {}).values()
        owes = any(lane["last"] != lane["settled"] for lane in lanes) or status.get("owes")
        calm = set() if owes or not lanes or status.get("alarms_waiting") else calm | {status["at"]}
        await asyncio.sleep(LOOK_S)
    return len(calm) == PICTURES


async def reckon(school: School, truth: Truth) -> dict[str, Any]:
    """Stop the box, and reconcile: simulator/truth.py."""
    status = school.status()
    await school.agent.stop()
    return reconcile(
        truth,
        await school.centre_events(),
        await school.centre_status(),
        status,
        school.kept_events(),
        school.card_key(),
    )
