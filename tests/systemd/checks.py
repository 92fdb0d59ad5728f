"""The units under a real systemd: `make test-systemd` boots a Debian tree in which this runs as root, once it is up.

Prints a line a check, and at last "0 failed". Python of the system alone: the agent has its own in /opt/mektep. What it
cannot show here is the memory controller: the machine that boots the tree decides whether there is one.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import stat
import subprocess
import sys
import time
import traceback
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

AGENT = "mektep-agent.service"
STATUS = Path("/run/mektep/status.json")
PATIENCE_S = 60.0
T = TypeVar("T")
USERS = {"gate-2": "mektep-cell", "corridor": "mektep-camera", "eyes": "mektep-eyes"}
CARD = b"\x0202004F6E6B48\r\n\x03"  # EM4100: 02 ^ 00 ^ 4F ^ 6E ^ 6B = 48


def ran(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def shown(unit: str, key: str) -> str:
    return ran("systemctl", "show", "--value", "--property", key, unit)


def until(what: str, look: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Wait for a condition. Raises AssertionError, with what it waited for."""
    end = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < end, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.1)
    return found


def status() -> dict[str, Any]:
    """What the daemon tells of itself; empty while it is being written for the first time."""
    try:
        found: dict[str, Any] = json.loads(STATUS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def readings(name: str) -> int:
    return int(status()["sources"][name]["readings"])


def code(name: str) -> str:
    """Of a source's trouble; empty if it has none."""
    return str(status().get("sources", {}).get(name, {}).get("code", ""))


def cell(name: str) -> int:
    """The process of a cell that lives, as the daemon knows it; 0 if there is none."""
    found = status().get("sources", {}).get(name, {}).get("cell") or {}
    pid = int(found.get("pid", 0))
    return pid if pid and Path(f"/proc/{pid}").exists() else 0


def cells() -> dict[str, int]:
    found = {name: cell(name) for name in USERS}
    return found if all(found.values()) else {}


def daemon() -> int:
    return int(shown(AGENT, "MainPID"))


def user(pid: int) -> str:
    words = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return pwd.getpwuid(int(re.findall(r"^Uid:\t(\d+)", words, re.MULTILINE)[0])).pw_name


def unit_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").strip().rpartition("/")[2]


def another(name: str, before: int) -> int:
    """A cell that was started again."""
    return until(f"another cell of {name}", lambda: (now := cell(name)) != before and now)


# --- the box ------------------------------------------------------------------------------------------------------


def lines() -> dict[str, int]:
    """A pty for each reader, as udev would give it to the group of serial ports. Returns our ends."""
    Path("/run/test").mkdir(exist_ok=True)
    ours = {}
    for name in ("gate-1", "gate-2"):
        ours[name], theirs = os.openpty()
        tty.setraw(theirs)
        path = Path(os.ttyname(theirs))
        os.chown(path, 0, int(ran("getent", "group", "dialout").split(":")[2]))
        path.chmod(0o660)
        link = Path("/run/test", name)
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        os.close(theirs)  # else the agent's lock on the port would outlive the agent
    return ours


LINES = lines()


# --- checks, in this order ----------------------------------------------------------------------------------------


def check_it_starts_and_says_so() -> None:
    subprocess.run(["systemctl", "start", AGENT], check=True)
    assert shown(AGENT, "ActiveState") == "active"
    assert shown(AGENT, "StatusText")
    assert user(daemon()) == "mektep"


def check_a_card_is_read_in_the_daemon() -> None:
    until("gate-1 works", lambda: status().get("sources", {}).get("gate-1", {}).get("state") == "working")
    before = readings("gate-1")
    os.write(LINES["gate-1"], CARD)
    until("a card", lambda: readings("gate-1") == before + 1)


def check_each_cell_has_its_own_user_and_unit() -> None:
    pids = until("three cells", cells)
    for name, pid in pids.items():
        assert user(pid) == USERS[name], (name, user(pid))
        assert unit_of(pid).startswith(f"{USERS[name]}@"), (name, unit_of(pid))
        assert shown(unit_of(pid), "StatusText") == name
        until("its memory", lambda of=name: status()["sources"][of]["cell"]["memory_mb"] > 5)


def check_a_credential_of_the_folder_reaches_its_reader() -> None:
    until("nobody answers with that key", lambda: code("gate-2") == "R-201")


def check_pictures_reach_the_eyes_and_nobody_else() -> None:
    """The memory has no name: a process has it by its handle, a reader's cell has none."""
    until("the eyes work", lambda: status()["sources"]["eyes"]["state"] == "working")
    for name, pid in cells().items():
        held = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
        has = any("mektep-picture" in one for one in held)
        assert has is (USERS[name] in ("mektep-camera", "mektep-eyes")), (name, held)
    (eyes,) = (pid for name, pid in cells().items() if USERS[name] == "mektep-eyes")
    slot = next(link for link in Path(f"/proc/{eyes}/fd").iterdir() if "mektep-picture" in str(link.readlink()))
    before = slot.read_bytes()[:64]
    until("another picture", lambda: slot.read_bytes()[:64] != before)


def check_a_cell_may_neither_see_nor_signal_what_is_not_its_own() -> None:
    for name, pid in cells().items():
        root = Path(f"/proc/{pid}/root")
        for hidden in ("etc/mektep", "var/lib/mektep"):
            assert stat.S_IMODE((root / hidden).stat().st_mode) == 0, (name, hidden)


def check_no_page_of_memory_reaches_a_disk() -> None:
    for unit in (AGENT, "mektep-clock.service", *map(unit_of, cells().values())):
        assert shown(unit, "MemorySwapMax") == "0", unit
        assert shown(unit, "LimitCORE") == "0", unit
    for pid in (daemon(), *cells().values()):
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        assert re.search(r"^Max core file size\s+0\s+0", limits, re.MULTILINE), pid


def check_nothing_listens_on_the_network() -> None:
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for row in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
            local, remote, state = row.split()[1:4]
            assert state not in ("0A", "07") or int(remote.partition(":")[2], 16) != 0, (table, local)


def check_the_clock_is_told() -> None:
    told = Path("/run/mektep-clock/synced")
    until("a word on the clock", told.exists)
    before = told.read_text(encoding="ascii")
    until("another word", lambda: told.read_text(encoding="ascii") != before)
    asked = "timedatectl show --property NTPSynchronized --value"
    assert told.read_text(encoding="ascii")[0] == {"yes": "1", "no": "0"}[ran(*asked.split())]
    until("the daemon hears it", lambda: status()["clock"] == ("synced" if told.read_text()[0] == "1" else "unsynced"))


def check_a_cell_that_is_killed_is_had_again() -> None:
    for name, pid in until("three cells", cells).items():
        os.kill(pid, signal.SIGKILL)
        another(name, pid)
        assert status()["sources"][name]["cell"]["falls"] >= 1


def check_a_cell_that_is_stuck_is_ended_by_its_watchdog() -> None:
    pid = until("three cells", cells)["gate-2"]
    unit = unit_of(pid)
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    until("its end", lambda: not Path(f"/proc/{pid}").exists(), 15)
    took_s = time.monotonic() - began
    assert 5 < took_s < 12, took_s
    assert "watchdog" in ran("journalctl", "--unit", unit, "--no-pager").lower()
    another("gate-2", pid)


def check_a_daemon_that_is_killed_is_started_again_and_its_cells_end() -> None:
    pid, old = daemon(), until("three cells", cells)
    os.kill(pid, signal.SIGKILL)
    until("the cells' end", lambda: not any(Path(f"/proc/{one}").exists() for one in old.values()), 15)
    until("another daemon", lambda: daemon() not in (0, pid) and shown(AGENT, "ActiveState") == "active")
    until("its cells", lambda: (now := cells()) and not set(now.values()) & set(old.values()))


def check_a_daemon_that_is_stuck_is_ended_by_its_watchdog() -> None:
    pid = daemon()
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    until("another daemon", lambda: daemon() not in (0, pid) and shown(AGENT, "ActiveState") == "active", 90)
    assert time.monotonic() - began < 60
    assert shown(AGENT, "Result") == "success"
    until("its cells", cells)


def check_it_is_started_again_without_end_and_without_a_storm() -> None:
    for _ in range(7):  # five starts in ten seconds are what systemd allows by itself
        pid = until("a daemon", daemon)
        os.kill(pid, signal.SIGKILL)
        until("another daemon", lambda before=pid: daemon() not in (0, before))
    until("it works", lambda: shown(AGENT, "ActiveState") == "active")


def check_it_stops_in_order_and_in_time() -> None:
    old = until("three cells", cells)
    pid = daemon()
    began = time.monotonic()
    subprocess.run(["systemctl", "stop", AGENT], check=True)
    took_s = time.monotonic() - began
    assert took_s < 20, took_s
    assert shown(AGENT, "Result") == "success"
    assert not Path(f"/proc/{pid}").exists()
    until("the cells' end", lambda: not any(Path(f"/proc/{one}").exists() for one in old.values()), 15)
    assert not ran("systemctl", "list-units", "--failed", "--plain", "--no-legend", "mektep-*")
    print(f"      stopped in {took_s:.1f} s")


def check_it_starts_without_credentials() -> None:
    folder = Path("/etc/mektep/credentials")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    subprocess.run(["systemctl", "start", AGENT], check=True)
    until("it says which secret is missing", lambda: code("gate-2") == "T-120")


def main() -> int:
    failed = 0
    for name, check in [(name, one) for name, one in globals().items() if name.startswith("check_")]:
        began = time.monotonic()
        try:
            check()
        except Exception:  # noqa: BLE001 - a check that fails is told, and the next one runs
            failed += 1
            print(f"FAIL  {name.removeprefix('check_').replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
        else:
            took_s = time.monotonic() - began
            print(f"ok    {name.removeprefix('check_').replace('_', ' ')}  ({took_s:.1f} s)", flush=True)
    if failed:
        print(ran("journalctl", "--boot", "--no-pager", "--lines", "150"), flush=True)
    print(f"{failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
