"""The panels on a serial line, by Modbus RTU. Writes questions to the line, so only when it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from drivers.discovery.found import Found, Setting, Tick, settings
from drivers.discovery.modbus_units import ANSWER_MOST, Answer, Question, ask_units, find_rtu, pdu, rtu
from drivers.discovery.ports import Port
from drivers.discovery.speeds import at_each_speed
from drivers.driver import Clock
from drivers.serial_port import SerialPort

BAUDS = (9600, 19_200, 115_200)
ANSWER_S = 0.4  # at 9600 baud the longest answer to us takes 10 ms


def look(port: Port, clock: Clock, tick: Tick) -> AsyncIterator[Found]:
    """The panels on a serial line."""
    return at_each_speed(port, BAUDS, partial(_ask_all, port.name), clock=clock, tick=tick)


async def _ask_all(name: str, line: SerialPort, baud: int, tick: Tick) -> list[Found]:
    """Who answers at one speed; the first is the one that a panel has anyway. Raises DeviceError."""
    more = settings(port=name) + ((Setting("baud", baud),) if baud != BAUDS[0] else ())
    return [one async for one in ask_units(partial(_ask_line, line), more, name, tick)]


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
