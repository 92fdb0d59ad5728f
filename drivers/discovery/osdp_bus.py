"""Asks a serial line for OSDP readers: who is at address 0, 1, 2 ... Writes to the line, so only when it was asked for.

Wire    frames of drivers/readers/osdp_frame.py. The question is osdp_ID with sequence 0, which a reader answers outside
        its secure channel too; the answer osdp_PDID has 12 bytes: maker, model, version, serial number, firmware.
Source  IEC 60839-11-5 as libosdp's documents and published test frames show it.
Not     a control panel: drivers/readers/osdp.py is one. A control panel cannot search.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Tick, Why, settings
from drivers.discovery.ports import Port
from drivers.discovery.speeds import at_each_speed
from drivers.driver import Clock
from drivers.readers.osdp_frame import HEADER_BYTES, SOM, WITH_CRC, crc16, next_frame
from drivers.serial_port import SerialPort

ID, PDID = 0x61, 0x45
EVERYBODY = 0x7F  # each reader answers to it: a question for a line with one reader
BAUDS = (9600, 38_400, 115_200)
ADDRESSES = tuple(range(8))
FAR_ADDRESSES = tuple(range(8, EVERYBODY))  # asked only where somebody answers to all, and nobody of the first eight
ANSWER_S = 0.25  # a reader must begin its answer within 200 ms


class Reply(msgspec.Struct, frozen=True):
    """A whole frame of a reader."""

    address: int
    code: int
    data: bytes


class Identity(msgspec.Struct, frozen=True):
    """What osdp_PDID tells: 12 bytes."""

    vendor: str  # three bytes, as the IEEE gave them
    model: int
    version: int
    serial: int
    firmware: str


def question(address: int) -> bytes:
    """osdp_ID to one address, sequence 0."""
    body = bytes((SOM, address, HEADER_BYTES + 4, 0, WITH_CRC, ID, 0))
    return body + crc16(body).to_bytes(2, "little")


def replies(buffer: bytearray) -> Iterator[Reply]:
    """Eat whole replies; our own echo and noise are skipped. A reader answers with what it was asked with: sequence 0,
    a CRC, no secure channel.
    """
    while (frame := next_frame(buffer)) is not None:
        if frame.from_reader and frame.data[4] == WITH_CRC:
            yield Reply(frame.address, frame.code, frame.data[HEADER_BYTES + 1 : -2])


def identity(data: bytes) -> Identity | None:
    if len(data) != 12:
        return None
    firmware = ".".join(str(part) for part in data[9:12])
    return Identity(data[:3].hex().upper(), data[3], data[4], int.from_bytes(data[5:9], "little"), firmware)


def look(port: Port, clock: Clock, tick: Tick) -> AsyncIterator[Found]:
    """The readers on a serial line."""

    async def ask_all(line: SerialPort, baud: int, tick: Tick) -> list[Found]:
        return [_found(port, baud, reply) for reply in await _ask_all(line, tick)]

    return at_each_speed(port, BAUDS, ask_all, clock=clock, tick=tick)


async def _ask_all(line: SerialPort, tick: Tick) -> list[Reply]:
    """Who answers at one speed. Raises DeviceError."""
    found = await _ask_each(line, ADDRESSES, tick)
    anybody = None if found else await ask(line, EVERYBODY)
    if anybody is None or anybody.address != EVERYBODY:
        return [*found, anybody] if anybody else found
    return await _ask_each(line, FAR_ADDRESSES, tick) or [anybody]


async def _ask_each(line: SerialPort, addresses: Sequence[int], tick: Tick) -> list[Reply]:
    found = []
    for number, address in enumerate(addresses):
        tick(number, len(addresses))
        reply = await ask(line, address)
        found += [reply] if reply else []
    return found


async def ask(line: SerialPort, address: int) -> Reply | None:
    """One question; the answer of that address, or None. Raises DeviceError."""
    line.write(question(address))
    buffer = bytearray()
    try:
        async with asyncio.timeout(ANSWER_S):
            while True:
                buffer += (await line.read()).data
                for reply in replies(buffer):
                    if address in (reply.address, EVERYBODY):
                        return reply
    except TimeoutError:
        return None


def _found(port: Port, baud: int, reply: Reply) -> Found:
    nowhere = reply.address == EVERYBODY
    where = "" if nowhere else f"address {reply.address}, "
    who = identity(reply.data) if reply.code == PDID else None
    told = f", maker {who.vendor}, model {who.model}, serial {who.serial}, firmware {who.firmware}" if who else ""
    found = Found(
        kind=Kind.READER, what=f"OSDP reader, {where}{baud} baud{told}", name=port.name,
        sure=Sure.CERTAIN, why=Why.ANSWER,
    )  # fmt: skip
    if nowhere:
        fact = f"{port.device}: a reader answers to the address of all, and at none of its own"
        do = "Set its address to 0 to 7 with its maker's tool or card, and look again; are there two at one address?"
        return msgspec.structs.replace(found, code="X-107", fact=fact, do=do)
    own: tuple[Setting, ...] = settings(port=port.name, address=reply.address)
    own += (Setting("baud", baud),) if baud != BAUDS[0] else ()
    proposal = Proposal(kind="reader", driver="osdp", settings=own, secrets=("key",), remark="osdp")
    return msgspec.structs.replace(found, proposal=proposal)
