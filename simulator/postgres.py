"""A private PostgreSQL cluster on loopback: its own folder and port, nothing of a running one is touched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from simulator.processes import Process, free_port

USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package brings this user
KILLED_S = 10.0  # the kernel is never that slow
QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")

AWAY = psycopg.OperationalError  # it does not answer


class Postgres:
    """start() gives the URL; stop() or kill() and start() again keep the data.

    One that is not `lasting` writes nothing through to the disk: quicker, and only a power cut tells it apart.
    """

    def __init__(self, *, lasting: bool = True) -> None:
        self._lasting = lasting
        self._folder = Path(tempfile.mkdtemp(prefix="mektep-postgres-"))  # where another user can reach it
        self._data = self._folder / "data"
        self.port = free_port()
        self.url = f"postgresql://mektep@127.0.0.1:{self.port}/postgres"
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        where = ["-D", str(self._data), "-p", str(self.port), "-k", str(self._folder)]
        self._server = Process(
            "postgres",
            self._as_user(
                str(self._bin / "postgres"), *where, "-c", "listen_addresses=127.0.0.1", *([] if lasting else QUICK)
            ),
            self._folder,
            ready="ready to accept connections",
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for the clients to leave
        )

    async def start(self) -> str:
        """Make the cluster if it is new, and start it. Raises RuntimeError with what it said."""
        if not self._data.exists():
            self._make()
        await self._server.start()
        return self.url

    def rows(self, sql: str, *args: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with psycopg.connect(self.url) as db:
            return db.execute(sql.encode(), args).fetchall()

    async def kill(self) -> None:
        """As a power cut: SIGKILL to the server and to each of its processes."""
        first = self._server.pid
        children = [int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split()]
        self._server.kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + KILLED_S
        while any(_lives(pid) for pid in children):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a process of PostgreSQL {first} outlives SIGKILL")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        await self._server.stop()

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._folder, USER)
        words = ["-D", str(self._data), "-U", "mektep", "--auth", "trust", "-E", "UTF8", "--no-locale"]
        words += [] if self._lasting else ["--no-sync"]
        done = subprocess.run(
            self._as_user(str(self._bin / "initdb"), *words), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr}")

    def _as_user(self, *command: str) -> list[str]:
        if os.geteuid() != 0:
            return list(command)
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--", *command]


def _lives(pid: int) -> bool:
    """A zombie that nobody has waited for yet is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
