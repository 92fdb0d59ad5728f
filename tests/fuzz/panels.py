"""Panels: profiles that people write, what answers on a Modbus line; boards with smoke sensors; loops."""

from __future__ import annotations

import asyncio
import binascii
import os
import tempfile
from pathlib import Path
from typing import Any

from pymodbus.exceptions import ModbusIOException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from drivers.discovery import modbus_units, osdp_bus
from drivers.errors import DeviceError
from drivers.readers import osdp_frame
from drivers.readings import ZoneState
from drivers.sensors import serial_smoke, supervised_loop
from drivers.sensors.modbus_panel import Ear, Panel, Settings
from drivers.sensors.profile import condition, load_profile, shipped
from tests.clock import FastClock
from tests.fuzz.target import Target, shown_safely, streamed

PROFILES = {name: load_profile(name) for name in shipped()}
UNIT = 2


def profile_file(data: bytes) -> None:
    """A profile, or S-110 that says what to do; a sound one gives a state for whatever is read."""
    handle = os.memfd_create("profile")
    try:
        os.write(handle, data)
        profile = load_profile(f"/proc/self/fd/{handle}")
    except DeviceError as error:
        assert error.code == "S-110"
        assert error.do
        return
    finally:
        os.close(handle)
    for values in ([0] * 16, [1] * 16, [0xFFFF] * 16):
        assert condition(profile, values).words


def registers(data: bytes) -> None:
    """Whatever is read has a state and words, and a code that means fire is never hidden."""
    values = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2)][:16]
    values += [0] * (16 - len(values))
    for profile in PROFILES.values():
        found = condition(profile, values)
        shown_safely(found.words)
        if profile.zones.layout == "two_codes":
            codes = [code for code in (values[0] >> 8, values[0] & 0xFF) if code]
            assert (ZoneState.FIRE in map(profile.state_of, codes)) == (found.state is ZoneState.FIRE)


class Line:
    """A client of pymodbus whose answers are the fuzzer's: each question takes the next piece of the data."""

    connected = True

    def __init__(self, data: bytes) -> None:
        self._pieces = data.split(b"\xa5\x5a")
        self._framer = FramerRTU(DecodePDU(False))

    def __getattr__(self, name: str) -> Any:
        assert name.startswith("read_")
        return self._read

    async def _read(self, *_: Any, **__: Any) -> Any:
        body = self._pieces.pop(0) if self._pieces else b""
        if not body:
            raise ModbusIOException("no answer")
        frame = modbus_units.rtu(UNIT, body)
        _, answer = self._framer.handleFrame(frame, UNIT, 0)
        if answer is None:
            raise ModbusIOException("no answer")
        return answer


def panel_answers(data: bytes) -> None:
    """A panel's answers: changes of zones that were asked for, or a DeviceError; nothing else."""
    settings = Settings(profile="bolid-s2000-pp", port="/dev/null", unit=UNIT, zones={"1": "one", "3": "three"})
    panel = Panel(Line(data), Ear(), settings, PROFILES["bolid-s2000-pp"], FastClock())

    async def follow() -> None:
        if await panel.prove():
            async for change in panel:
                assert change.zone in (1, 3)
                shown_safely(change.words)

    try:
        asyncio.run(follow())
    except DeviceError as error:
        assert error.do


def smoke_lines(data: bytes) -> None:
    """Each line stands in the bytes with its CRC, however they are cut; only such a line brings smoke about."""
    whole, cut = streamed(serial_smoke.decode, data, rest_most=serial_smoke.LINE_MAX)
    lines = [line for line in whole if isinstance(line, serial_smoke.Line)]
    assert lines == [line for line in cut if isinstance(line, serial_smoke.Line)], "it depends on how the line is cut"
    verdicts = serial_smoke.Verdicts(serial_smoke.Settings(port="x", zones={"1": "attic"}), 0)
    for line in lines:
        assert _smoke(line.sequence, line.zone, line.said.value, line.raw) in data
        verdicts.hear(line, 1)
    told = [(zone, state) for zone, state, _, _, words in verdicts.news(1) if words]
    smoking = {line.zone for line in lines if line.said is serial_smoke.Said.SMOKE}
    assert {zone for zone, state in told if state is ZoneState.FIRE} <= smoking


def _smoke(sequence: int, zone: int, said: str, raw: int) -> bytes:
    text = f"S1,{sequence:03d},{zone:02d},{said},{raw:05d}".encode()
    return text + b"*%04X" % binascii.crc_hqx(text, 0xFFFF)


def loop_files(data: bytes) -> None:
    """Whatever a converter's files hold is a number of millivolts or S-213, and a state, none, or a trouble."""
    settings = supervised_loop.Settings(converter="mcp3008", channel=0)
    raw, _, scale = data.partition(b"\0")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder, "in_voltage0_raw").write_bytes(raw)
        Path(folder, "in_voltage_scale").write_bytes(scale)
        try:
            share = supervised_loop.Channel(Path(folder), settings).read_mv() / 3300
        except DeviceError as error:
            assert error.code == "S-213"
            return
    state = supervised_loop.classify(supervised_loop.windows(settings), share)
    assert state is not None or 0 < share < 1


def modbus_search(data: bytes) -> None:
    """An answer on a line full of noise has the unit, the length and the CRC of an answer."""
    for question in modbus_units.questions():
        answer = modbus_units.find_rtu(data, UNIT, question)
        if answer is not None and not answer.refused:
            assert len(answer.data) == modbus_units.size(question)
            assert modbus_units.rtu(UNIT, bytes([question.function, len(answer.data)]) + answer.data) in data
        modbus_units.read_pdu(data, question)


def osdp_search(data: bytes) -> None:
    """A reader that is found has said so with a right CRC, however the line is cut."""
    whole, cut = streamed(osdp_bus.replies, data, rest_most=osdp_frame.BUFFER_MAX)
    for reply in [*whole, *cut]:
        head = bytes([osdp_frame.SOM, reply.address | osdp_frame.FROM_READER])
        assert head in data
        assert reply.data in data
        who = osdp_bus.identity(reply.data)
        assert who is None or len(reply.data) == 12


def _osdp(body: bytes) -> bytes:
    return body + osdp_frame.crc16(body).to_bytes(2, "little")


TARGETS = {
    "profile of a panel": Target(
        profile_file,
        [
            b'name = "x"\n[zones]\nfunction = 3\naddress = 40000\nlayout = "two_codes"\nmost = 9\n'
            b"[states]\nfire = [37]\n",
            b'name = "x"\n[zones]\nfunction = 2\naddress = 1\nlayout = "bits"\nmost = 1\n'
            b'[[bit]]\noffset = 2\nstate = "fire"\nwords = "smoke"\n',
            b'name = "x"\n[canary]\nfunction = 3\naddress = 1\nexpect = 36\n[zones]\n[words]\n37 = "fire"\n',
        ],
    ),
    "registers of a panel": Target(registers, [b"\x25\x00", b"\x00\x25", b"\x2c\x25", bytes(32), b"\xff" * 32]),
    "answers of a panel": Target(
        panel_answers,
        [
            b"\x03\x02\x00\x24\xa5\x5a\x03\x06\x25\x00\x00\x00\x2c\x2c",
            b"\x83\x06\xa5\x5a\x03\x02\x00\x24",
            b"\x03\x06\x25\x00\x00\x00\x2c\x2c",
            b"\x01\x01\xff",
        ],
    ),
    "smoke, lines": Target(
        smoke_lines,
        [
            _smoke(7, 1, "N", 2137) + b"\r\n" + _smoke(8, 1, "S", 9000) + b"\r\n",
            _smoke(255, 16, "F", 65_535) + b"\n" + _smoke(256, 17, "S", 65_536) + b"\n",
            b"x" * serial_smoke.LINE_MAX + b"x" + _smoke(7, 1, "S", 2137) + b"\n",
        ],
    ),
    "files of a converter": Target(loop_files, [b"697\n\x003.222656250\n", b"-1\x000.125", b"9" * 400 + b"\x001e300"]),
    "discovery, modbus": Target(
        modbus_search,
        [
            modbus_units.rtu(UNIT, b"\x03\x02\x00\x24"),
            b"\xff\0" + modbus_units.rtu(UNIT, b"\x83\x02") + b"\x11",
            modbus_units.rtu(UNIT, modbus_units.pdu(modbus_units.questions()[0])),
        ],
    ),
    "discovery, osdp": Target(
        osdp_search,
        [
            _osdp(bytes([0x53, 0x80, 20, 0, 4, 0x45]) + bytes(range(12))),
            osdp_bus.question(0) + _osdp(bytes([0x53, 0x81, 8, 0, 4, 0x40])),
            b"\x53\x53\x80\xff\xff" + bytes(300),
        ],
    ),
}
