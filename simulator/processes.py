"""Processes of a simulated school: started, killed, started again; their logs lie in the folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path

_ports = random.SystemRandom()  # tests run side by side: each draws its own


class Process:
    """One program with its log; start() after stop() or kill() starts it anew.

    background  it gets the processor when nobody else wants it
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        *,
        env: dict[str, str] | None = None,
        ready: str = "",
        stop_signal: signal.Signals = signal.SIGTERM,
        background: bool = False,
    ) -> None:
        self.name = name
        self._command = command
        self._log = folder / f"{name}.log"
        self.environment = os.environ | (env or {})
        self._ready = ready
        self._stop_signal = stop_signal
        self._background = background
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self, patience_s: float = 30.0) -> None:
        """Start it, and wait for its word if it has one. Raises RuntimeError with the log's end."""
        with open(self._log, "ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                start_new_session=True,
            )
        if self._background:
            give_way(self._process.pid)
        deadline = asyncio.get_running_loop().time() + patience_s
        while self._ready and self._ready.encode() not in self._log.read_bytes()[begin:]:
            if not self.running() or asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.last_words()}")
            await asyncio.sleep(0.02)

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-1500:]

    def kill(self) -> None:
        """As a power cut: SIGKILL."""
        self._end(signal.SIGKILL)

    def stall(self) -> None:
        """It hangs: connections stay open and nothing moves."""
        if self.running():
            os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """After stall(); a process that does not hang notices nothing."""
        if self.running():
            os.kill(self.pid, signal.SIGCONT)

    async def stop(self, patience_s: float = 10.0) -> int:
        """Ask it to end, then wait. Returns the exit code."""
        if self._process is None or not self.running():
            return 0
        self.go_on()  # who hangs cannot end
        self._process.send_signal(self._stop_signal)
        deadline = asyncio.get_running_loop().time() + patience_s
        while self.running():
            if asyncio.get_running_loop().time() > deadline:
                self._end(signal.SIGKILL)
                break
            await asyncio.sleep(0.02)
        return self._process.wait()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait()


def give_way(pid: int, niceness: int = 19) -> None:
    """To whoever wants the processor: of the process and of its session's group, for each session gets as much as
    another (sched(7), autogroup)."""
    os.setpriority(os.PRIO_PROCESS, pid, niceness)
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        group.write_text(str(niceness))


def free_port() -> int:
    """A TCP port of loopback that nobody has now, and that no outgoing connection gets (ip(7), local ports)."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = _ports.randrange(low // 2, low)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def mosquitto(conf: Path) -> list[str]:
    """The command of a broker; Debian has it where a user's PATH may not look."""
    return [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(conf)]


async def output(command: list[str]) -> tuple[int, str]:
    """Run a command to its end: exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def wait_for_port(port: int, patience_s: float = 15.0, host: str = "127.0.0.1") -> None:
    """Until somebody listens. Raises TimeoutError."""
    async with asyncio.timeout(patience_s):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
