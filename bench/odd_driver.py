"""A driver that goes wrong in its cell, as its settings say: for measuring what others notice of it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.readings import Light, Tap

EVERY_S = 0.2  # it lives so long after each start
LEAK_BYTES = 1 << 20


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    does: Literal["die", "hang", "leak", "nothing"]


def probe(settings: Settings) -> Finding:
    return Finding(verdict=Verdict.OK, code="", what=settings.does)


class Odd:
    """Never reads anything."""

    def __init__(self, does: str) -> None:
        self.counters = Counters()
        self._does = does
        self._kept: list[bytes] = []

    def __aiter__(self) -> Odd:
        return self

    async def __anext__(self) -> Tap:
        await asyncio.sleep(EVERY_S)
        if self._does == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._does == "hang":
            time.sleep(3600)
        while self._does == "leak":
            self._kept.append(os.urandom(LEAK_BYTES))
            await asyncio.sleep(0.005)
        await asyncio.Event().wait()
        raise StopAsyncIteration

    async def show(self, light: Light) -> None:
        """It has none."""


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Odd]:  # noqa: ARG001
    yield Odd(settings.does)
