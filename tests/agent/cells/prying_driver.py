"""A driver that is in a stranger's hands: it looks for pictures' memory everywhere, and tells which it has found."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.frame_slot import HEAD, MAGIC
from drivers.readings import CardForm, Light, Tap

MARKS = 10  # a mark is this many times the daemon's process, and whose memory it is
AT_NS = 5  # of the head: when the picture was taken; a test writes there whose memory it is


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    daemon: int  # its process


def probe(settings: Settings) -> Finding:
    return Finding(verdict=Verdict.OK, code="", what=settings.name)


def memories(daemon: int) -> list[int]:
    """The marks of all memory of pictures of this test that this process can get at, each once."""
    found = set()
    for path in _places(daemon):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                head = os.pread(handle, HEAD.size, 0)
            finally:
                os.close(handle)
            if head.startswith(MAGIC) and len(head) == HEAD.size:
                found.add(HEAD.unpack(head)[AT_NS])
    return sorted(mark % MARKS for mark in found if mark // MARKS == daemon)


def _places(daemon: int) -> Iterator[str]:
    """Of handles only those to such memory: others' pipes are left alone."""
    for pid in ("self", str(daemon), *(name for name in _listed("/proc") if name.isdecimal())):
        named = {
            f"/proc/{pid}/{kind}/{name}" for kind in ("fd", "map_files") for name in _listed(f"/proc/{pid}/{kind}")
        }
        guessed = {f"/proc/{pid}/fd/{number}" for number in range(3, 256)}  # a folder that cannot be listed
        for path in named | guessed:
            with contextlib.suppress(OSError):
                if "memfd:" in os.readlink(path):
                    yield path
    for place, _, names in os.walk("/dev/shm"):
        yield from (os.path.join(place, name) for name in names)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


class Prying:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self._settings, self._clock = settings, clock
        self._told = False

    def lend(self, slot: object) -> None:
        """As a camera is lent its own."""

    def __aiter__(self) -> Prying:
        return self

    async def __anext__(self) -> Tap:
        if self._told:
            await asyncio.Event().wait()
        self._told = True
        found = json.dumps(memories(self._settings.daemon)).encode().hex()
        now_ns = self._clock.utc_ns()
        return Tap(card=found, form=CardForm.UID4, at_ns=now_ns, monotonic_ns=self._clock.monotonic_ns())

    async def show(self, light: Light) -> None:
        pass


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Prying]:
    yield Prying(settings, clock)
