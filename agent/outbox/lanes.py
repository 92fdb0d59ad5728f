"""The table of lanes: how far each is, how much it may hold, and what gives way when space is short."""

from __future__ import annotations

import msgspec

from agent.model import Lane
from agent.outbox.settings import MB, OutboxSettings


class LaneState(msgspec.Struct, frozen=True):
    """One lane of the current epoch, and what the disk holds of it over all epochs."""

    last: int
    settled: int
    bytes: int


class Rule(msgspec.Struct, frozen=True):
    """One lane's rule."""

    quota_bytes: int
    sheds: bool  # True: the oldest events are dropped and recorded; False: over quota is only reported


STARVED_BYTES = 1 * MB  # what a lane that sheds may hold while the disk is below its reserve


def rules(settings: OutboxSettings, *, disk_low: bool) -> dict[Lane, Rule]:
    """The rule of each lane, by the settings and by whether the disk is below its reserve."""
    telemetry_bytes = settings.telemetry_mb * MB
    return {
        Lane.ALARM: Rule(settings.alarm_mb * MB, sheds=False),
        Lane.RECORD: Rule(settings.record_mb * MB, sheds=False),
        Lane.TELEMETRY: Rule(min(telemetry_bytes, STARVED_BYTES) if disk_low else telemetry_bytes, sheds=True),
    }
