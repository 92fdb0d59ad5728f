"""A cell over its lives: started when a device of it is connected, started again with growing pauses when it ends.

Each connection of a device is a channel; when the process ends, every channel ends with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from agent.cells.child import Births
from agent.cells.falls import QUARANTINE_S, Falls
from agent.cells.footage import Footage
from agent.cells.process import CellProcess
from agent.cells.remote import Remote
from agent.clock import Clock
from drivers.catalog import Cell as Limits
from drivers.cell_wire import Beat, ClipOver, ClipPiece, ClipStart, Close, FromCell, Open, ToCell
from drivers.clips import ClipOrder
from drivers.driver import Secret
from drivers.errors import DeviceError

OPEN_S = 30.0  # a camera may take long; what takes longer is stuck
CLOSE_S = 3.0
CLIPS_S = 2.0


class Cell:
    """One child process at a time, and the devices connected in it."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        paths: tuple[str, ...],
        clock: Clock,
        births: Births,
        slots: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.falls = Falls()
        self._limits = limits
        self._paths = paths
        self._slots = slots  # its own pictures' memory, or those that it looks at
        self._allowed: tuple[object, ...] = ()  # which files lay there when the process got its rights to them
        self._clock = clock
        self._births = births
        self._life: CellProcess | None = None
        self._last: CellProcess | None = None  # before it
        self.why: DeviceError | None = None  # the last process ended
        self._starting = asyncio.Lock()
        self._channels: dict[int, Remote] = {}
        self._clips: dict[int, Footage] = {}
        self._numbers = 0
        self._burials: set[asyncio.Task[None]] = set()

    @property
    def life(self) -> CellProcess | None:
        """The process that runs now."""
        return self._life

    @asynccontextmanager
    async def connected(
        self, module: str, settings: msgspec.Struct, secrets: dict[str, Secret], slot: str = ""
    ) -> AsyncIterator[Remote]:
        """A device, connected in the cell; its pictures go to the slot.

        Raises DeviceError, CellDefect: those of the device, and U-1xx.
        """
        life = await self._living()
        self._numbers += 1
        remote = Remote(self._numbers, life.say, self._clock)
        self._channels[remote.channel] = remote
        try:
            life.say(Open(remote.channel, module, msgspec.to_builtins(settings), secrets, slot))
            await self._until_opened(remote, life)
            yield remote
        finally:
            await self._close(remote, life)

    def film(self, channel: int, order: ClipOrder) -> Footage:
        """A clip of what is connected on that channel."""
        self._numbers += 1
        life = self._life
        footage = self._clips[self._numbers] = Footage(self._numbers, life.say if life is not None else _nobody)
        if life is None:
            self._clips.pop(self._numbers).end()
        else:
            life.say(ClipStart(channel, self._numbers, order))
        return footage

    async def stop(self) -> None:
        """Clips are brought to their end before; their cameras are closed, so that takes not long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLIPS_S):
                for footage in list(self._clips.values()):
                    await footage.over.wait()
        if self._life is not None:
            await self._life.stop()
        if self._burials:
            await asyncio.wait(self._burials)

    # --- inside -------------------------------------------------------------------------------------------------

    async def _living(self) -> CellProcess:
        async with self._starting:
            if self._life is not None and not self._channels and self._allowed != _files(self._paths):
                await self.stop()  # one was put there, or replaced: rights are of files, not of names
            if self._life is not None:
                return self._life
            self._wait_its_turn()
            self._allowed = _files(self._paths)
            life = CellProcess(self.name, self._limits, self._clock, self._births, self._hear)
            await life.start(self._paths, self._slots)  # none: no fall, it may be installed
            self._life = life
            burial = asyncio.create_task(self._bury(life), name=f"end of {self.name}")
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)
            return life

    def _wait_its_turn(self) -> None:
        left_s, hangs = self.falls.left_s(self._now_s()), self._last is not None and not self._last.ended
        if self.why is None or not (left_s or hangs):
            return
        if hangs:  # it holds the device still
            raise _again(self.why)
        if self.falls.quarantined:
            what = f"ended {self.falls.in_a_row} times in a row, last: {self.why.what}"
            do = f"Send the log to support; it is tried again every {QUARANTINE_S / 60:.0f} minutes."
            raise DeviceError("U-109", what, do=do)
        raise _again(self.why)

    async def _until_opened(self, remote: Remote, life: CellProcess) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(remote.opened.wait(), OPEN_S)
        if not remote.opened.is_set():
            life.kill("U-102", f"a device was not connected within {OPEN_S:.0f} s")
            await remote.opened.wait()
        if not remote.was_open:
            remote.raise_failure()  # one that was open tells it to whoever reads, after what it has read

    async def _close(self, remote: Remote, life: CellProcess) -> None:
        """The device is free again when this returns, or its process is gone."""
        life.say(Close(remote.channel))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(remote.ended.wait(), CLOSE_S)
        if not remote.ended.is_set():
            life.kill("U-102", f"a device was not closed within {CLOSE_S:.0f} s")
            await life.over.wait()
        self._channels.pop(remote.channel, None)

    def _hear(self, message: FromCell) -> None:
        if isinstance(message, Beat):
            for channel, counters in message.counters.items():
                if (remote := self._channels.get(channel)) is not None:
                    remote.count(counters)
        elif isinstance(message, ClipPiece | ClipOver):
            self._hear_clip(message)
        elif (remote := self._channels.get(message.channel)) is not None:
            remote.hear(message)

    def _hear_clip(self, message: ClipPiece | ClipOver) -> None:
        over = isinstance(message, ClipOver)
        footage = self._clips.pop(message.clip, None) if over else self._clips.get(message.clip)
        if footage is not None:
            footage.hear(message)

    async def _bury(self, life: CellProcess) -> None:
        await life.over.wait()
        reason = life.reason or DeviceError("U-101", f"{self.name} ended", do="Nothing.")
        self._life, self._last, self.why = None, life, reason
        if not life.was_told:
            self.falls.fell(self._now_s(), self._now_s() - life.began_s)
        for remote in self._channels.values():
            remote.end(_again(reason))
        for footage in self._clips.values():
            footage.end()
        self._clips.clear()

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _files(paths: Sequence[str]) -> tuple[object, ...]:
    """Which files lie there now."""
    found: list[object] = []
    for path in paths:
        try:
            about = os.stat(path)
            found.append((about.st_dev, about.st_ino))
        except (OSError, ValueError):  # not there, or no path
            found.append(None)
    return tuple(found)


def _nobody(_message: ToCell) -> None:
    """There is no process to say it to."""


def _again(error: DeviceError) -> DeviceError:
    """For one more who is told: an exception that is raised twice carries two histories."""
    return DeviceError(error.code, error.what, do=error.do)
