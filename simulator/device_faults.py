"""What goes wrong with devices: pulled plugs, noise, silence, late answers, lost power, services and cells that end."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable

from simulator.fault import Fault
from simulator.more_devices import MoreDevices
from simulator.school import School

SHORT_ANSWER = 8  # bytes


# --- what is no plain order to a device ----------------------------------------------------------------------------


def _bit_flipped(data: bytes) -> bytes:
    """One bit of a digit is wrong: the frame's checksum finds it."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x04]) + data[middle + 1 :]


def _byte_lost(data: bytes) -> bytes:
    """An IronLogic line has no checksum: what can be found is a line of the wrong shape."""
    return data[:-4] + data[-3:]


def _bit_flipped_in_time(data: bytes) -> bytes:
    """In about every second answer; which, its own bytes decide."""
    return _bit_flipped(data) if len(data) > SHORT_ANSWER and data[-1] & 1 else data


def _garble(school: School) -> None:
    school.readers[0].line.disturb, school.readers[1].line.disturb = _bit_flipped, _byte_lost


def _clear(school: School) -> None:
    school.readers[0].line.disturb = school.readers[1].line.disturb = None


def _stall(school: School) -> None:
    school.readers[0].line.stalled = True


def _go_on(school: School) -> None:
    """Noise comes before the rest: the frame that was cut is none, and its card no tap."""
    school.readers[0].line.go_on(b"\xff\x00")


def _panel_late(school: School) -> None:
    school.panel.agent_end.late_s = 1.4


def _panel_in_time(school: School) -> None:
    school.panel.agent_end.late_s = 0.0


def _panel_silent(school: School) -> None:
    school.panel.agent_end.silent = True


def _panel_speaks(school: School) -> None:
    school.panel.agent_end.silent = False


def _panel_busy(school: School) -> None:
    school.panel.busy = True


def _panel_ready(school: School) -> None:
    school.panel.busy = False


def _bus_noise(more: MoreDevices) -> None:
    more.osdp.wires.disturb[more.osdp.far] = _bit_flipped_in_time


async def _pcsc_plug(more: MoreDevices) -> None:
    more.pcsc.plug()
    await more.pcscd.looked()


def _kill_cells(school: School) -> None:
    """Every child process of the daemon at once."""
    if not school.agent.running():  # its picture is old: these numbers may be others' by now
        return
    for source in school.status().get("sources", {}).values():
        pid = (source.get("cell") or {}).get("pid")
        if pid:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
    school.devices.let_go()


def _nothing(_school: School) -> None:
    """It heals by itself."""


# --- the faults ----------------------------------------------------------------------------------------------------


def _every_kind(school: School) -> str:
    return "" if school.devices.more else "needs one device of each kind"


ActOfMore = Callable[[MoreDevices], Awaitable[None] | None]


def _of_more(name: str, seen: str, begin: ActOfMore, end: ActOfMore) -> Fault:
    """Of one of the further kinds: only where Devices(every_kind=True)."""

    def more(school: School) -> MoreDevices:
        assert school.devices.more is not None  # noqa: S101 - ordered only where _every_kind lets it
        return school.devices.more

    return Fault(name, seen, lambda school: begin(more(school)), lambda school: end(more(school)), needs=_every_kind)


DEVICE_FAULTS = [
    Fault(
        "reader unplugged", "canteen-1 FAILED P-104",
        lambda school: school.readers[0].line.unplug(), lambda school: school.readers[0].line.plug(),
    ),
    Fault("readers garble", "garbled frames are counted, no wrong card", _garble, _clear),
    Fault("reader stalls", "half a frame, then silence: no card of it", _stall, _go_on),
    Fault("panel answers late", "fire-panel FAILED S-101, no wrong zone", _panel_late, _panel_in_time, seconds=4),
    Fault("panel silent", "fire-panel FAILED S-101", _panel_silent, _panel_speaks, seconds=3),
    Fault("panel busy", "nothing: it is asked again", _panel_busy, _panel_ready),
    Fault(
        "panel unplugged", "fire-panel FAILED",
        lambda school: school.panel.agent_end.unplug(), lambda school: school.panel.agent_end.plug(),
    ),
    _of_more(
        "smoke detector without power", "duct FAILED S-105",
        lambda more: more.detector.stop(), lambda more: more.detector.start(),
    ),
    _of_more(
        "RS-485 bus unplugged", "gym-1 and gym-2 FAILED P-104",
        lambda more: more.osdp.line.unplug(), lambda more: more.osdp.line.plug(),
    ),
    _of_more(
        "RS-485 bus garbles", "asked again, no wrong card",
        _bus_noise, lambda more: more.osdp.wires.disturb.clear(),
    ),
    _of_more(
        "OSDP reader without power", "gym-1 FAILED R-201, gym-2 works",
        lambda more: more.osdp.readers[1].switch_off(), lambda more: more.osdp.readers[1].switch_on(),
    ),
    _of_more("PC/SC reader unplugged", "library FAILED", lambda more: more.pcsc.unplug(), _pcsc_plug),
    _of_more(
        "pcscd killed", "library FAILED R-301", lambda more: more.pcscd.kill(), lambda more: more.pcscd.start(),
    ),
    _of_more(
        "typing reader unplugged", "hall FAILED R-401",
        lambda more: more.typing.unplug(), lambda more: more.typing.plug(),
    ),
    _of_more(
        "smoke board unplugged", "attic FAILED P-104", lambda more: more.board.unplug(), lambda more: more.board.plug(),
    ),
    _of_more(
        "GPIO chip unplugged", "door, button and hall-lamp FAILED",
        lambda more: more.chip.unplug(), lambda more: more.chip.plug(),
    ),
    _of_more(
        "loop's wire cut", "loop: WIRE CUT",
        lambda more: more.converter.set(cut=True), lambda more: more.converter.set(),
    ),
    _of_more(
        "camera stalls", "gate FAILED within ten seconds",
        lambda more: more.camera.stall(), lambda more: more.camera.go_on(),
    ),
    _of_more(
        "camera without power", "gate FAILED", lambda more: more.camera.vanish(), lambda more: more.camera.start(),
    ),
    Fault("cells killed", "their devices FAILED U-101, back at once", _kill_cells, _nothing, needs=_every_kind),
]  # fmt: skip
