"""What events of updates say: another version of the agent runs, or does not. agent/events.py lists their kinds."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.trial_events import Lost, Order, Reason

Version = Annotated[str, Meta(pattern=r"^[0-9][0-9A-Za-z.+]{0,31}$(?!\n)", examples=["0.2.0"])]


class UpdateInstalled(msgspec.Struct, frozen=True, kw_only=True):
    """A version runs, and has proved itself."""

    version: Version
    before: Version
    order: Order = 0


class UpdateUndone(msgspec.Struct, frozen=True, kw_only=True):
    """A version ran, the box got worse, and the one before runs again."""

    version: Version
    before: Version
    reason: Reason
    lost: Lost = []
    order: Order = 0


class UpdateFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A version never ran here: it could not be fetched or installed. The one before was never left."""

    version: Version
    step: Annotated[str, Meta(pattern="^(fetch|install|switch)$")]
    said: Annotated[str, Meta(max_length=500, description="why, in words for a technician")]
    order: Order = 0
