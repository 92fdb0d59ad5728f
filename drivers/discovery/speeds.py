"""A serial line at each speed in turn, until somebody answers: for looks that ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from drivers.discovery.found import Found, Tick, Why, share
from drivers.discovery.ports import Port, in_trouble
from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.serial_port import SerialPort, open_port

Ask = Callable[[SerialPort, int, Tick], Awaitable[list[Found]]]  # an open line, its speed; may raise DeviceError


async def at_each_speed(
    port: Port, bauds: Sequence[int], ask: Ask, *, clock: Clock, tick: Tick
) -> AsyncIterator[Found]:
    """What the first speed with an answer shows; a port that is in trouble is told as such."""
    try:
        for number, baud in enumerate(bauds):
            async with open_port(port.device, clock, baud=baud) as line:
                found = await ask(line, baud, share(tick, number, len(bauds)))
            for one in found:
                yield one
            if found:
                return
    except DeviceError as error:
        yield in_trouble(port, Why.LISTED, error.code, error.what, error.do)
    finally:
        tick(1, 1)
