"""A Debian tree that is booted by its own systemd, with a network cable to this machine: a box that costs nothing.

Wants   root, systemd-nspawn, and a network namespace of its own: the box's firewall and addresses touch nobody else's.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

HERE, THERE = "10.77.0.1", "10.77.0.2"  # this machine, by an address of `lo`, and the box
CABLE = "10.77.0.3"  # this machine's end of it
MACHINE = "box"
BOOT_S = 180.0
CALLS = "bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self"  # as scripts/test-systemd
TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER = 0x40045431, 0x80045430, 0x5441  # ioctl_tty(2)
T = TypeVar("T")


class Said(NamedTuple):
    """What a command in the box came to."""

    code: int
    out: str


class Tree:
    """boot() it, ask it, off() it."""

    def __init__(self, root: Path, console: Path, binds: dict[Path, str]) -> None:
        """binds: what of this machine is seen in the box, and where; read-only."""
        self.root, self._console, self._binds = root, console, binds
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    async def boot(self) -> None:
        """Returns when its systemd has started all that it starts."""
        words = ["systemd-nspawn", "--quiet", f"--directory={self.root}", f"--machine={MACHINE}", "--register=no"]
        words += ["--keep-unit", "--network-veth", "--capability=all", f"--system-call-filter={CALLS}"]
        words += ["--resolv-conf=off", *(f"--bind-ro={here}:{there}" for here, there in self._binds.items()), "--boot"]
        with self._console.open("wb") as console:
            self._nspawn = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        self._leader = await until("the tree's own systemd", self._first_process, BOOT_S)
        await until("the box's end of the cable", lambda: self.ask("ip", "link", "show", "host0").code == 0, BOOT_S)
        subprocess.run(["ip", "address", "add", f"{CABLE}/24", "dev", f"ve-{MACHINE}"], check=True)
        subprocess.run(["ip", "link", "set", f"ve-{MACHINE}", "up"], check=True)
        self.must("ip", "address", "add", f"{THERE}/24", "dev", "host0")
        self.must("ip", "link", "set", "host0", "up")
        await until("a booted box", lambda: self._booted() in ("running", "degraded"), BOOT_S)

    def _first_process(self) -> int:
        """Process 1 of the box, once it is systemd."""
        pid = self._nspawn.pid if self._nspawn else 0
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
            except OSError:
                continue
        return 0

    def runs(self) -> bool:
        return self._leader > 0

    def _booted(self) -> str:
        return self.ask("systemctl", "is-system-running").out.strip()

    async def off(self) -> None:
        """The plug is pulled, if it does not go off by itself."""
        if self._nspawn is None:
            return
        self._nspawn.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._nspawn.wait, 60)
        except subprocess.TimeoutExpired:
            os.kill(self._leader, signal.SIGKILL)
            await asyncio.to_thread(self._nspawn.wait, 60)

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, *words: str, patience_s: float = 600.0) -> Said:
        """A command of root's in the box: its exit code and all that it says."""
        inside = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net", "--pid"]
        inside += ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]
        inside += ["DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run(
            [*inside, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=patience_s, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout)

    def must(self, *words: str) -> str:
        """Raises AssertionError with what it said."""
        said = self.ask(*words)
        assert said.code == 0, f"{' '.join(words)}: exit code {said.code}\n{said.out[-3000:]}"
        return said.out

    def shown(self, unit: str, key: str) -> str:
        return self.ask("systemctl", "show", "--value", "--property", key, unit).out.strip()

    def journal(self, lines: int = 120) -> str:
        return self.ask("journalctl", "--boot", "--no-pager", "--lines", str(lines)).out

    # --- devices ------------------------------------------------------------------------------------------------------

    def inside(self, path: str) -> Path:
        """A path of the box, also where only the box has it mounted."""
        return Path(f"/proc/{self._leader}/root{path}")

    def open_pty(self) -> tuple[int, int, str]:
        """A serial line that ends in the box, for the group of serial ports, as udev would give it."""
        master = os.open(self.inside("/dev/pts/ptmx"), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
        number = struct.unpack("i", fcntl.ioctl(master, TIOCGPTN, bytes(4)))[0]
        slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        name = f"/dev/pts/{number}"
        os.fchown(slave, 0, int(self.must("getent", "group", "dialout").split(":")[2]))
        os.fchmod(slave, 0o660)
        fcntl.ioctl(slave, termios.TIOCNXCL)
        return master, slave, name


async def until(what: str, look: Callable[[], T], patience_s: float = 120.0, pause_s: float = 0.2) -> T:
    """Wait for a condition. Raises AssertionError, with what it waited for."""
    end_s = time.monotonic() + patience_s
    while not (found := await asyncio.to_thread(look)):
        assert time.monotonic() < end_s, f"not within {patience_s:.0f} s: {what}"
        await asyncio.sleep(pause_s)
    return found
