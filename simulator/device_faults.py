"""What goes wrong with devices: pulled plugs, noise, silence, late answers, lost power, services and cells that end."""

from __future__ import annotations

import contextlib
import os
import signal

from simulator.fault import Fault
from simulator.more_devices import MoreDevices
from simulator.school import School

SHORT_ANSWER = 8  # bytes


async def _unplug_reader(school: School) -> None:
    school.readers[0].line.unplug()


async def _replug_reader(school: School) -> None:
    school.readers[0].line.plug()


def _bit_flipped(data: bytes) -> bytes:
    """One bit of a digit is wrong: the frame's checksum finds it."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x04]) + data[middle + 1 :]


def _byte_lost(data: bytes) -> bytes:
    """An IronLogic line has no checksum: what can be found is a line of the wrong shape."""
    return data[:-4] + data[-3:]


async def _garble(school: School) -> None:
    school.readers[0].line.disturb, school.readers[1].line.disturb = _bit_flipped, _byte_lost


async def _clear(school: School) -> None:
    school.readers[0].line.disturb = school.readers[1].line.disturb = None


async def _stall(school: School) -> None:
    school.readers[0].line.stalled = True


async def _go_on(school: School) -> None:
    """Noise comes before the rest: the frame that was cut is none, and its card no tap."""
    school.readers[0].line.go_on(b"\xff\x00")


async def _panel_late(school: School) -> None:
    school.panel.agent_end.late_s = 1.4


async def _panel_in_time(school: School) -> None:
    school.panel.agent_end.late_s = 0.0


async def _panel_silent(school: School) -> None:
    school.panel.agent_end.silent = True


async def _panel_speaks(school: School) -> None:
    school.panel.agent_end.silent = False


async def _panel_busy(school: School) -> None:
    school.panel.busy = True


async def _panel_ready(school: School) -> None:
    school.panel.busy = False


async def _panel_unplug(school: School) -> None:
    school.panel.agent_end.unplug()


async def _panel_replug(school: School) -> None:
    school.panel.agent_end.plug()


# --- one of every further kind: only where Devices(every_kind=True) ------------------------------------------------


def _every_kind(school: School) -> str:
    return "" if school.devices.more else "needs one device of each kind"


def _more(school: School) -> MoreDevices:
    assert school.devices.more is not None  # noqa: S101 - ordered only where _every_kind lets it
    return school.devices.more


async def _detector_off(school: School) -> None:
    await _more(school).detector.stop()


async def _detector_on(school: School) -> None:
    await _more(school).detector.start()


async def _bus_unplug(school: School) -> None:
    _more(school).osdp.line.unplug()


async def _bus_plug(school: School) -> None:
    _more(school).osdp.line.plug()


def _bit_flipped_in_time(data: bytes) -> bytes:
    """In about every second answer; which, its own bytes decide."""
    return _bit_flipped(data) if len(data) > SHORT_ANSWER and data[-1] & 1 else data


async def _bus_noise(school: School) -> None:
    bus = _more(school).osdp
    bus.wires.disturb[bus.far] = _bit_flipped_in_time


async def _bus_quiet(school: School) -> None:
    _more(school).osdp.wires.disturb.clear()


async def _osdp_off(school: School) -> None:
    _more(school).osdp.readers[1].switch_off()


async def _osdp_on(school: School) -> None:
    await _more(school).osdp.readers[1].switch_on()


async def _pcsc_unplug(school: School) -> None:
    _more(school).pcsc.unplug()


async def _pcsc_plug(school: School) -> None:
    more = _more(school)
    more.pcsc.plug()
    if more.pcscd is not None:
        await more.pcscd.looked()


async def _pcscd_kill(school: School) -> None:
    if (service := _more(school).pcscd) is not None:
        service.kill()


async def _pcscd_start(school: School) -> None:
    if (service := _more(school).pcscd) is not None:
        await service.start()


async def _typing_unplug(school: School) -> None:
    _more(school).typing.unplug()


async def _typing_plug(school: School) -> None:
    _more(school).typing.plug()


async def _board_unplug(school: School) -> None:
    _more(school).board.unplug()


async def _board_plug(school: School) -> None:
    _more(school).board.plug()


async def _chip_unplug(school: School) -> None:
    _more(school).chip.unplug()


async def _chip_plug(school: School) -> None:
    _more(school).chip.plug()


async def _loop_cut(school: School) -> None:
    _more(school).converter.set(cut=True)


async def _loop_mended(school: School) -> None:
    _more(school).converter.set()


async def _camera_stalls(school: School) -> None:
    if (camera := _more(school).camera) is not None:
        camera.stall()


async def _camera_goes_on(school: School) -> None:
    if (camera := _more(school).camera) is not None:
        camera.go_on()


async def _camera_off(school: School) -> None:
    if (camera := _more(school).camera) is not None:
        camera.vanish()


async def _camera_on(school: School) -> None:
    if (camera := _more(school).camera) is not None:
        await camera.start()


async def _kill_cells(school: School) -> None:
    """Every child process of the daemon at once."""
    if not school.agent.running():  # its picture is old: these numbers may be others' by now
        return
    for source in school.status().get("sources", {}).values():
        pid = (source.get("cell") or {}).get("pid")
        if pid:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
    school.devices.let_go()


async def _nothing(_school: School) -> None:
    """It heals by itself."""


DEVICE_FAULTS = [
    Fault("reader unplugged", "canteen-1 FAILED P-104", _unplug_reader, _replug_reader),
    Fault("readers garble", "garbled frames are counted, no wrong card", _garble, _clear),
    Fault("reader stalls", "half a frame, then silence: no card of it", _stall, _go_on),
    Fault("panel answers late", "fire-panel FAILED S-101, no wrong zone", _panel_late, _panel_in_time, seconds=4),
    Fault("panel silent", "fire-panel FAILED S-101", _panel_silent, _panel_speaks, seconds=3),
    Fault("panel busy", "nothing: it is asked again", _panel_busy, _panel_ready),
    Fault("panel unplugged", "fire-panel FAILED", _panel_unplug, _panel_replug),
    Fault("smoke detector without power", "duct FAILED S-105", _detector_off, _detector_on, needs=_every_kind),
    Fault("RS-485 bus unplugged", "gym-1 and gym-2 FAILED P-104", _bus_unplug, _bus_plug, needs=_every_kind),
    Fault("RS-485 bus garbles", "asked again, no wrong card", _bus_noise, _bus_quiet, needs=_every_kind),
    Fault("OSDP reader without power", "gym-1 FAILED R-201, gym-2 works", _osdp_off, _osdp_on, needs=_every_kind),
    Fault("PC/SC reader unplugged", "library FAILED", _pcsc_unplug, _pcsc_plug, needs=_every_kind),
    Fault("pcscd killed", "library FAILED R-301", _pcscd_kill, _pcscd_start, needs=_every_kind),
    Fault("typing reader unplugged", "hall FAILED R-401", _typing_unplug, _typing_plug, needs=_every_kind),
    Fault("smoke board unplugged", "attic FAILED P-104", _board_unplug, _board_plug, needs=_every_kind),
    Fault("GPIO chip unplugged", "door, button and hall-lamp FAILED", _chip_unplug, _chip_plug, needs=_every_kind),
    Fault("loop's wire cut", "loop: WIRE CUT", _loop_cut, _loop_mended, needs=_every_kind),
    Fault("camera stalls", "gate FAILED within ten seconds", _camera_stalls, _camera_goes_on, needs=_every_kind),
    Fault("camera without power", "gate FAILED", _camera_off, _camera_on, needs=_every_kind),
    Fault("cells killed", "their devices FAILED U-101, back at once", _kill_cells, _nothing, needs=_every_kind),
]
