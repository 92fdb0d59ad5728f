"""A driver for cells under test: reads, fails, hangs, leaks, burns, lies and floods, as its settings say."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from drivers.driver import Clock, Counters, Finding, SecretName, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.pulse import Pulse
from drivers.readings import CardForm, Light, Tap


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    does: str
    port: str = ""
    secret: SecretName = ""
    files: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return self.files


def probe(settings: Settings) -> Finding:
    return Finding(verdict=Verdict.OK, code="", what=settings.does)


class Odd:
    def __init__(self, settings: Settings, clock: Clock, words: str) -> None:
        self.counters = Counters()
        self.pulse = Pulse(clock, 0.5)
        self._settings = settings
        self._clock = clock
        self._words = words
        self._lights: list[str] = []
        self._more = asyncio.Event()

    def __aiter__(self) -> Odd:
        return self

    async def __anext__(self) -> Tap:
        does = self._settings.does
        if does in ACTS:
            ACTS[does]()
        if does == "noise":
            self.counters.garbled = 7
            raise DeviceError("P-104", "it went away", do="Plug it in.")
        if does == "thread":
            await asyncio.Event().wait()
        self.pulse.beat()
        if does in ("read", "flood") or self._lights:
            self.counters.frames += 1
            text = ",".join(self._lights) or self._words or f"{self.counters.frames:08X}"
            self._lights.clear()
            if does == "read":
                await asyncio.sleep(0.02)
            now_ns = self._clock.utc_ns()
            return Tap(card=text, form=CardForm.UID4, at_ns=now_ns, monotonic_ns=self._clock.monotonic_ns())
        while not self._lights:
            self._more.clear()
            self.pulse.beat()
            await asyncio.wait({asyncio.ensure_future(self._more.wait())}, timeout=0.1)
        return await self.__anext__()

    async def show(self, light: Light) -> None:
        if self._settings.does == "dark":
            raise DeviceError("G-101", "the lamp is broken", do="Mend it.")
        if self._settings.does == "defect in its light":
            raise ZeroDivisionError("a defect")
        if self._settings.does == "slow light":
            await asyncio.Event().wait()
        self._lights.append(light.value)
        self._more.set()


def _leak() -> None:
    kept = []
    while True:
        kept.append(b"x" * (8 << 20))
        time.sleep(0.01)


def _burn() -> None:
    def turn() -> None:
        while True:
            pass

    threading.Thread(target=turn, daemon=True).start()


def _babble() -> None:
    for fd in range(3, 64):
        try:
            end = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        end.setblocking(True)
        end.sendall(b"\xff" * 64)


ACTS = {
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
    "hang": lambda: time.sleep(3600),
    "leak": _leak,
    "burn": _burn,
    "babble": _babble,
    "exit": lambda: os._exit(7),
}


def _tried(*paths: str) -> str:
    """What it may do, in words."""
    found = []
    for path in paths:
        try:
            with open(path, "rb") as opened:
                opened.read(1)
            found.append(f"read {path}")
        except OSError as error:
            found.append(f"{type(error).__name__} {path}")
    try:
        with open("/tmp/written-by-a-cell", "wb"):
            found.append("wrote")
    except OSError:
        found.append("wrote nothing")
    try:
        subprocess.run(["/bin/true"], check=True)
        found.append("ran")
    except OSError:
        found.append("ran nothing")
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    return "; ".join([*found, f"caps {status['CapEff'].strip()}", f"no new {status['NoNewPrivs'].strip()}"])


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Odd]:
    if settings.does == "absent":
        raise DeviceError("P-101", "is not there", do="Plug it in.")
    if settings.does == "defect":
        raise ZeroDivisionError("a defect")
    if settings.does == "never opens":
        await asyncio.Event().wait()
    words = secrets(settings.secret).now if settings.secret else ""
    if settings.does == "try":
        raise DeviceError("X-1", _tried(*settings.port.split(",")), do=".")
    if settings.does == "say":
        print("words on standard error", file=os.fdopen(2, "w"), flush=True)
        os._exit(3)
    try:
        yield Odd(settings, clock, words)
    finally:
        if settings.does == "never closes":
            await asyncio.shield(asyncio.Event().wait())
