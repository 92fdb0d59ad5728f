"""One life of a cell: a child process, its socket, and the watch that ends it when it is stuck, too large or too busy.

Ends by itself when the socket ends; `reason` says why, with code, fact and instruction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import drivers
from agent.cells.usage import WINDOW_S, Usage
from agent.clock import Clock
from drivers.catalog import Cell as Limits
from drivers.cell_wire import FRAME_BYTES, Beat, Begin, CellWireError, FromCell, ToCell, frame, from_cell, next_body
from drivers.errors import DeviceError

log = logging.getLogger("agent.cells")

LOOK_S = 1.0
SILENT_S = 6.0  # without a beat, of which one comes each second
STOP_S = 3.0
TURN = 64  # messages that one cell may say before the others
SAID_BYTES = 2_000  # of what it wrote last: for the log and the reason
UNPLUG = "Unplug its device and plug it in again; if that does not help, restart the box."
NOTHING_TO_DO = "Nothing; the agent starts it again. If it happens again and again, send the log to support."


class CellProcess:
    """start() it; say() things; on_message hears; ended() tells when it is over."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        clock: Clock,
        environment: Mapping[str, str],
        on_message: Callable[[FromCell], None],
    ) -> None:
        self.name = name
        self.reason: DeviceError | None = None
        self.was_told = False  # to end: that is no fall
        self.over = asyncio.Event()
        self._limits = limits
        self._clock = clock
        self._environment = environment
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._usage: Usage | None = None
        self._beat_s = 0.0
        self.began_s = 0.0
        self._said = b""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, python: str, paths: tuple[str, ...]) -> None:
        """Raises DeviceError U-106 if the interpreter cannot be started."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                python, "-P", "-m", "drivers.cell", str(os.getpid()),
                stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
                env=self._env(foreign=bool(self._limits.python)), cwd="/", start_new_session=True,
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
        stream, self._writer = await asyncio.open_connection(sock=ours, limit=2 * FRAME_BYTES)
        self.began_s = self._beat_s = self._now_s()
        self._usage = Usage(self._process.pid)
        self.say(Begin(self._limits.memory_mb, self._limits.nice, paths))
        self._tasks = [
            asyncio.create_task(self._listen(stream), name=f"cell {self.name}"),
            asyncio.create_task(self._watch(self._usage), name=f"watch of {self.name}"),
            asyncio.create_task(self._keep_words(self._process.stderr), name=f"words of {self.name}"),
        ]

    def say(self, message: ToCell) -> None:
        """To a process that has ended it goes nowhere."""
        if self._writer is not None and not self.over.is_set():
            self._writer.write(frame(message))

    def kill(self, code: str, what: str) -> None:
        """End it now; the first reason counts."""
        if self.reason is None and not self.over.is_set():
            self.reason = DeviceError(code, f"{self.name}: {what}", do=NOTHING_TO_DO)
            log.warning("%s", self.reason)
            asyncio.get_running_loop().call_later(STOP_S, self._hang_up)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Ask it to end, by ending the socket; kill it if it does not."""
        self.was_told = True
        if self._writer is not None:
            self._writer.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), STOP_S)
        if not self.over.is_set():
            self.kill("U-102", f"did not end within {STOP_S:.0f} s")
            await self.over.wait()

    @property
    def ended(self) -> bool:
        """Whether the process is gone. It may be over before: one that hangs in the kernel cannot be killed."""
        return self._process is None or self._process.returncode is not None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def memory_mb(self) -> float:
        return self._usage.memory_mb if self._usage else 0.0

    @property
    def cpu_percent(self) -> float:
        return self._usage.cpu_percent if self._usage else 0.0

    # --- inside -------------------------------------------------------------------------------------------------

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        heard = 0
        try:
            while True:
                message = from_cell(await next_body(stream))
                heard += 1
                if heard % TURN == 0:  # a cell that floods gets its turn, and no more until it is ended as too busy
                    await asyncio.sleep(0)
                if isinstance(message, Beat):
                    self._beat_s = self._now_s()
                    if message.stopped:
                        self.kill("U-102", "its native code gives no sign of life")
                self._on_message(message)
        except (EOFError, OSError):
            pass
        except CellWireError as error:
            self.kill("U-107", f"speaks nonsense: {error}")
        finally:
            await self._bury()

    async def _watch(self, usage: Usage) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            now_s, limits = self._now_s(), self._limits
            usage.look(now_s)
            if now_s - self._beat_s > SILENT_S:
                self.kill("U-102", f"gave no sign of life for {now_s - self._beat_s:.0f} s")
            elif usage.memory_mb > limits.memory_mb:
                self.kill("U-103", f"uses {usage.memory_mb:.0f} MB of memory, more than {limits.memory_mb}")
            elif usage.cpu_percent > limits.cpu_percent and usage.seen_s() > WINDOW_S / 2:
                self.kill(
                    "U-104", f"uses {usage.cpu_percent:.0f} % of a processor core, more than {limits.cpu_percent}"
                )

    async def _keep_words(self, stream: asyncio.StreamReader | None) -> None:
        """What it writes to standard error: the last of it, for the reason when it ends. The rest goes nowhere."""
        while stream is not None and (words := await stream.read(4096)):
            self._said = (self._said + words)[-SAID_BYTES:]

    def _hang_up(self) -> None:
        """Listen no longer to what was killed: its end is told even if it does not come."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _bury(self) -> None:
        """The socket has ended: so must the process."""
        process = self._process
        if process is None:
            return
        if not await _gone(process):
            self.kill("U-102", "closed its socket and did not end")
            if not await _gone(process) and self.reason is not None:
                what = f"{self.reason.what}; it hangs in the kernel and cannot be ended"
                self.reason = DeviceError(self.reason.code, what, do=UNPLUG)
        self._tasks[1].cancel()
        if self.ended:  # its last words are complete
            await asyncio.wait(self._tasks[1:], timeout=STOP_S)
        if self.reason is None:
            self.reason = DeviceError("U-101", f"{self.name}: {self._how(process.returncode)}", do=NOTHING_TO_DO)
        if self._writer is not None:
            self._writer.close()
        self.over.set()

    def _how(self, code: int | None) -> str:
        words = self._said.decode(errors="replace").strip().splitlines()
        last = f": {words[-1][:200]}" if words else ""
        if code is not None and code < 0:
            return f"ended by {signal.Signals(-code).name}{last}"
        return f"ended with exit code {code}{last}"

    def _env(self, *, foreign: bool) -> dict[str, str]:
        """Of another interpreter our packages are not the same: it brings its own."""
        environment = {**self._environment, "PYTHONDONTWRITEBYTECODE": "1"}
        given = environment.pop("PYTHONPATH", "")
        if not foreign:
            ours = str(Path(drivers.__file__).resolve().parents[1])
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (ours, given)))
        return environment

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


async def _gone(process: asyncio.subprocess.Process) -> bool:
    """Whether it ends within a while."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_S)
    return process.returncode is not None
