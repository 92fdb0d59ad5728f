"""A supervised loop: alarm contacts whose wire is watched, through an analog-to-digital converter of the kernel.

Wiring  supply, pull-up 2.2 kΩ, the converter's input; from there the loop out to 4.7 kΩ at its far end, and back to
        ground. An alarm contact closes 1.5 kΩ across the loop. At 3.3 V: 2.25 V idle, 1.12 V active, 0 V short, 3.3 V
        cut. Several contacts at once pull lower, and are active too.
Wire    IIO: in_voltageC_raw times in_voltageC_scale (or in_voltage_scale) is millivolts; Documentation/ABI/testing/
        sysfs-bus-iio of the kernel. The MCP3008's overlay names no reference, so its scale cannot be read (EINVAL):
        `steps` takes its place, and is better where the converter measures against the supply.
Raises  DeviceError S-211 no such converter, S-212 a voltage that no state explains, S-213 the converter cannot be read.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.pulse import Pulse
from drivers.readings import ContactChange, ContactState, Light
from drivers.sensors.bounce import Bounce

DEVICES = Path("/sys/bus/iio/devices")
SHORT_SHARE = 0.05  # of the supply: a short at the far end of CABLE_MOST_OHM is below it
CUT_SHARE = 0.95  # wet clamps of 40 kΩ and more are as good as cut
CABLE_MOST_OHM = 50  # out and back: about 300 m of 0.22 mm²
MARGIN_SHARE = 0.02  # for such a cable and one percent of the converter: tests/drivers/sensors/test_supervised_loop.py
CLOSE_S = 1.0
STUCK_S = 5.0  # a converter on I²C answers within a tenth of a second


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about a loop."""

    converter: Annotated[
        str,
        Meta(
            description="the converter's name as in /sys/bus/iio/devices/*/name, or its folder",
            examples=["mcp3008"],
            min_length=1,
        ),
    ]
    channel: Annotated[int, Meta(ge=0, le=63, description="its input to which the loop leads", examples=[0])]
    supply_v: Annotated[float, Meta(ge=1.0, le=6.0, description="what the pull-up hangs on, volts")] = 3.3
    steps: Annotated[
        int,
        Meta(
            ge=0,
            le=16_777_216,
            description="what the converter reads at the supply's own voltage; 0: take its scale",
            examples=[1024],
        ),
    ] = 0
    pull_up_ohm: Annotated[
        int, Meta(ge=100, le=100_000, description="the resistor from the supply to the input, ohms")
    ] = 2200
    end_ohm: Annotated[int, Meta(ge=100, le=100_000, description="the resistor at the far end of the loop, ohms")] = (
        4700
    )
    alarm_ohm: Annotated[
        int, Meta(ge=100, le=100_000, description="the resistor in series with each alarm contact, ohms")
    ] = 1500
    tolerance_percent: Annotated[float, Meta(ge=0.1, le=10, description="tolerance of these resistors, percent")] = 5.0
    poll_ms: Annotated[int, Meta(ge=20, le=2_000, description="pause between two measurements, milliseconds")] = 100
    settle_ms: Annotated[
        int, Meta(ge=20, le=10_000, description="how long a state must last to count, milliseconds")
    ] = 300

    def __post_init__(self) -> None:
        """Raises ValueError, which the configuration shows with its place."""
        at = windows(self)
        places = [SHORT_SHARE, at.active_low, at.active_high, at.idle_low, at.idle_high, CUT_SHARE]
        if any(low >= high for low, high in pairwise(places)):
            raise ValueError("with these resistors the states cannot be told apart. Take 2200, 4700 and 1500 ohms.")

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        place = self.converter if self.converter.startswith("/") else f"{DEVICES}/{self.converter}"
        return ((place, f"channel {self.channel}"),)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.converter,) if self.converter.startswith("/") else ()


class Windows(msgspec.Struct, frozen=True):
    """Where the states lie, as shares of the supply."""

    active_low: float  # of a single contact
    active_high: float
    idle_low: float
    idle_high: float


def windows(settings: Settings) -> Windows:
    """The states' places with every resistor at its worst."""
    alarm_ohm = 1 / (1 / settings.end_ohm + 1 / settings.alarm_ohm)

    def share(ohm: float, sign: int) -> float:
        off = settings.tolerance_percent / 100 * sign
        return divided(ohm * (1 + off), settings.pull_up_ohm * (1 - off)) + MARGIN_SHARE * sign

    return Windows(share(alarm_ohm, -1), share(alarm_ohm, 1), share(settings.end_ohm, -1), share(settings.end_ohm, 1))


def divided(ohm: float, pull_up_ohm: float) -> float:
    """The share of the supply that a loop of so many ohms leaves at the input."""
    return 1.0 if math.isinf(ohm) else ohm / (ohm + pull_up_ohm)


def classify(at: Windows, share: float) -> ContactState | None:
    """What a share of the supply means; None if nothing that is wired so can show it."""
    if share < SHORT_SHARE:
        return ContactState.SHORT
    if share <= at.active_high:
        return ContactState.ACTIVE
    if at.idle_low <= share <= at.idle_high:
        return ContactState.IDLE
    return ContactState.CUT if share > CUT_SHARE else None


class Channel:
    """One input of a converter, as files. Its reads block."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._raw = folder / f"in_voltage{settings.channel}_raw"
        own, common = folder / f"in_voltage{settings.channel}_scale", folder / "in_voltage_scale"
        self._scale_mv = settings.supply_v * 1000 / settings.steps if settings.steps else 0.0
        if not settings.steps:
            with _readable(own if own.exists() else common):
                self._scale_mv = float((own if own.exists() else common).read_text(encoding="ascii"))

    def read_mv(self) -> float:
        """Raises DeviceError S-213."""
        with _readable(self._raw):
            millivolts = int(self._raw.read_text(encoding="ascii")) * self._scale_mv
            if not math.isfinite(millivolts):
                raise ValueError(f"{millivolts} mV")
            return millivolts


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raises DeviceError S-213 for what reading a converter's files can raise."""
    try:
        yield
    except (OSError, ValueError, OverflowError) as error:  # OverflowError: a number of hundreds of digits
        what = f"{path} cannot be read: {error}"
        raise DeviceError("S-213", what, do="Check the converter's wiring, `channel` and `steps`.") from error


class SupervisedLoop:
    """An open loop: its states one by one, at first how it is."""

    def __init__(self, channel: Channel, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self.pulse = Pulse(clock, STUCK_S)
        self._channel = channel
        self._thread = ThreadPoolExecutor(1, "converter")
        self._settings = settings
        self._clock = clock
        self._windows = windows(settings)
        self._settle_ns = settings.settle_ms * 1_000_000
        self._bounce = Bounce(self._settle_ns)
        self._shown: ContactState | None = None
        self._reading: asyncio.Future[float] | None = None
        self._odd_ns: int | None = None  # since when no state explains the voltage

    async def __aiter__(self) -> AsyncIterator[ContactChange]:
        while True:
            state = await self.state()
            now_ns = self._clock.monotonic_ns()
            told = self._bounce.see(state, now_ns) if state is not None else None
            if told is not None:
                before, self._shown = self._shown, told
                at_ns = self._clock.utc_ns()
                yield ContactChange(contact="", state=told, before=before, at_ns=at_ns, monotonic_ns=now_ns)
            self.counters.garbled = self._bounce.noise
            await self._clock.sleep(self._settings.poll_ms / 1000)

    async def show(self, light: Light) -> None:
        """A loop shows nothing."""

    async def close(self) -> None:
        """Let a measurement that has begun end, if it does: a thread cannot be ended."""
        if self._reading is not None:
            done, _ = await asyncio.wait({self._reading}, timeout=CLOSE_S)
            for one in done:
                one.exception()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def prove(self) -> None:
        """Measure until a state explains the voltage. Raises DeviceError S-212, S-213."""
        while await self.state() is None:
            await self._clock.sleep(self._settings.poll_ms / 1000)

    async def state(self) -> ContactState | None:
        """The state now; None for a moment of change. Raises DeviceError S-212 if that lasts, S-213."""
        self.pulse.beat()
        self._reading = asyncio.get_running_loop().run_in_executor(self._thread, self._channel.read_mv)
        millivolts = await asyncio.shield(self._reading)
        self.pulse.rest()  # the next measurement comes when this one is dealt with
        self.counters.frames += 1
        share = millivolts / 1000 / self._settings.supply_v
        state = classify(self._windows, share)
        now_ns = self._clock.monotonic_ns()
        if state is not None:
            self._odd_ns = None
        elif self._odd_ns is None:
            self._odd_ns = now_ns
        elif now_ns - self._odd_ns >= self._settle_ns:
            raise _odd(millivolts / 1000, share, self._settings)
        return state


def _odd(volts: float, share: float, settings: Settings) -> DeviceError:
    ohm = settings.pull_up_ohm * share / (1 - share)
    what = f"{volts:.2f} V, some {ohm:.0f} ohms, fit no state of this loop"
    do = "Measure the loop at the clamps: a bad contact, water, another resistor than configured?"
    return DeviceError("S-212", what, do=do)


def find_converter(name: str, devices: Path = DEVICES) -> Path:
    """The folder of a converter. Raises DeviceError S-211."""
    if name.startswith("/"):
        found = [Path(name)] if "\0" not in name and Path(name).is_dir() else []
    else:
        found = [path.parent for path in sorted(devices.glob("iio:device*/name")) if _named(path) == name]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} converters are called {name}" if found else f"there is no converter {name}"
    do = "Name its folder in /sys/bus/iio/devices." if found else "Check its overlay in config.txt and its wiring."
    raise DeviceError("S-211", what, do=do)


def _named(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def probe(settings: Settings) -> Finding:
    """One measurement, which disturbs nobody."""
    try:
        volts = Channel(find_converter(settings.converter), settings).read_mv() / 1000
    except DeviceError as error:
        return Finding.failed(error)
    share = volts / settings.supply_v
    state = classify(windows(settings), share)
    if state is None:
        odd = _odd(volts, share, settings)
        return Finding.failed(odd)
    return Finding(verdict=Verdict.OK, code="", what=f"{volts:.2f} V: {state.value}")


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[SupervisedLoop]:
    """Open the loop, once its voltage means something. Raises DeviceError S-21x."""
    channel = Channel(find_converter(settings.converter), settings)
    loop = SupervisedLoop(channel, settings, clock)
    try:
        await loop.prove()
        yield loop
    finally:
        await loop.close()
