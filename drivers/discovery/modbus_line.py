"""The panels on a serial line, by Modbus RTU. Writes questions to the line, so only when it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from drivers.discovery.found import Found, Setting, Tick, Why, settings, share
from drivers.discovery.modbus_units import ANSWER_MOST, Answer, Question, ask_units, find_rtu, pdu, rtu
from drivers.discovery.ports import Port, in_trouble
from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.serial_port import SerialPort, open_port

BAUDS = (9600, 19_200, 115_200)
ANSWER_S = 0.4  # at 9600 baud the longest answer to us takes 10 ms


async def look(port: Port, clock: Clock, tick: Tick) -> AsyncIterator[Found]:
    """The panels on a serial line: stop at the speed at which somebody answers."""
    try:
        for number, baud in enumerate(BAUDS):
            async with open_port(port.device, clock, baud=baud) as line:
                more = settings(port=port.name) + ((Setting("baud", baud),) if number else ())
                asking = ask_units(partial(_ask_line, line), more, port.name, share(tick, number, len(BAUDS)))
                found = [one async for one in asking]
            for one in found:
                yield one
            if found:
                return
    except DeviceError as error:
        yield in_trouble(port, Why.LISTED, error.code, error.what, error.do)
    finally:
        tick(1, 1)


async def _ask_line(line: SerialPort, unit: int, question: Question) -> Answer | None:
    """Raises DeviceError. What came late for the unit before is of another unit, and does not count."""
    line.write(rtu(unit, pdu(question)))
    heard = b""
    try:
        async with asyncio.timeout(ANSWER_S):
            while True:
                heard = (heard + (await line.read()).data)[-ANSWER_MOST:]
                answer = find_rtu(heard, unit, question)
                if answer is not None:
                    return answer
    except TimeoutError:
        return None
