"""The centre's order `bundle`: the archive of `mektep bundle`, sealed for support, on the way of the evidence.

The command makes it, in a process of its own: what it looks at may hang, and the daemon holds no part of it but the
archive. Nothing of it is written to the disk in the clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from agent.event_words import Uuid
from agent.evidence.clips import NotMade
from agent.sync.orders import Denied, Handler, args_of
from agent.sync.topics import Order

log = logging.getLogger("agent.bundle")

MADE_S = 300.0
MOST_BYTES = 12 << 20  # of the archive: what docs/protocol.md, section 15, lets a file have, and some
COMMAND = (sys.executable, "-m", "agent")
FINE = (0, 1)  # whole; something is missing in it, and named
Make = Callable[[], Awaitable[bytes]]


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`bundle`."""


class Bundled(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `bundle`: it is being made, and comes as evidence under this id."""

    evidence: Uuid


class Keeps(Protocol):
    """Of agent/evidence/store.py."""

    async def keep_bundle(self, make: Make) -> str: ...


def bundle_orders(evidence: Keeps, make: Make) -> dict[str, Handler]:
    """Name of the order to what carries it out."""

    async def bundle(order: Order) -> dict[str, object]:
        args_of(order, NoArgs)
        try:
            found: dict[str, object] = msgspec.to_builtins(Bundled(evidence=await evidence.keep_bundle(make)))
        except NotMade as error:
            raise Denied(error.reason) from error
        return found

    return {"bundle": bundle}


async def made_by_command(
    file: str, environment: Mapping[str, str], command: tuple[str, ...] = COMMAND, within_s: float = MADE_S
) -> bytes:
    """The archive. Raises NotMade("failed")."""
    words = (*command, "bundle", file, "--out", "-")
    process = await asyncio.create_subprocess_exec(
        *words, env=dict(environment), start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(within_s):
            content = await _all(process.stdout)
            code = await process.wait()
    except TimeoutError as error:
        raise _failed(f"not made within {within_s:.0f} s") from error
    finally:
        await _end(process)
    if code not in FINE or not content:
        raise _failed(f"the command ended with {code}")
    return content


async def _end(process: asyncio.subprocess.Process) -> None:
    """With what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        await process.stdout.read()  # to its end: only then is the pipe closed
    await process.wait()


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    """Raises NotMade if it is too much."""
    if stream is None:
        return b""
    try:
        await stream.readexactly(MOST_BYTES + 1)
    except asyncio.IncompleteReadError as error:
        return error.partial
    raise _failed(f"it is larger than {MOST_BYTES >> 20} MB")


def _failed(why: str) -> NotMade:
    log.warning("no archive for support: %s", why)
    return NotMade("failed")
