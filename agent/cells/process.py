"""One life of a cell: its process, its socket, and the watch that ends it when it is stuck, too large or too busy.

Where the process comes from: agent/cells/spawned.py, agent/cells/in_unit.py.
Ends by itself when the socket ends; `reason` says why, with code, fact and instruction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from agent.cells.child import Births, Child
from agent.cells.usage import WINDOW_S, Usage
from agent.clock import Clock
from drivers.catalog import Cell as Limits
from drivers.cell_wire import (
    FRAME_BYTES,
    Beat,
    Begin,
    CellWireError,
    FromCell,
    ToCell,
    frame,
    from_cell,
    next_body,
    say_begin,
)
from drivers.errors import DeviceError
from drivers.frame_slot import handle_of

log = logging.getLogger("agent.cells")

LOOK_S = 1.0
SILENT_S = 6.0  # without a beat, of which one comes each second
STOP_S = 3.0
TURN = 64  # messages that one cell may say before the others
UNPLUG = "Unplug its device and plug it in again; if that does not help, restart the box."
NOTHING_TO_DO = "Nothing; the agent starts it again. If it happens again and again, send the log to support."


class CellProcess:
    """start() it; say() things; on_message hears; ended() tells when it is over."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        clock: Clock,
        births: Births,
        on_message: Callable[[FromCell], None],
    ) -> None:
        self.name = name
        self.reason: DeviceError | None = None
        self.was_told = False  # to end: that is no fall
        self.over = asyncio.Event()
        self._limits = limits
        self._clock = clock
        self._births = births
        self._on_message = on_message
        self._child: Child | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._usage: Usage | None = None
        self._beat_s = 0.0
        self.began_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, paths: tuple[str, ...], slots: tuple[str, ...] = ()) -> None:
        """slots: the memory that it is handed. Raises DeviceError U-106, U-130 if there can be none."""
        born = await self._births.bear(self._limits)
        self._child = born.child
        handles = tuple(handle_of(place) for place in slots)
        rest = b""
        with contextlib.suppress(OSError):  # it has ended already: that is heard below
            rest = say_begin(born.end, Begin(self._limits.memory_mb, born.nice, paths, self.name, handles), handles)
        stream, self._writer = await asyncio.open_connection(sock=born.end, limit=2 * FRAME_BYTES)
        self._writer.write(rest)
        self.began_s = self._beat_s = self._now_s()
        self._tasks = [
            asyncio.create_task(self._listen(stream), name=f"cell {self.name}"),
            asyncio.create_task(self._watch(), name=f"watch of {self.name}"),
            asyncio.create_task(born.child.keep_words(), name=f"words of {self.name}"),
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
        if self._child is not None:
            self._child.kill()

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
        return self._child is None or self._child.ended

    @property
    def pid(self) -> int:
        """0: it has not said it yet."""
        return self._child.pid if self._child is not None else 0

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
                    if self._child is not None:
                        self._child.named(message.pid)
                    if message.stopped:
                        self.kill("U-102", "its native code gives no sign of life")
                self._on_message(message)
        except (EOFError, OSError):
            pass
        except CellWireError as error:
            self.kill("U-107", f"speaks nonsense: {error}")
        finally:
            await self._bury()

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            now_s, limits = self._now_s(), self._limits
            if self._usage is None and self.pid:
                self._usage = Usage(self.pid)
            if now_s - self._beat_s > SILENT_S:
                self.kill("U-102", f"gave no sign of life for {now_s - self._beat_s:.0f} s")
            elif self._usage is not None:
                self._usage.look(now_s)
                self._weigh(self._usage, limits)

    def _weigh(self, usage: Usage, limits: Limits) -> None:
        if usage.memory_mb > limits.memory_mb:
            self.kill("U-103", f"uses {usage.memory_mb:.0f} MB of memory, more than {limits.memory_mb}")
        elif usage.cpu_percent > limits.cpu_percent and usage.seen_s() > WINDOW_S / 2:
            self.kill("U-104", f"uses {usage.cpu_percent:.0f} % of a processor core, more than {limits.cpu_percent}")

    def _hang_up(self) -> None:
        """Listen no longer to what was killed: its end is told even if it does not come."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _bury(self) -> None:
        """The socket has ended: so must the process."""
        child = self._child
        if child is None:
            return
        if not await child.gone(child.end_s):
            self.kill("U-102", "closed its socket and did not end")
            if not await child.gone(STOP_S) and self.reason is not None:
                what = f"{self.reason.what}; it hangs in the kernel and cannot be ended"
                self.reason = DeviceError(self.reason.code, what, do=UNPLUG)
        self._tasks[1].cancel()
        if self.ended:  # its last words are complete
            await asyncio.wait(self._tasks[1:], timeout=STOP_S)
        if self.reason is None:
            code, how = child.how()
            self.reason = DeviceError(code, f"{self.name}: {how}", do=NOTHING_TO_DO)
        if self._writer is not None:
            self._writer.close()
        self.over.set()

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9
