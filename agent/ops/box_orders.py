"""The centre's orders about the box itself: another configuration, a restart, a reader's lights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.event_words import Name
from agent.paths.reader_test import ReaderTest, Untestable
from agent.restart import Restart
from agent.sync.orders import Denied, Failed, Handler, args_of
from agent.sync.topics import Order
from agent.trials.apply import INCIDENT_OPEN, ConfigChange, NewConfig, Refusal
from agent.trials.trial import WITHIN_S

CONFIG_CHARS = 200_000
BY = "centre"
ON_TRIAL_S = Meta(ge=1, le=3_600, description="so long it is watched")
FORCE = Meta(description="also while an incident is open: the box is away for some seconds")


class ApplyArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config.apply`: the whole file."""

    config: Annotated[str, Meta(max_length=CONFIG_CHARS)]
    expects: Annotated[
        str, Meta(pattern="^([0-9a-f]{64})?$", description="SHA-256 of the file that it replaces; empty: of any")
    ] = ""
    within_s: Annotated[int, ON_TRIAL_S] = WITHIN_S
    force: Annotated[bool, FORCE] = False


class RestartArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`restart`."""

    force: Annotated[bool, FORCE] = False


class DeviceArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reader.test`."""

    device: Name


def box_orders(
    change: ConfigChange, restart: Restart, reader_test: ReaderTest, incident_open: Callable[[], bool]
) -> dict[str, Handler]:
    """Name of the order to what carries it out. What takes the box away waits for the end of an incident."""

    async def apply(order: Order) -> dict[str, object]:
        args = args_of(order, ApplyArgs)
        wanted = NewConfig(
            text=args.config.encode(), by=BY, expects=args.expects, within_s=args.within_s, order=order.number,
            force=args.force,
        )  # fmt: skip
        try:
            return _result(await change.apply(wanted))
        except Refusal as refusal:
            raise Denied(refusal.reason, refusal.result) from refusal
        except OSError as error:
            raise Failed(f"the configuration cannot be written: {error}") from error

    async def again(order: Order) -> dict[str, object]:
        _may_leave(args_of(order, RestartArgs).force, incident_open)
        restart.ask("order of the centre")
        return {}

    async def test(order: Order) -> dict[str, object]:
        args = args_of(order, DeviceArgs)
        try:
            return _result(await reader_test.run(args.device))
        except Untestable as error:
            if error.word == "busy":
                raise Denied(error.word) from error
            raise Failed(f"{error.word}: {error.what}") from error

    return {"config.apply": apply, "restart": again, "reader.test": test}


def _may_leave(force: bool, incident_open: Callable[[], bool]) -> None:
    if not force and incident_open():
        raise Denied(INCIDENT_OPEN)


def _result(result: msgspec.Struct) -> dict[str, object]:
    told: dict[str, object] = msgspec.json.decode(msgspec.json.encode(result))
    return told
