"""The faults that can be ordered: what breaks, how it is mended, what a watcher should see."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from simulator.school import School

LOCKER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("begin immediate")
print("locked", flush=True)
sys.stdin.read()
"""


class Fault:
    """One fault; begin() and end() may be called once each."""

    def __init__(
        self,
        name: str,
        seen: str,
        begin: Callable[[School], Awaitable[None]],
        end: Callable[[School], Awaitable[None]],
        *,
        seconds: float = 2.0,
    ) -> None:
        self.name = name
        self.seen = seen
        self.begin = begin
        self.end = end
        self.seconds = seconds  # how long it lasts in an unhurried demonstration


_held: dict[str, subprocess.Popen[bytes]] = {}


# --- devices -------------------------------------------------------------------------------------------------------


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


async def _detector_off(school: School) -> None:
    if school.devices.detector:
        await school.devices.detector.stop()


async def _detector_on(school: School) -> None:
    if school.devices.detector:
        await school.devices.detector.start()


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


# --- the line, the broker, the centre ------------------------------------------------------------------------------


async def _cut(school: School) -> None:
    school.line.refusing = True
    school.line.cut()


async def _mend(school: School) -> None:
    school.line.refusing = False


async def _mute(school: School) -> None:
    school.line.silence(silent=True)


async def _unmute(school: School) -> None:
    school.line.silence(silent=False)
    school.line.cut()


async def _slow(school: School) -> None:
    school.line.bits_per_s, school.line.delay_s = 64_000, 0.1
    school.line.cut()


async def _fast(school: School) -> None:
    school.line.bits_per_s, school.line.delay_s = 0.0, 0.0
    school.line.cut()


async def _kill_broker(school: School) -> None:
    school.city.broker.kill()


async def _start_broker(school: School) -> None:
    await school.city.start_broker()


async def _kill_receiver(school: School) -> None:
    school.city.receivers[0].kill()


async def _start_receiver(school: School) -> None:
    await school.city.receivers[0].start()


async def _stop_database(school: School) -> None:
    """PostgreSQL is stopped; an SQLite file is held locked by another program."""
    if school.city.postgres:
        await school.city.postgres.stop()
    else:
        _lock(school.city.folder / "centre.db", "centre")


async def _start_database(school: School) -> None:
    if school.city.postgres:
        await school.city.postgres.start()
    else:
        _unlock("centre")


# --- the box -------------------------------------------------------------------------------------------------------


async def _kill_agent(school: School) -> None:
    school.agent.kill()


async def _start_agent(school: School) -> None:
    await school.agent.start()


async def _lock_outbox(school: School) -> None:
    _lock(school.box / "state/outbox.db", "outbox")


async def _unlock_outbox(_school: School) -> None:
    _unlock("outbox")


async def _fill_disk(school: School) -> None:
    """Only where the state directory is a small disk of its own (root mounts one): see fits()."""
    filler = school.box / "state/filler"
    with contextlib.suppress(OSError), open(filler, "wb") as out:
        while True:
            out.write(bytes(65_536))
            out.flush()


async def _free_disk(school: School) -> None:
    (school.box / "state/filler").unlink(missing_ok=True)


async def _jump_clock(school: School) -> None:
    school.set_clock("+1h")


async def _right_clock(school: School) -> None:
    school.set_clock("+0")


def _lock(path: Path, name: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - asked for above
    process.stdout.readline()
    _held[name] = process


def _unlock(name: str) -> None:
    process = _held.pop(name, None)
    if process is not None:
        process.kill()
        process.communicate()


def fits(fault: Fault, school: School) -> str:
    """Why a fault cannot be ordered on this machine; empty if it can."""
    if fault.name == "disk full" and not os.path.ismount(school.box / "state"):
        return "needs root, to mount a small disk"
    if fault.begin is _detector_off and not school.devices.detector:
        return "needs a smoke detector"
    if fault.name == "clock jumps" and not school.clock_file:
        return "needs Debian's package faketime"
    return ""


FAULTS = [
    Fault("reader unplugged", "canteen-1 FAILED P-104", _unplug_reader, _replug_reader),
    Fault("readers garble", "garbled frames are counted, no wrong card", _garble, _clear),
    Fault("reader stalls", "half a frame, then silence: no card of it", _stall, _go_on),
    Fault("panel answers late", "fire-panel FAILED S-101, no wrong zone", _panel_late, _panel_in_time, seconds=4),
    Fault("panel silent", "fire-panel FAILED S-101", _panel_silent, _panel_speaks, seconds=3),
    Fault("panel busy", "nothing: it is asked again", _panel_busy, _panel_ready),
    Fault("panel unplugged", "fire-panel FAILED", _panel_unplug, _panel_replug),
    Fault("smoke detector without power", "duct FAILED S-105", _detector_off, _detector_on),
    Fault("line cut", "centre offline, records owed", _cut, _mend, seconds=3),
    Fault("line silent", "no receipts", _mute, _unmute, seconds=4),
    Fault("line slow: 64 kbit/s, 100 ms", "slow, alarms first", _slow, _fast, seconds=4),
    Fault("broker killed", "centre offline", _kill_broker, _start_broker),
    Fault("receiver killed", "the other one goes on", _kill_receiver, _start_receiver),
    Fault("centre's database stopped", "no receipts, records owed", _stop_database, _start_database, seconds=4),
    Fault("agent killed", "back in a second", _kill_agent, _start_agent, seconds=0.5),
    Fault("outbox locked", "readers show wait, D-122 names the pid", _lock_outbox, _unlock_outbox, seconds=3),
    Fault("disk full", "D-121 or D-125, readers show wait at worst", _fill_disk, _free_disk, seconds=3),
    Fault("clock jumps", "a clock.corrected record", _jump_clock, _right_clock, seconds=2),
]
