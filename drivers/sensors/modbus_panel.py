"""Fire panels and smoke detectors on Modbus, RTU or TCP; what they are stands in a profile, not here. Polled, never
written to.

Late    On RTU an answer that comes after its timeout would be taken as the answer to the next question, and wrong
        zones be reported. Here no connection survives a timeout: it is closed, the line drained until it is quiet,
        opened again and proven by the canary; and no two questions of a panel have answers of one length, so that a
        late one never fits.
Wire    Modbus application protocol 1.1b3, functions 1 to 4; serial line guide 1.02.
Raises  DeviceError S-101 no answer, S-102 garbled answer, S-103 refuses or asks to wait, S-104 not the device of the
        profile, S-105 no way to it, S-110 wrong profile, P-1xx of the port.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException

from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.errors import DeviceError
from drivers.readings import Light, ZoneChange
from drivers.sensors.profile import Condition, Profile, condition, is_file, load_profile
from drivers.serial_port import GONE, open_port, probed

BLOCK_MOST = 120  # registers of one question; 125 is the protocol's limit
CANARY_EVERY = 20  # polls
BUSY_MOST = 20  # polls that a gateway may ask us to wait
ASK_AGAIN = {5, 6, 15}  # acknowledge, busy, not ready
QUIET_S = 0.25
DRAIN_MOST_S = 3.0
ZoneName = Annotated[str, Meta(max_length=80)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about a panel."""

    profile: Annotated[
        str,
        Meta(description="a shipped profile, or a file of your own", examples=["bolid-s2000-pp"], min_length=1),
    ]
    port: Annotated[
        str, Meta(description="serial port for Modbus RTU, by its stable udev name", examples=["/dev/fire-panel"])
    ] = ""
    host: Annotated[str, Meta(description="address for Modbus TCP, instead of a port", examples=["192.168.1.50"])] = ""
    tcp_port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port of the panel", examples=[502])] = 502
    unit: Annotated[int, Meta(ge=1, le=247, description="Modbus address of the panel", examples=[1])] = 1
    baud: Annotated[int, Meta(ge=300, le=115_200, description="line speed in baud", examples=[9600])] = 9600
    parity: Annotated[Literal["N", "E", "O"], Meta(description="parity of the line: N, E or O")] = "N"
    stopbits: Annotated[Literal[1, 2], Meta(description="stop bits of the line: 1 or 2")] = 1
    zones: Annotated[
        dict[str, ZoneName], Meta(description='the zones to read, by number: { 1 = "canteen", 2 = "gym" }')
    ]
    poll_ms: Annotated[int, Meta(ge=50, le=5_000, description="pause between polls, milliseconds")] = 250
    timeout_s: Annotated[float, Meta(ge=1.0, le=10.0, description="how long an answer may take, at least a second")] = (
        1.0
    )

    def __post_init__(self) -> None:
        """Raises ValueError, which the configuration shows with its place."""
        if bool(self.port) == bool(self.host):
            raise ValueError("of port and host there must be one. Write port for RTU, host for TCP.")
        numbers = [int(number) for number in self.zones if number.isascii() and number.isdigit()]
        if not numbers or len(numbers) != len(self.zones) or not all(1 <= number <= 2000 for number in numbers):
            raise ValueError("zones names no zone, or a number that is none. Zones are 1 to 2000.")
        if len(set(numbers)) != len(numbers):
            raise ValueError("zones names one zone twice. Leave one of them out.")
        if is_file(self.profile):
            return  # a file of the box: checked when it is read there
        try:
            blocks(load_profile(self.profile), set(numbers))
        except DeviceError as error:
            raise ValueError(f"{error.what}. {error.do}") from error

    @property
    def places(self) -> dict[int, str]:
        return {int(number): name for number, name in self.zones.items()}


class Block(msgspec.Struct, frozen=True):
    """One question: `count` values from `address`, of the zones from `first`."""

    address: int
    count: int
    first: int


def blocks(profile: Profile, zones: set[int]) -> list[Block]:
    """Questions that cover the zones, no two of one length. Raises DeviceError S-110 if a zone is beyond the panel."""
    if max(zones) > profile.zones.most:
        raise DeviceError(
            "S-110", f"{profile.name} has zones 1 to {profile.zones.most}", do="Correct `zones` in the configuration."
        )
    if profile.zones.layout == "bits":
        return [Block(profile.zones.address, max(bit.offset for bit in profile.bit) + 1, 1)]
    found: list[Block] = []
    zone, room = min(zones), BLOCK_MOST
    while zone <= max(zones):
        count = min(room, max(zones) - zone + 1)
        found.append(Block(profile.zones.address + zone - 1, count, zone))
        zone, room = zone + count, room - 1  # each block is shorter than the one before
    return found


class Ear:
    """The bytes that came since the last question: whether a device is silent or says what nobody understands."""

    def __init__(self) -> None:
        self.heard = b""

    def trace(self, sending: bool, data: bytes) -> bytes:
        """pymodbus's trace_packet: called with each packet out, and with all that waits to be understood."""
        self.heard = b"" if sending else bytes(data)
        return data


class Panel:
    """An open panel: changes of its zones one by one; at first every zone as it is."""

    def __init__(self, client: Any, ear: Ear, settings: Settings, profile: Profile, clock: Clock) -> None:
        self.counters = Counters()
        self._client = client
        self._ear = ear
        self._settings = settings
        self._profile = profile
        self._clock = clock
        self._wanted = set(settings.places)
        self._blocks = blocks(profile, self._wanted)
        lengths = {block.count for block in self._blocks}
        self._canary_count = next(count for count in range(1, 4) if count not in lengths)

    async def prove(self) -> bool:
        """Read what is known, or the zones if nothing is; False if the device asks to wait. Raises DeviceError S-104
        if another device answers.
        """
        canary = self._profile.canary
        if canary is None:
            return await self._poll() is not None
        values = await self._ask(canary.function, canary.address, self._canary_count)
        if values is not None and values[0] != canary.expect:
            what = f"answers {values[0]} at {canary.address} where {self._profile.name} says {canary.expect}"
            raise DeviceError("S-104", what, do="Check `unit` and `profile`; is another device on this address?")
        return values is not None

    async def __aiter__(self) -> AsyncIterator[ZoneChange]:
        known: dict[int, Condition] = {}
        busy = polls = 0
        while True:
            polls += 1
            now = await self._poll()
            if now is None:
                busy += 1
                if busy > BUSY_MOST:
                    raise _waits()
            else:
                busy = 0
                for change in self._changes(known, now):
                    yield change
                known = now
            if polls % CANARY_EVERY == 0:
                await self.prove()
            await self._clock.sleep(self._settings.poll_ms / 1000)

    async def show(self, light: Light) -> None:
        """A panel shows nothing of ours."""

    async def _poll(self) -> dict[int, Condition] | None:
        """All zones now; None if the gateway asks to wait."""
        found: dict[int, Condition] = {}
        for block in self._blocks:
            values = await self._ask(self._profile.zones.function, block.address, block.count)
            if values is None:
                return None
            if self._profile.zones.layout == "bits":
                found[1] = condition(self._profile, values)
            else:
                zones = enumerate(values, block.first)
                found |= {zone: condition(self._profile, [value]) for zone, value in zones if zone in self._wanted}
        return found

    def _changes(self, known: dict[int, Condition], now: dict[int, Condition]) -> Iterator[ZoneChange]:
        at_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
        for zone in sorted(now):
            before, found = known.get(zone), now[zone]
            if before is None or before.state is not found.state:
                yield ZoneChange(
                    zone=zone,
                    state=found.state,
                    before=before.state if before else None,
                    codes=found.codes,
                    words=found.words,
                    at_ns=at_ns,
                    monotonic_ns=monotonic_ns,
                )

    async def _ask(self, function: int, address: int, count: int) -> list[int] | None:
        """One question. None if the device asks to wait; any doubt about the answer ends the connection."""
        read = {
            1: self._client.read_coils,
            2: self._client.read_discrete_inputs,
            3: self._client.read_holding_registers,
            4: self._client.read_input_registers,
        }[function]
        try:
            answer = await read(address, count=count, device_id=self._settings.unit)
        except ModbusIOException as error:
            raise self._unanswered() from error
        except (ConnectionException, ModbusException, *GONE) as error:
            raise _gone() from error
        _still_wanted()
        if answer.isError():
            if answer.exception_code in ASK_AGAIN:
                return None
            what = f"refuses function {function} at {address}: exception {answer.exception_code}"
            raise DeviceError("S-103", what, do="Check `unit`, `zones` and `profile` against the panel's own set-up.")
        return self._checked(answer, function, count)

    def _unanswered(self) -> DeviceError:
        """Why no answer came in time."""
        if not self._client.connected:
            return _gone()
        if not self._ear.heard:
            what = f"no answer within {self._settings.timeout_s:g} s"
            return DeviceError("S-101", what, do="Check the panel's power, `unit` and the line.")
        self.counters.skip(self._ear.heard)
        what = f"no right answer within {self._settings.timeout_s:g} s, but other bytes"
        return DeviceError("S-102", what, do="Check the line's ends, baud rate and parity.")

    def _checked(self, answer: Any, function: int, count: int) -> list[int]:
        """The values, if there are as many as were asked for."""
        if function in (1, 2):
            bits = [int(bit) for bit in answer.bits]
            fits, values = len(bits) == math.ceil(count / 8) * 8, bits[:count]
        else:
            values = list(answer.registers)
            fits = len(values) == count
        if not fits or answer.function_code != function:
            self.counters.skip(self._ear.heard)
            raise DeviceError(
                "S-102", "an answer that does not fit the question", do="Check the line's ends, baud rate and parity."
            )
        self.counters.frames += 1
        return values


def _still_wanted() -> None:
    """pymodbus waits in wait_for, which until Python 3.12 loses a cancellation that comes together with the answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _gone() -> DeviceError:
    return DeviceError("S-105", "the connection was lost", do="Check the plug, the cable and the panel's power.")


def _waits() -> DeviceError:
    return DeviceError("S-103", "the gateway keeps asking to wait", do="Restart the gateway if it lasts.")


def probe(settings: Settings) -> Finding:
    """Whether the line can be opened; a port held by the running agent is in order."""
    try:
        profile = load_profile(settings.profile)
        blocks(profile, set(settings.places))
    except DeviceError as error:
        return Finding.failed(error)
    if settings.host:
        return Finding(verdict=Verdict.OK, code="", what=f"{profile.name} at {settings.host}: ask the running agent")
    found = probed(settings.port)
    return msgspec.structs.replace(found, what=f"{profile.name}: {found.what}")


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Panel]:
    """Open the panel and prove that it is the one of the profile. Raises DeviceError."""
    profile = load_profile(settings.profile)
    if settings.port:
        await _drain(settings, clock)
    ear = Ear()
    client = _client(settings, ear)
    try:
        panel = Panel(client, ear, settings, profile, clock)
        await _reach(client, settings)
        if not await panel.prove():
            raise _waits()
        yield panel
    finally:
        client.close()


async def _reach(client: Any, settings: Settings) -> None:
    """Open the line. Raises DeviceError S-105."""
    try:
        reached = await client.connect()
    except GONE:
        reached = False
    _still_wanted()
    if not reached:
        place = settings.port or f"{settings.host}:{settings.tcp_port}"
        raise DeviceError(
            "S-105", f"{place} cannot be reached", do="Check the cable, the address and the panel's power."
        )


async def _drain(settings: Settings, clock: Clock) -> None:
    """Listen until the line has been quiet: an answer to an old question dies here. Raises DeviceError."""
    async with open_port(
        settings.port, clock, baud=settings.baud, parity=settings.parity, stopbits=settings.stopbits
    ) as port:
        try:
            async with asyncio.timeout(DRAIN_MOST_S):
                while True:
                    async with asyncio.timeout(QUIET_S):
                        await port.read()
        except TimeoutError:
            return


def _client(settings: Settings, ear: Ear) -> Any:
    """pymodbus without its own retries and reconnections: the supervisor above does that."""
    common: dict[str, Any] = {
        "timeout": settings.timeout_s,
        "retries": 0,
        "reconnect_delay": 0,
        "trace_packet": ear.trace,
    }
    if settings.host:
        return AsyncModbusTcpClient(settings.host, port=settings.tcp_port, **common)
    return AsyncModbusSerialClient(
        settings.port, baudrate=settings.baud, parity=settings.parity, stopbits=settings.stopbits, **common
    )
