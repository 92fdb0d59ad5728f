"""A device that is connected in a cell, of the shape of drivers.driver.Source: what its child tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from agent.cells.filmed import Filmed
from agent.clock import Clock
from drivers.cell_wire import (
    CellWireError,
    Ended,
    LiveNews,
    Opened,
    Read,
    Rest,
    Show,
    Shown,
    Snapped,
    Taken,
    ToCell,
    error_of,
    reading_of,
    trouble_of,
)
from drivers.driver import Counters
from drivers.errors import DeviceError
from drivers.readings import Light, Reading

SHOW_S = 2.0

Say = Callable[[ToCell], None]


class CellDefect(Exception):
    """Our own code failed in a cell; the source is quarantined as if it had failed here."""


class Remote:
    """One channel of one cell's life."""

    def __init__(self, channel: int, say: Say, clock: Clock) -> None:
        self.channel = channel
        self.counters = Counters()
        self.opened = asyncio.Event()  # or it never will be
        self.was_open = False
        self.ended = asyncio.Event()
        self._say = say
        self._clock = clock
        self._error: Exception | None = None
        self._next: Reading | None = None
        self._news = asyncio.Event()
        self._owes_taken = False
        self._shown: asyncio.Future[Shown] | None = None
        self.filmed = Filmed(channel, say)

    # --- of the cell --------------------------------------------------------------------------------------------

    def hear(self, message: Opened | Read | Shown | LiveNews | Snapped | Ended) -> None:
        """Raises CellWireError where the child does not keep to its turn."""
        match message:
            case Opened():
                self.was_open = True
                self.opened.set()
            case Read():
                self._take(message)
            case Shown():
                if self._shown is not None and not self._shown.done():
                    self._shown.set_result(message)
            case LiveNews() | Snapped():
                self.filmed.hear(message)
            case Ended():
                defect = CellDefect(message.defect) if message.defect else None
                self.end(error_of(message.trouble) if message.trouble else defect)

    def _take(self, message: Read) -> None:
        """Raises CellWireError."""
        if self._next is not None or self._owes_taken:
            raise CellWireError("a reading before the last one was taken")
        self._next = self._in_our_time(reading_of(message))
        self._news.set()

    def count(self, now: Counters) -> None:
        """The supervisor holds on to the counters that it was given: they are brought up to date, not replaced."""
        for field in Counters.__struct_fields__:  # each second: msgspec.structs.fields() leaves circles behind
            setattr(self.counters, field, getattr(now, field))

    def end(self, error: Exception | None) -> None:
        """Nothing more comes. None: as we asked."""
        self._error = self._error or error
        self.ended.set()
        self.opened.set()
        self._news.set()
        self.filmed.end(self._error)
        if self._shown is not None and not self._shown.done():
            self._shown.cancel()

    def raise_failure(self) -> None:
        """Raises why it ended, unless that was as we asked: made anew, for what is raised holds frames that hold us."""
        if isinstance(self._error, DeviceError):
            raise error_of(trouble_of(self._error))
        if self._error is not None:
            raise self._error

    def _in_our_time(self, reading: Reading) -> Reading:
        """The steady clock is the machine's; UTC is the daemon's, which may know better than the system."""
        ago_ns = max(0, self._clock.monotonic_ns() - reading.monotonic_ns)
        return msgspec.structs.replace(reading, at_ns=self._clock.utc_ns() - ago_ns)

    # --- drivers.driver.Source ----------------------------------------------------------------------------------

    def __aiter__(self) -> Remote:
        return self

    async def __anext__(self) -> Reading:
        if self._owes_taken:
            self._owes_taken = False
            self._say(Taken(self.channel))
        while self._next is None:
            if self.ended.is_set():
                self.raise_failure()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        reading, self._next, self._owes_taken = self._next, None, True
        return reading

    def rest(self, resting: Mapping[str, Sequence[str]]) -> None:
        """Of the eyes: which detectors of each camera rest from now on."""
        self._say(Rest(self.channel, {camera: tuple(detectors) for camera, detectors in resting.items()}))

    async def show(self, light: Light) -> None:
        """Raises DeviceError of the device, U-105 if its cell does not answer in time."""
        if self.ended.is_set():  # nobody would answer
            self.raise_failure()
        self._shown = asyncio.get_running_loop().create_future()
        self._say(Show(self.channel, light))
        try:
            shown = await asyncio.wait_for(self._shown, SHOW_S)
        except TimeoutError:
            raise DeviceError(
                "U-105",
                f"no light within {SHOW_S:.0f} s",
                do="Nothing; what is stuck is ended and started again.",
            ) from None
        except asyncio.CancelledError:
            if self.ended.is_set():
                self.raise_failure()
            raise
        if shown.trouble is not None:
            raise error_of(shown.trouble)
