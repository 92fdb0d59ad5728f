"""The centre's order `update`: which version is to run, where it lies, when."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from agent.sync.orders import BadArgs, Failed, Handler, args_of
from agent.sync.topics import Order
from agent.update_events import Version
from agent.updates.staged import INSTALLER, Staged
from agent.updates.updater import Updater
from agent.wall_time import utc_ns_of

ARCHIVE_BYTES = 1 << 30
Instant = Annotated[str, Meta(max_length=32, description="RFC 3339; empty: none")]


class UpdateArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`update`."""

    version: Version
    url: Annotated[str, Meta(pattern=r"^https://[^\s@?#]+$(?!\n)", max_length=512)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)", description="of the archive")]
    bytes: Annotated[int, Meta(ge=1, le=ARCHIVE_BYTES)]
    not_before: Instant = ""
    deadline: Annotated[Instant, Meta(description="from then on in school hours, too; empty: never in them")] = ""
    within_s: Annotated[int, Meta(ge=60, le=3_600, description="so long it is watched")] = 600
    bytes_per_s: Annotated[int, Meta(ge=1_024, le=100_000_000, description="of the line, while it is fetched")] = 50_000


def update_orders(updater: Updater, installer: Path = INSTALLER) -> dict[str, Handler]:
    """Name of the order to what carries it out."""

    async def update(order: Order) -> dict[str, object]:
        args = args_of(order, UpdateArgs)
        if not await asyncio.to_thread(installer.exists):
            raise Failed("this agent was not installed from its package: there is nothing that could update it")
        staged = Staged(
            version=args.version, url=args.url, sha256=args.sha256, bytes=args.bytes,
            not_before_ns=_ns(args.not_before), deadline_ns=_ns(args.deadline), within_s=args.within_s,
            bytes_per_s=args.bytes_per_s, order=order.number,
        )  # fmt: skip
        if not urlsplit(args.url).hostname:
            raise BadArgs("url names no host")
        try:
            return {"state": await updater.stage(staged)}
        except OSError as error:
            raise Failed(f"it cannot be written down: {error}") from error

    return {"update": update}


def _ns(text: str) -> int:
    try:
        return utc_ns_of(text) if text else 0
    except ValueError as error:
        raise BadArgs(f"{text!r} is no time") from error
