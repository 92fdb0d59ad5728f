"""Each fault on a running school: what it breaks is broken while it lasts, and is mended when it ends.

What the agent makes of it: tests/school_day.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import serial
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from simulator.card_reader import ironlogic_line, rdm6300_frame
from simulator.fault import Fault
from simulator.faults import FAULTS
from simulator.more_devices import MoreDevices
from simulator.processes import wait_for_port
from simulator.school import School
from tests.drivers.supervised import PATIENCE_S, until

CARD = bytes.fromhex("6F00000001")
Broken = Callable[[School], Awaitable[bool]]


def more(school: School) -> MoreDevices:
    assert school.devices.more is not None
    return school.devices.more


async def said(school: School, reader: int, frame: bytes) -> bytes:
    """What comes out at the agent's end when a frame goes in; None of it if the line is pulled or hangs."""
    line = school.readers[reader].line
    if not line.plugged:
        return b""
    with closing(serial.Serial(os.ttyname(line._slave), timeout=0)) as port:
        port.reset_input_buffer()
        sent = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(line.send(frame) + 0.02, sent.set_result, None)
        await sent
        return bytes(port.read(1_000))


async def reader_is_broken(school: School) -> bool:
    return await said(school, 0, rdm6300_frame(CARD)) != rdm6300_frame(CARD)


async def both_readers_are_broken(school: School) -> bool:
    other = await said(school, 1, ironlogic_line(CARD))
    return await reader_is_broken(school) and other != ironlogic_line(CARD)


async def panel_is_broken(school: School) -> bool:
    """It does not answer rightly within a second."""
    if not school.panel.agent_end.plugged:
        return True
    client = AsyncModbusSerialClient(str(school.panel.agent_end.link), timeout=1, retries=0)
    assert await client.connect()
    try:
        answer = await client.read_holding_registers(46_152, count=1, device_id=2)
        return answer.isError() or list(answer.registers) != [36]
    except ModbusIOException:
        return True
    finally:
        client.close()


async def detector_is_broken(school: School) -> bool:
    client = AsyncModbusTcpClient("127.0.0.1", port=more(school).detector.port, timeout=1, retries=0)
    if not await client.connect():
        return True
    answer = await client.read_discrete_inputs(0, count=3, device_id=1)
    client.close()
    return answer.bits[:3] != [True, False, False]


async def bus_is_broken(school: School) -> bool:
    bus = more(school).osdp
    return not bus.line.plugged or bool(bus.wires.disturb)


async def osdp_is_broken(school: School) -> bool:
    return not more(school).osdp.readers[1].takes_cards()


async def pcsc_is_broken(school: School) -> bool:
    return not more(school).pcsc.takes_cards()


async def pcscd_is_broken(school: School) -> bool:
    return not more(school).pcscd.running()


async def typing_is_broken(school: School) -> bool:
    return not more(school).typing.link.exists()


async def board_is_broken(school: School) -> bool:
    return not more(school).board.line.plugged


async def chip_is_broken(school: School) -> bool:
    return not more(school).chip.folder.exists()


async def loop_is_cut(school: School) -> bool:
    return int((more(school).converter.folder / "in_voltage0_raw").read_text()) > 1_000


async def camera_is_broken(school: School) -> bool:
    """It takes no call, or says nothing to OPTIONS."""
    camera = more(school).camera
    try:
        async with asyncio.timeout(0.5):
            reader, writer = await asyncio.open_connection("127.0.0.1", camera.port)
            writer.write(f"OPTIONS {camera.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            said = await reader.read(8)
            writer.close()
            return said != b"RTSP/1.0"
    except (OSError, TimeoutError):
        return True


async def nobody_gets_through(school: School) -> bool:
    return not await dialled(school.line_port)


async def line_is_slow(school: School) -> bool:
    return school.line.bits_per_s > 0 and school.line.delay_s > 0


async def line_is_silent(school: School) -> bool:
    return not school.line._open.is_set()


async def broker_is_broken(school: School) -> bool:
    return not await dialled(school.city.port)


async def dialled(port: int) -> bool:
    """Somebody takes the call and does not hang up at once."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(0.2):
                return await reader.read(1) != b""
        except TimeoutError:
            return True
        finally:
            writer.close()
    except OSError:
        return False


async def receiver_is_broken(school: School) -> bool:
    return not school.city.receivers[0].running()


async def agent_is_broken(school: School) -> bool:
    return not school.agent.running()


def locked(path: Path) -> bool:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0.5)) as db:
        try:
            db.execute("begin immediate")
        except sqlite3.OperationalError as error:
            return "locked" in str(error)
        db.execute("rollback")
        return False


async def centre_is_locked(school: School) -> bool:
    return locked(school.city.folder / "centre.db")


async def outbox_is_locked(school: School) -> bool:
    return locked(school.box / "state/outbox.db")


async def disk_is_full(school: School) -> bool:
    probe = school.box / "state/probe"
    try:
        probe.write_bytes(bytes(100_000))
    except OSError as error:
        return error.errno == errno.ENOSPC
    finally:
        probe.unlink(missing_ok=True)
    return False


async def clock_is_wrong(school: School) -> bool:
    return school.clock_file is not None and school.clock_file.read_text() != "+0"


OF_A_RUNNING_AGENT = ("cells killed",)  # tests/school_day
BROKEN: dict[str, Broken] = {
    "reader unplugged": reader_is_broken,
    "readers garble": both_readers_are_broken,
    "reader stalls": reader_is_broken,
    "panel answers late": panel_is_broken,
    "panel silent": panel_is_broken,
    "panel busy": panel_is_broken,
    "panel unplugged": panel_is_broken,
    "smoke detector without power": detector_is_broken,
    "RS-485 bus unplugged": bus_is_broken,
    "RS-485 bus garbles": bus_is_broken,
    "OSDP reader without power": osdp_is_broken,
    "PC/SC reader unplugged": pcsc_is_broken,
    "pcscd killed": pcscd_is_broken,
    "typing reader unplugged": typing_is_broken,
    "smoke board unplugged": board_is_broken,
    "GPIO chip unplugged": chip_is_broken,
    "loop's wire cut": loop_is_cut,
    "camera stalls": camera_is_broken,
    "camera without power": camera_is_broken,
    "line cut": nobody_gets_through,
    "line silent": line_is_silent,
    "line slow: 64 kbit/s, 100 ms": line_is_slow,
    "broker killed": broker_is_broken,
    "receiver killed": receiver_is_broken,
    "centre's database stopped": centre_is_locked,
    "agent killed": agent_is_broken,
    "outbox locked": outbox_is_locked,
    "disk full": disk_is_full,
    "clock jumps": clock_is_wrong,
}


@pytest.fixture
async def school() -> AsyncIterator[School]:
    """All but the agent, which would hold the devices' ports; its fault starts it.

    Outside pytest's own folders: those are closed to the broker, which drops to its own user.
    """
    folder = Path(tempfile.mkdtemp(prefix="mektep-school-"))
    folder.chmod(0o711)
    school = School(folder, small_disk=True, own_clock=True, every_kind=True)
    await school.make()
    await school.start()
    await school.agent.stop()
    yield school
    await school.stop()
    school.clean()


def test_each_fault_has_its_sign_here() -> None:
    assert list(BROKEN) == [fault.name for fault in FAULTS if fault.name not in OF_A_RUNNING_AGENT]
    assert all(fault.seen and fault.seconds > 0 for fault in FAULTS)


async def lasts(fault: Fault, school: School) -> None:
    """It was well, is broken, and is well again."""
    broken = BROKEN[fault.name]
    assert not await broken(school), f"{fault.name}: broken before it began"
    await fault.begin(school)
    assert await broken(school), f"{fault.name}: nothing is broken"
    await fault.end(school)
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while await broken(school):
        assert asyncio.get_running_loop().time() < deadline, f"{fault.name}: it did not heal"


async def test_each_fault_breaks_what_it_says_and_heals(school: School) -> None:
    for fault in FAULTS:
        if fault.name in ("agent killed", *OF_A_RUNNING_AGENT) or (fault.needs(school) and os.geteuid() != 0):
            continue
        assert fault.needs(school) == ""
        await lasts(fault, school)
    await wait_for_port(school.city.port)
    await school.agent.start()
    await lasts(next(fault for fault in FAULTS if fault.name == "agent killed"), school)
    await until(lambda: school.status().get("link", {}).get("state") == "online")  # and all is well together


async def test_a_fault_that_cannot_be_is_left_out_with_its_reason(tmp_path: Path) -> None:
    school = School(tmp_path)
    left_out = {fault.name: fault.needs(school) for fault in FAULTS if fault.needs(school)}
    assert {"smoke detector without power", "cells killed", "disk full", "clock jumps"} <= set(left_out)
    assert all(reason.startswith("needs ") for reason in left_out.values())
