"""The process of one cell: python -m drivers.cell, its end of a socket as standard input.

The daemon starts it with its own process as argument, or systemd does, for a connection and without an argument.

It gives up its rights, then connects the devices that it is told to, one channel each, and tells what they read.
A device's trouble ends its channel; the end of the socket ends the process. The daemon's side: agent/cells.

Not     what to do when it is stuck or keeps ending: the daemon kills it, waits, and starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
import traceback
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.cell_clips import CellClips
from drivers.cell_rights import give_up
from drivers.cell_unit import CellUnit
from drivers.cell_wire import (
    FRAME_BYTES,
    Beat,
    Begin,
    ClipDrop,
    ClipStart,
    ClipTaken,
    Close,
    Ended,
    FromCell,
    LiveStart,
    LiveStop,
    Open,
    Opened,
    Rest,
    Show,
    Shown,
    Snap,
    Snapped,
    Taken,
    ToCell,
    frame,
    hear_begin,
    next_body,
    reading_message,
    to_cell,
    trouble_of,
)
from drivers.driver import Secret, Secrets, Source, not_stored
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.freed_memory import give_back
from drivers.pulse import Pulse
from drivers.readings import Light, Reading

if TYPE_CHECKING:
    from drivers.live.views import Views

OfOne = Taken | Show | Rest | LiveStart | LiveStop | Snap | Close  # words about one device that is connected

BEAT_S = 1.0
BEATS_TO_GIVE_BACK = 30
LAST_S = 2.0  # to close the devices when the daemon has ended
DEFECT_CHARS = 500


class CellClock:
    """The system's time as it is; whether it can be believed is the daemon's business."""

    def utc_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Channel:
    """One device of the cell."""

    def __init__(self) -> None:
        self.source: Source[Reading] | None = None
        self.taken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.light: asyncio.Task[None] | None = None
        self.still: asyncio.Task[None] | None = None

    def stopped(self) -> bool:
        pulse = getattr(self.source, "pulse", None)
        return isinstance(pulse, Pulse) and pulse.stopped()


class Cell:
    """Listens to the daemon; runs until the socket ends."""

    def __init__(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter, unit: CellUnit) -> None:
        self._stream = stream
        self._unit = unit
        self._writer = writer
        self._clock = CellClock()
        self._channels: dict[int, Channel] = {}
        self._views: Views | None = None
        self._clips = CellClips(self._say)

    async def run(self) -> None:
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                self._hear(to_cell(await next_body(self._stream)))
        except (EOFError, OSError):  # the daemon has ended
            pass
        finally:
            beating.cancel()
            tasks = [task for one in self._channels.values() for task in (one.task, one.light, one.still) if task]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=LAST_S)

    def _hear(self, message: ToCell) -> None:
        match message:
            case Begin():  # only the first one counts: rights do not come back
                pass
            case Open():
                made = self._channels[message.channel] = Channel()
                made.task = asyncio.create_task(self._keep(message, made))
            case ClipTaken() | ClipDrop():
                self._clips.hear(message)
            case ClipStart():
                channel = self._channels.get(message.channel)
                self._clips.start(message, channel.source if channel else None)
            case _ if channel := self._channels.get(message.channel):  # else it has just ended: the daemon will hear so
                self._hear_of(message, channel)

    def _hear_of(self, message: OfOne, channel: Channel) -> None:
        match message:
            case Taken():
                channel.taken.set()
            case Show():
                channel.light = asyncio.create_task(self._show(message.channel, channel, message.light))
            case Rest() | LiveStart() | LiveStop() | Snap():
                self._film(message, channel)
            case Close() if channel.task is not None:
                channel.task.cancel()

    async def _keep(self, told: Open, channel: Channel) -> None:
        """One connection, to its end."""
        ended = Ended(told.channel)
        try:
            await self._read(told, channel)
        except DeviceError as error:
            ended = Ended(told.channel, trouble_of(error))
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - supervised: the daemon quarantines this device, the others go on
            ended = Ended(told.channel, None, _fact(error))
        if self._views is not None:
            await self._views.end(told.channel)
        if channel.source is not None:  # the last count: the next beat comes too late for it
            self._say(Beat({told.channel: channel.source.counters}, ()))
        del self._channels[told.channel]
        self._say(ended)

    async def _read(self, told: Open, channel: Channel) -> None:
        module = import_module(told.module)
        settings = msgspec.convert(told.settings, module.Settings)
        with contextlib.ExitStack() as lent:  # what is lent to the device is taken back when it has closed
            async with module.connect(settings, self._clock, _sent(told.secrets)) as source:
                channel.source = source
                if told.slot and (lend := getattr(source, "lend", None)):
                    lend(lent.enter_context(FrameSlot.open(told.slot)))
                self._say(Opened(told.channel))
                async for reading in source:
                    channel.taken.clear()
                    self._say(reading_message(told.channel, reading))
                    await channel.taken.wait()

    def _film(self, message: Rest | LiveStart | LiveStop | Snap, channel: Channel) -> None:
        """What only cameras and eyes are told."""
        match message:
            case Rest():
                if rest := getattr(channel.source, "rest", None):
                    rest(message.resting)
            case LiveStart():
                self._live().start(message, channel.source)
            case LiveStop():
                self._live().stop(message.channel, message.session)
            case Snap():
                channel.still = asyncio.create_task(self._snap(message, channel.source))

    def _live(self) -> Views:
        """TLS is loaded by the cells that need it."""
        if self._views is None:
            from drivers.live.views import Views

            self._views = Views(self._say, self._clock)
        return self._views

    async def _snap(self, told: Snap, source: Any) -> None:
        still, trouble = None, ("V-112", "it gives no picture when asked", "Look at `mektep camera list`.")
        try:
            if (take := getattr(source, "still", None)) is not None:
                still = await take()
        except DeviceError as error:
            trouble = trouble_of(error)
        except Exception as error:  # noqa: BLE001 - a defect of ours: told as such
            trouble = ("R-190", f"its picture failed by itself: {_fact(error)}", "Send the log to support.")
        self._say(Snapped(told.channel, told.number, still, None if still else trouble))

    async def _show(self, number: int, channel: Channel, light: Light) -> None:
        trouble = None
        try:
            if channel.source is not None:
                await channel.source.show(light)
        except DeviceError as error:
            trouble = trouble_of(error)
        except Exception as error:  # noqa: BLE001 - a defect of ours: told as such, not as a light that came too late
            trouble = ("R-190", f"its light failed by itself: {_fact(error)}", "Send the log to support.")
        self._say(Shown(number, trouble))

    async def _beat(self) -> None:
        for beat in count(1):
            if beat % BEATS_TO_GIVE_BACK == 0:
                give_back()
            counters = {n: one.source.counters for n, one in self._channels.items() if one.source is not None}
            stopped = tuple(number for number, one in self._channels.items() if one.stopped())
            self._say(Beat(counters, stopped, os.getpid()))
            if not stopped:  # else the daemon ends it, or systemd does
                self._unit.alive()
            await asyncio.sleep(BEAT_S)

    def _say(self, message: FromCell) -> None:
        with contextlib.suppress(OSError):  # the daemon has ended: run() sees it
            self._writer.write(frame(message))


def _fact(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"[:DEFECT_CHARS]


def _sent(known: dict[str, Secret]) -> Secrets:
    """The secrets that came with the order to connect."""

    def secrets(name: str) -> Secret:
        if name not in known:
            raise not_stored(name)
        return known[name]

    return secrets


async def main(end: socket.socket, parent: int | None) -> None:
    unit = CellUnit.ours()
    begin = hear_begin(end)
    stream, writer = await asyncio.open_connection(sock=end, limit=2 * FRAME_BYTES)
    if not give_up(begin.memory_mb, begin.nice, begin.paths, parent):
        print("this kernel has no Landlock: files are not confined", file=sys.stderr)
    unit.ready(begin.name)
    await Cell(stream, writer, unit).run()
    os._exit(0)  # threads of native libraries may never end


if __name__ == "__main__":
    asyncio.run(main(socket.socket(fileno=os.dup(0)), int(sys.argv[1]) if sys.argv[1:] else None))
