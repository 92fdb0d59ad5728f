"""A lamp and a buzzer on GPIO lines, beside a reader that has none.

accepted  green for a second, one short beep
refused   red for two seconds, three beeps
wait      yellow blinks for two seconds, one long beep
ready     yellow until the next card, for fifteen seconds at most; one short beep
unknown   red with one beep of almost a second, then blinking: two seconds in all
alarm     red and the buzzer four times in two seconds, and the siren without a pause
alert     the same without the siren
drill     yellow and one short beep, for two seconds; the siren stays silent
The newest light wins at once. All lines are off at the start, between lights and at the end; what they show when the
process is killed stands in docs/drivers/lamps.md. What the lamp has no line for stays dark: red is never shown as
green.
Raises  DeviceError P-20x of the lines.
Not     which light is shown: agent/paths/signals.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.gpio_chip import HEADER, Chip, claimed
from drivers.readings import Light, Reading

if TYPE_CHECKING:  # its library is loaded where the lines are opened, not where they are configured
    from drivers.gpio_lines import OutputLines

GREEN, RED, YELLOW, BUZZER, SIREN = "green", "red", "yellow", "buzzer", "siren"
LOOK_AGAIN_S = 1.0  # while nothing is shown
STEP_S = 0.05  # every part of a pattern lasts some of these


class Part(msgspec.Struct, frozen=True):
    """What is on for so many steps."""

    steps: int
    on: tuple[str, ...]


PATTERNS: dict[Light, tuple[Part, ...]] = {
    Light.ACCEPTED: (Part(2, (GREEN, BUZZER)), Part(18, (GREEN,))),
    Light.REFUSED: (*(Part(3, (RED, BUZZER)), Part(3, (RED,))) * 3, Part(22, (RED,))),
    Light.WAIT: (Part(8, (YELLOW, BUZZER)), *(Part(5, ()), Part(5, (YELLOW,))) * 3, Part(2, ())),
    Light.READY: (Part(2, (YELLOW, BUZZER)), Part(298, (YELLOW,))),
    Light.UNKNOWN: (Part(16, (RED, BUZZER)), *(Part(4, ()), Part(4, (RED,))) * 3),
    Light.ALARM: (Part(5, (RED, BUZZER, SIREN)), Part(5, (SIREN,))) * 4,
    Light.ALERT: (Part(5, (RED, BUZZER)), Part(5, ())) * 4,
    Light.DRILL: (Part(2, (YELLOW, BUZZER)), Part(38, (YELLOW,))),
}
LineNumber = Annotated[int, Meta(ge=0, le=1023)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about a lamp. Lines by BCM number: GPIO22 is 22."""

    green: Annotated[LineNumber | None, Meta(description="line of the green lamp, by BCM number", examples=[22])] = None
    red: Annotated[LineNumber | None, Meta(description="line of the red lamp", examples=[23])] = None
    yellow: Annotated[LineNumber | None, Meta(description="line of the yellow lamp", examples=[24])] = None
    buzzer: Annotated[LineNumber | None, Meta(description="line of the buzzer", examples=[25])] = None
    siren: Annotated[
        LineNumber | None,
        Meta(description="line of a siren's or a large lamp's relay: on while a certain incident waits", examples=[5]),
    ] = None
    chip: Chip = HEADER
    active_high: Annotated[
        bool, Meta(description="whether 3.3 V on the line switches it on; false for relay boards that want ground")
    ] = True

    def __post_init__(self) -> None:
        """Raises ValueError, which the configuration shows with its place."""
        numbers = list(self.lines.values())
        if not numbers:
            raise ValueError("it has no line. Write at least one: green, red, yellow, buzzer or siren.")
        if len(set(numbers)) != len(numbers):
            raise ValueError("two lamps have one line. Give each its own.")

    @property
    def lines(self) -> dict[str, int]:
        """The lines that there are, by what hangs on them."""
        named = {GREEN: self.green, RED: self.red, YELLOW: self.yellow, BUZZER: self.buzzer, SIREN: self.siren}
        return {name: line for name, line in named.items() if line is not None}

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        return claimed(self.chip, self.lines.values())


class GpioSignal:
    """An open lamp. Its iteration yields nothing: it keeps the time of the patterns."""

    def __init__(self, outputs: OutputLines, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self._outputs = outputs
        self._lines = settings.lines
        self._clock = clock
        self._newest = asyncio.Event()
        self._light: Light | None = None

    async def __aiter__(self) -> AsyncIterator[Reading]:
        while True:
            light, self._light = self._light, None
            if light is not None:
                await self._play(PATTERNS[light])
                continue
            self._outputs.switch(())  # off already, but so it shows whether the lamp is still there
            self._newest.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._newest.wait()
        yield  # never reached: a lamp reads nothing, but this makes it an iteration

    async def show(self, light: Light) -> None:
        """Begin a pattern now, whatever was shown. Raises DeviceError P-204."""
        self._switch(PATTERNS[light][0])
        self._light = light
        self.counters.frames += 1
        self._newest.set()

    async def _play(self, pattern: tuple[Part, ...]) -> None:
        """To its end, or until a newer light comes."""
        for part in pattern:
            self._switch(part)
            for _ in range(part.steps):
                await self._clock.sleep(STEP_S)
                if self._light is not None:
                    return
        self._outputs.switch(())

    def _switch(self, part: Part) -> None:
        self._outputs.switch([self._lines[name] for name in part.on if name in self._lines])


def probe(settings: Settings) -> Finding:
    """Whether the lines can be taken; those that the running agent holds are in order. Nothing is switched."""
    from drivers.gpio_lines import can_take

    lines = settings.lines.values()
    error = can_take(settings.chip, lines)
    if error is None:
        what = f"lines {', '.join(map(str, lines))} are free, or the agent's"
        return Finding(verdict=Verdict.OK, code="", what=what)
    return Finding.failed(error)


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[GpioSignal]:
    """Take the lines, all off. Raises DeviceError P-20x."""
    from drivers.gpio_lines import open_outputs

    async with open_outputs(settings.chip, settings.lines.values(), active_high=settings.active_high) as outputs:
        yield GpioSignal(outputs, settings, clock)
