"""The faults that can be ordered: of devices, of the line and the centre, of the box itself."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from simulator.device_faults import DEVICE_FAULTS
from simulator.fault import Fault
from simulator.school import School

LOCKER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("begin immediate")
print("locked", flush=True)
sys.stdin.read()
"""

_held: dict[str, subprocess.Popen[bytes]] = {}


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
    school.devices.let_go()


async def _start_agent(school: School) -> None:
    await school.agent.start()


async def _lock_outbox(school: School) -> None:
    _lock(school.box / "state/outbox.db", "outbox")


async def _unlock_outbox(_school: School) -> None:
    _unlock("outbox")


async def _fill_disk(school: School) -> None:
    """Only where the state directory is a small disk of its own: root mounts one."""
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


def _small_disk(school: School) -> str:
    return "" if os.path.ismount(school.box / "state") else "needs root, to mount a small disk"


def _own_clock(school: School) -> str:
    return "" if school.clock_file else "needs Debian's package faketime"


FAULTS = [
    *DEVICE_FAULTS,
    Fault("line cut", "centre offline, records owed", _cut, _mend, seconds=3),
    Fault("line silent", "no receipts", _mute, _unmute, seconds=4),
    Fault("line slow: 64 kbit/s, 100 ms", "slow, alarms first", _slow, _fast, seconds=4),
    Fault("broker killed", "centre offline", _kill_broker, _start_broker),
    Fault("receiver killed", "the other one goes on", _kill_receiver, _start_receiver),
    Fault("centre's database stopped", "no receipts, records owed", _stop_database, _start_database, seconds=4),
    Fault("agent killed", "back in a second", _kill_agent, _start_agent, seconds=0.5),
    Fault("outbox locked", "readers show wait, D-122 names the pid", _lock_outbox, _unlock_outbox, seconds=3),
    Fault(
        "disk full", "D-121 or D-125, readers show wait at worst", _fill_disk, _free_disk, seconds=3, needs=_small_disk
    ),
    Fault("clock jumps", "a clock.corrected record", _jump_clock, _right_clock, seconds=2, needs=_own_clock),
]
