"""A private PostgreSQL cluster on loopback: its own folder and port, nothing of a running one is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from simulator.processes import free_port

USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package brings this user


class Postgres:
    """start() gives the URL; stop() and start() again keep the data."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mektep-postgres-"))  # where another user can reach it
        self.port = free_port()
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.url = f"postgresql://mektep@127.0.0.1:{self.port}/postgres"

    async def start(self) -> str:
        """Make the cluster if it is new, and start it."""
        data = self._folder / "data"
        if not data.exists():
            if os.geteuid() == 0:
                shutil.chown(self._folder, USER)
            self._run("initdb", "-D", str(data), "-U", "mektep", "--auth", "trust", "-E", "UTF8", "--no-locale")
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        return self.url

    async def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "fast", "stop", check=False)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *args: str, check: bool = True) -> None:
        root = os.geteuid() == 0
        done = subprocess.run(
            [str(self._bin / program), *args],
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,  # the server keeps what it inherits
            stderr=subprocess.STDOUT if program == "initdb" else subprocess.DEVNULL,
            text=True,
            check=False,
            cwd="/",
            user=USER if root else None,
            group=pwd.getpwnam(USER).pw_gid if root else None,
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout or self._folder / 'log'}")
