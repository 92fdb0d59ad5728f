"""What events of trials say: how a change of the box ended. agent/events.py lists their kinds."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.event_words import Count, Sha256

By = Annotated[
    str,
    Meta(
        max_length=64,
        description="centre: an order; technician: the file was changed on the box, found at the agent's start; else "
        "the account at the box who asked for it",
    ),
]
Before = Annotated[
    str, Meta(pattern="^([0-9a-f]{64})?$", description="SHA-256 of the configuration before; empty: none is known")
]
Order = Annotated[Count, Meta(description="number of the order; 0: there was none")]
Reason = Annotated[
    str,
    Meta(
        pattern="^(link_gone|device_lost|part_failed|did_not_start|kept_ending|interrupted|changed_on_site|by_hand)$",
        description="link_gone: the centre was not reached any more; device_lost: a device that worked did not; "
        "part_failed: a part of the agent failed by itself; did_not_start, kept_ending: the agent; interrupted: the "
        "power went before it was made; changed_on_site: the box was changed meanwhile; by_hand",
    ),
]
Lost = Annotated[
    list[Annotated[str, Meta(max_length=72)]],
    Meta(max_length=200, description="what was lost: link, centre (it gave no answer), device/NAME, part/NAME"),
]


class ConfigApplied(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration is in force: it has proved itself, or was found at the agent's start."""

    sha256: Annotated[Sha256, Meta(description="of the file")]
    before: Before
    by: By
    order: Order = 0


class ConfigUndone(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration was on trial and is not in force any more."""

    sha256: Annotated[Sha256, Meta(description="of the file that was tried")]
    before: Before
    by: By
    reason: Reason
    lost: Lost = []
    order: Order = 0
