"""A serial line at each speed: it stops where somebody answers, and what is wrong with the port is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.discovery.found import Found, Kind, Sure, Tick, Why
from drivers.discovery.speeds import at_each_speed
from drivers.errors import DeviceError
from drivers.serial_port import SerialPort
from simulator.serial_line import SerialLine
from tests.drivers.discovery.looked import Ticks, all_of, port_at

BAUDS = (9600, 38_400, 115_200)
SOMEBODY = Found(kind=Kind.PORT, what="a reader", name="here", sure=Sure.CERTAIN, why=Why.ANSWER)


class Asked:
    """Who is asked at one speed after the other, and answers at one of them."""

    def __init__(self, answers_at: int = 0) -> None:
        self.at: list[int] = []
        self._answers_at = answers_at

    async def __call__(self, line: SerialPort, baud: int, tick: Tick) -> list[Found]:
        self.at.append(baud)
        line.write(b"?")
        tick(1, 2)
        return [SOMEBODY] if baud == self._answers_at else []


@pytest.mark.parametrize(("answers_at", "asked"), [(0, [*BAUDS]), (9600, [9600]), (38_400, [9600, 38_400])])
async def test_it_goes_on_until_somebody_answers(line: SerialLine, answers_at: int, asked: list[int]) -> None:
    ask, ticks = Asked(answers_at), Ticks()
    found = await all_of(at_each_speed(port_at(line.link), BAUDS, ask, clock=SystemClock(), tick=ticks))
    assert (ask.at, found) == (asked, [SOMEBODY] if answers_at else [])
    assert ticks.went_on()


async def test_a_port_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    ask = Asked(9600)
    (found,) = await all_of(at_each_speed(port_at(tmp_path / "none"), BAUDS, ask, clock=SystemClock(), tick=Ticks()))
    assert (ask.at, found.kind, found.code) == ([], Kind.PORT, "P-101")


async def test_a_port_that_goes_away_under_the_question_is_told(line: SerialLine) -> None:
    async def pulled(_line: SerialPort, _baud: int, _tick: Tick) -> list[Found]:
        raise DeviceError("P-104", "it went away", do="Check the plug.")

    (found,) = await all_of(at_each_speed(port_at(line.link), BAUDS, pulled, clock=SystemClock(), tick=Ticks()))
    assert (found.code, found.fact, found.do) == ("P-104", "it went away", "Check the plug.")
