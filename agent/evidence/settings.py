"""What the configuration may say about evidence."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.outbox.settings import MB


class EvidenceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sealed pictures and videos of cameras, until the centre has them."""

    quota_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="size of the sealed pictures and videos that wait for the centre; beyond it the least severe "
            "is dropped and recorded, the oldest of them first; 0 keeps none",
        ),
    ] = 256
    keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=365,
            description="what the centre has not taken for so long is removed and recorded, unless its incident is "
            "open",
        ),
    ] = 30

    @property
    def quota_bytes(self) -> int:
        return self.quota_mb * MB
