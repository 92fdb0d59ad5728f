"""The camera's side of a channel: live views that go on in the cell, and pictures of now that are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.cell_wire import LiveNews, LiveStart, LiveStop, Snap, Snapped, ToCell, error_of
from drivers.driver import LiveProgress, LiveTarget
from drivers.errors import DeviceError
from drivers.readings import Still

SNAP_S = 4.0


class Filmed:
    """Of one channel; `on_live` hears how its views go."""

    def __init__(self, channel: int, say: Callable[[ToCell], None]) -> None:
        self.on_live: Callable[[LiveProgress], None] = lambda _: None
        self._channel = channel
        self._say = say
        self._error: Exception | None = None
        self._ended = False
        self._snaps: dict[int, asyncio.Future[Snapped]] = {}
        self._numbers = 0

    # --- of the cell --------------------------------------------------------------------------------------------

    def hear(self, message: LiveNews | Snapped) -> None:
        if isinstance(message, LiveNews):
            self.on_live(message.progress)
        elif (waiting := self._snaps.get(message.number)) is not None and not waiting.done():
            waiting.set_result(message)

    def end(self, error: Exception | None) -> None:
        """Nothing more comes."""
        self._ended, self._error = True, self._error or error
        for waiting in self._snaps.values():
            waiting.cancel()

    # --- for the daemon -----------------------------------------------------------------------------------------

    def show_live(self, session: str, target: LiveTarget) -> None:
        self._say(LiveStart(self._channel, session, target))

    def end_live(self, session: str) -> None:
        self._say(LiveStop(self._channel, session))

    async def still(self) -> Still:
        """A picture of now. Raises DeviceError of the device, U-105 if its cell does not answer in time."""
        if self._ended:
            raise self._gone()
        self._numbers += 1
        waiting = self._snaps[self._numbers] = asyncio.get_running_loop().create_future()
        number = self._numbers
        self._say(Snap(self._channel, number))
        try:
            return _still(await asyncio.wait_for(waiting, SNAP_S))
        except TimeoutError:
            do = "Nothing; what is stuck is ended and started again."
            raise DeviceError("U-105", f"no picture within {SNAP_S:.0f} s", do=do) from None
        except asyncio.CancelledError:
            if self._ended:
                raise self._gone() from None
            raise
        finally:
            del self._snaps[number]

    def _gone(self) -> Exception:
        return self._error or DeviceError("U-101", "the camera was closed", do="Nothing; it is opened again.")


def _still(snapped: Snapped) -> Still:
    """Raises DeviceError."""
    if snapped.still is None:
        raise error_of(snapped.trouble or ("U-107", "neither a picture nor a reason", "Send the log to support."))
    return snapped.still
