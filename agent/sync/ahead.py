"""An alarm that the database cannot take yet, as a single CloudEvent without sequence. docs/protocol.md, section 7."""

from __future__ import annotations

import msgspec

from agent.clock import Clock
from agent.model import Draft
from agent.wall_time import rfc3339


def ahead_event(alarm: Draft, school: str, epoch: str, clock: Clock) -> bytes:
    """The copy; its id is the alarm's `ahead_id`."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": alarm.ahead_id,
            "source": f"/schools/{school}/{epoch}/ahead",
            "type": alarm.type,
            "time": rfc3339(alarm.at.utc_ns),
            "recordedtime": rfc3339(clock.utc_ns()),
            "partitionkey": school,
            "severitytext": alarm.severity.value,
            "bootid": clock.boot_id,
            "monotonic": str(alarm.at.monotonic_ns),
            "clock": "synced" if alarm.at.synced else "unsynced",
            "data": alarm.data,
        }
    )
