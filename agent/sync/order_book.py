"""The link's own orders: ping, status, pace, resend, reference.reload. Others come with their rooms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.clock import Clock
from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.sync.drain import Drain
from agent.sync.orders import Failed, Handler, args_of
from agent.sync.topics import EpochName, LaneName, Order
from agent.wall_time import rfc3339


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For orders without arguments."""


class PaceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bytes_per_s: Annotated[float, Meta(ge=0)]
    for_s: Annotated[float, Meta(ge=0, le=7 * 86_400)]


class ResendArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epoch: EpochName
    lane: LaneName
    first: Annotated[int, Meta(ge=1)]
    last: Annotated[int, Meta(ge=1)]


def order_book(
    outbox: Outbox,
    drain: Drain,
    clock: Clock,
    status: Callable[[], msgspec.Struct],
    reload: Callable[[], Awaitable[Mapping[str, str]]],
) -> dict[str, Handler]:
    """Name of the order to what carries it out."""

    async def ping(order: Order) -> dict[str, object]:
        args_of(order, NoArgs)
        return {"time": rfc3339(clock.utc_ns())}

    async def tell_status(order: Order) -> dict[str, object]:
        args_of(order, NoArgs)
        told: dict[str, object] = msgspec.to_builtins(status())
        return told

    async def pace(order: Order) -> dict[str, object]:
        args = args_of(order, PaceArgs)
        now_s = drain.seconds()
        drain.flow.pace(args.bytes_per_s, now_s + args.for_s, now_s)
        drain.wake.set()
        return {}

    async def resend(order: Order) -> dict[str, object]:
        args = args_of(order, ResendArgs)
        lane = Lane.named(args.lane)
        events = await outbox.kept(args.epoch, lane, args.first, args.last)
        if events and not drain.resend(args.epoch, lane, args.first, args.last):
            raise Failed("too many ranges wait to be sent again")
        return {"events": events}

    async def reload_reference(order: Order) -> dict[str, object]:
        args_of(order, NoArgs)
        try:
            return {"datasets": dict(await reload())}
        except OSError as error:
            raise Failed(f"reference data cannot be written: {error}") from error

    return {
        "ping": ping,
        "status": tell_status,
        "pace": pace,
        "resend": resend,
        "reference.reload": reload_reference,
    }
