"""A dry contact or a report button on a GPIO line.

Contact  ContactChange idle, active, flapping; a cut wire looks like an open contact, so what watches for danger is
         wired normally closed, or as a supervised loop (drivers/sensors/supervised_loop.py).
Button   Pressed for each press; ContactChange of its contact "button" if it is flapping, or stuck: short, or cut
         where it is normally closed.
Raises   DeviceError P-20x of the line. Noise is no reading: it is counted as garbled.
Not      who is called when a button is pressed: the agent's rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.gpio_chip import HEADER, Chip, claimed
from drivers.readings import ContactChange, ContactState, Light, Pressed
from drivers.sensors.bounce import Bounce, Phase
from drivers.sensors.press import Press, State

if TYPE_CHECKING:  # its library is loaded where the line is opened, not where it is configured
    from drivers.gpio_lines import Bias, InputLine, Look

BUTTON = "button"
LOOK_AGAIN_S = 1.0  # while nothing moves: an edge that the kernel lost is found by this
TICK_MOST_S = 0.005  # while something moves
TICK_FLAPPING_S = 0.02  # it must be still for seconds: looking seldom spares the processor


class Role(StrEnum):
    CONTACT = "contact"
    BUTTON = "button"


class Pull(StrEnum):
    """What holds the line while the contact is open."""

    UP = "up"  # the chip's own resistor to 3.3 V; the contact leads to ground
    DOWN = "down"  # the chip's own resistor to ground; the contact leads to 3.3 V
    OUTSIDE_UP = "outside-up"  # a resistor of your own to 3.3 V
    OUTSIDE_DOWN = "outside-down"  # a resistor of your own to ground


CLOSED_IS_HIGH = {Pull.DOWN, Pull.OUTSIDE_DOWN}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about a contact."""

    line: Annotated[int, Meta(ge=0, le=1023, description="the line: the BCM number, GPIO17 is 17", examples=[17])]
    normally: Annotated[
        Literal["open", "closed"],
        Meta(description="how the contact is while all is well: open or closed", examples=["closed"]),
    ]
    role: Annotated[Role, Meta(description="contact, or button: each press is a report")] = Role.CONTACT
    chip: Chip = HEADER
    pull: Annotated[
        Pull,
        Meta(description="up: contact to ground; down: contact to 3.3 V; outside-up, outside-down: your own resistor"),
    ] = Pull.UP
    debounce_ms: Annotated[
        int, Meta(ge=1, le=5_000, description="how long the contact must be still to count, milliseconds")
    ] = 20
    hold_ms: Annotated[
        int, Meta(ge=20, le=5_000, description="a button: how long a person presses at least, milliseconds")
    ] = 60

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        return claimed(self.chip, [self.line])


class GpioContact:
    """An open contact: its changes one by one, at first how it is; of a button its presses too."""

    def __init__(self, line: InputLine, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self._line = line
        self._clock = clock
        self._settings = settings
        self._active_is_high = (settings.normally == "open") is (settings.pull in CLOSED_IS_HIGH)
        self._bounce = Bounce(settings.debounce_ms * 1_000_000)
        self._press = Press(settings.hold_ms * 1_000_000)
        self._tick_s = min(TICK_MOST_S, settings.debounce_ms / 4_000)
        self._stuck = ContactState.SHORT if settings.normally == "open" else ContactState.CUT
        self._shown: ContactState | None = None  # the state told last, of a button's contact that of the fault

    async def __aiter__(self) -> AsyncIterator[ContactChange | Pressed]:
        judge = self._contact if self._settings.role is Role.CONTACT else self._button
        while True:
            for reading in judge(self._line.look(), self._clock.monotonic_ns()):
                self.counters.frames += 1
                yield reading
            self.counters.garbled = self._bounce.noise + self._press.short
            self.counters.repeats = self._press.again
            await self._rest()

    async def show(self, light: Light) -> None:
        """A contact shows nothing."""

    async def _rest(self) -> None:
        """Until it is worth looking again."""
        if self._bounce.phase is Phase.FLAPPING:
            await self._clock.sleep(TICK_FLAPPING_S)
        elif self._bounce.phase is Phase.MOVING or self._press.state is State.DOWN:
            await self._clock.sleep(self._tick_s)
        else:
            await self._line.edge(LOOK_AGAIN_S)

    def _contact(self, look: Look, now_ns: int) -> Iterator[ContactChange]:
        told = self._see(look, now_ns)
        if told is not None:
            yield self._change("", told)

    def _button(self, look: Look, now_ns: int) -> Iterator[ContactChange | Pressed]:
        before = self._bounce.told
        told = self._see(look, now_ns)
        if told is not None:
            down = told is ContactState.ACTIVE
            if before in (None, ContactState.FLAPPING) or told is ContactState.FLAPPING:
                self._press.find(down, now_ns)
            else:
                self._press.move(down, self._bounce.moved_ns)
        if self._press.look(now_ns):
            yield Pressed(at_ns=self._clock.utc_ns(), monotonic_ns=now_ns)
        state = self._button_state()
        if state is not None and state is not self._shown:
            yield self._change(BUTTON, state)

    def _button_state(self) -> ContactState | None:
        """As it is to be shown: a press is a reading of its own."""
        if self._bounce.told in (None, ContactState.FLAPPING):
            return self._bounce.told
        return self._stuck if self._press.state is State.STUCK else ContactState.IDLE

    def _see(self, look: Look, now_ns: int) -> ContactState | None:
        active = look.high is self._active_is_high
        return self._bounce.see(ContactState.ACTIVE if active else ContactState.IDLE, now_ns, moved=look.moved)

    def _change(self, contact: str, state: ContactState) -> ContactChange:
        before, self._shown = self._shown, state
        at_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
        return ContactChange(contact=contact, state=state, before=before, at_ns=at_ns, monotonic_ns=monotonic_ns)


def probe(settings: Settings) -> Finding:
    """Whether the line can be taken; one that the running agent holds is in order."""
    from drivers.gpio_lines import can_take

    error = can_take(settings.chip, [settings.line])
    if error is None:
        return Finding(verdict=Verdict.OK, code="", what=f"line {settings.line} is free, or the agent's")
    return Finding.failed(error)


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[GpioContact]:
    """Open the contact. Raises DeviceError P-20x."""
    from drivers.gpio_lines import open_input

    bias: dict[Pull, Bias] = {Pull.UP: "PULL_UP", Pull.DOWN: "PULL_DOWN"}
    async with open_input(settings.chip, settings.line, bias=bias.get(settings.pull, "DISABLED")) as line:
        yield GpioContact(line, settings, clock)
