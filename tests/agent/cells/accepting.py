"""What systemd does for a socket with Accept=yes: for each connection a process, with the connection as its input."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import drivers

CELL = [sys.executable, "-P", "-m", "drivers.cell"]


class Accepting:
    """`heard`: what its processes have told, as sd_notify."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self._command = command
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "cell.sock"))
        self._listener.listen()
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(folder / "notify"))
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def environment(self) -> Mapping[str, str]:
        """The daemon's."""
        return {"MEKTEP_CELLS": str(self.folder)}

    def heard(self) -> list[bytes]:
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self._notified.recv(4096, socket.MSG_DONTWAIT))
        return found

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self._notified.close()
        for process in self.processes:
            process.kill()
            process.wait()

    def _accept(self) -> None:
        source = str(Path(drivers.__file__).resolve().parents[1])
        unit = {"PATH": os.defpath, "PYTHONPATH": source, "NOTIFY_SOCKET": str(self.folder / "notify")}
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            with end:
                self.processes.append(
                    subprocess.Popen(self._command, stdin=end, env=unit, cwd="/", start_new_session=True)
                )


@contextmanager
def accepting(folder: Path, command: list[str] | None = None) -> Iterator[Accepting]:
    units = Accepting(folder, command or CELL)
    try:
        yield units
    finally:
        units.close()
