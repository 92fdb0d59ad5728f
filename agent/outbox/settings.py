"""What the configuration may say about the outbox."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MB = 1_000_000


class OutboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes in megabytes of 10^6 bytes, ages in days."""

    alarm_mb: Annotated[
        int, Meta(ge=1, le=100_000, description="size at which the alarm lane is reported as too full; never dropped")
    ] = 64
    record_mb: Annotated[
        int, Meta(ge=1, le=100_000, description="size at which the record lane is reported as too full; never dropped")
    ] = 512
    telemetry_mb: Annotated[
        int,
        Meta(ge=1, le=100_000, description="size of the telemetry lane; beyond it the oldest is dropped and recorded"),
    ] = 64
    reserve_mb: Annotated[
        int, Meta(ge=1, le=100_000, description="free disk space below which telemetry is dropped first")
    ] = 64
    ballast_mb: Annotated[
        int, Meta(ge=0, le=10_000, description="space set aside for records and alarms when the disk is full")
    ] = 16
    keep_days: Annotated[
        int, Meta(ge=0, le=365, description="how long delivered events stay for the order `resend`")
    ] = 7
