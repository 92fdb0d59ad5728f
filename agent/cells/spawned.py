"""A cell that the daemon starts itself: python -m drivers.cell, its end of a socket pair as standard input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import drivers
from agent.cells.child import Births, Born, Child
from drivers.catalog import Cell as Limits
from drivers.errors import DeviceError

END_S = 3.0
SAID_BYTES = 2_000  # of what it wrote last: for the log and the reason


class Spawned:
    """A child process of ours."""

    end_s = END_S

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    def named(self, pid: int) -> None:
        """We know it better."""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), within_s)
        return self.ended

    async def keep_words(self) -> None:
        stream = self._process.stderr
        while stream is not None and (words := await stream.read(4096)):
            self._said = (self._said + words)[-SAID_BYTES:]

    def how(self) -> tuple[str, str]:
        code = self._process.returncode
        words = self._said.decode(errors="replace").strip().splitlines()
        last = f": {words[-1][:200]}" if words else ""
        if code is not None and code < 0:
            return "U-101", f"ended by {signal.Signals(-code).name}{last}"
        return "U-101", f"ended with exit code {code}{last}"


class Spawning:
    """Children of our own, with that environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def bear(self, limits: Limits) -> Born:
        """Raises DeviceError U-106 if the interpreter cannot be started."""
        python = limits.python or sys.executable
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                python, "-P", "-m", "drivers.cell", str(os.getpid()),
                stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
                env=self._env(foreign=bool(limits.python)), cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise DeviceError(
                "U-106",
                f"{python} cannot be started: {error.strerror}",
                do="Install it: see docs/drivers of this device.",
            ) from error
        finally:
            theirs.close()
        return Born(Spawned(process), ours, limits.nice)

    def _env(self, *, foreign: bool) -> dict[str, str]:
        """Of another interpreter our packages are not the same: it brings its own."""
        environment = {**self._environment, "PYTHONDONTWRITEBYTECODE": "1"}
        given = environment.pop("PYTHONPATH", "")
        if not foreign:
            ours = str(Path(drivers.__file__).resolve().parents[1])
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (ours, given)))
        return environment


_BIRTHS: type[Births] = Spawning
_CHILD: type[Child] = Spawned
