"""pcscd run privately: on a socket of our own, with the readers that we name and nothing from USB.

pcscd's own socket path is compiled in, but it takes a socket that is handed over, as systemd does; clients find it by
PCSCLITE_CSOCK_NAME. libpcsclite looks at that variable once a process: one path for all services of a process.
pcscd writes its pid into /run/pcscd, where it may; nothing else of the system is touched.

`python -m simulator.pcsc_service SOCKET CONFIG` becomes pcscd.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from simulator.processes import Process

PROGRAM = "/usr/sbin/pcscd"
SYSTEM_DRIVERS = Path("/usr/lib/pcsc/drivers")
SERIAL_CCID = SYSTEM_DRIVERS / "serial/libccidtwin.so"
BUNDLE = Path("ifd-ccid.bundle/Contents/Info.plist")
OWN_USERS_ONLY = "--disable-polkit"  # newer ones ask polkit, which a private service has none of
LISTEN_FD = 3  # sd_listen_fds(3)
READER = 'FRIENDLYNAME "{name}"\nDEVICENAME {device}:GemPCTwin\nLIBPATH {driver}\n'


class PcscService(Process):
    """The service for a few readers: name -> the serial device that speaks CCID (simulator/pcsc_reader.py).

    escapes  commands for the reader itself pass also while no card is there, as ifdDriverOptions of libccid allows
    """

    def __init__(self, folder: Path, path: Path, readers: Mapping[str, Path], *, escapes: bool = True) -> None:
        self.path = path  # for PCSCLITE_CSOCK_NAME
        self._config, self._drivers = folder / "reader.conf", folder / "drivers"
        self._readers, self._escapes = readers, escapes
        self._looking: asyncio.Task[None] | None = None
        command = [sys.executable, "-m", "simulator.pcsc_service", str(path), str(self._config)]
        env = {"PCSCLITE_HP_DROPDIR": str(self._drivers)}
        super().__init__("pcscd", command, folder, env=env, ready="daemon ready")

    async def start(self, patience_s: float = 30.0) -> None:
        """Anew: one that runs is ended first, whoever started it; no two listen in one place."""
        self.kill()
        readers = (
            READER.format(name=name, device=device, driver=SERIAL_CCID) for name, device in self._readers.items()
        )
        self._config.write_text("".join(readers))
        _write_options(self._drivers / BUNDLE, self._escapes)
        await super().start(patience_s)

    def look_again(self) -> None:
        """See which readers are there now. On USB udev tells it; it looks for serial ones at its start only."""
        if self.running():
            self.kill()
            self._looking = asyncio.create_task(self.start())

    async def looked(self) -> None:
        """Until it has seen what there is after a plug."""
        if self._looking is not None:
            await self._looking

    async def end(self) -> None:
        """End, and leave no socket: nobody listens there any more."""
        if self._looking is not None:
            await asyncio.gather(self._looking, return_exceptions=True)
        self.kill()
        self.path.unlink(missing_ok=True)


def _write_options(plist: Path, escapes: bool) -> None:
    """libccid's own list, with or without leave for escape commands."""
    head, key, rest = (SYSTEM_DRIVERS / BUNDLE).read_text().partition("<key>ifdDriverOptions</key>")
    plist.parent.mkdir(parents=True, exist_ok=True)
    plist.write_text(head + key + rest.replace("<string>0x0000<", f"<string>0x{int(escapes):04X}<", 1))


def become_pcscd(path: str, config: str) -> None:
    """Listen, and hand the socket over."""
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    os.dup2(listening.fileno(), LISTEN_FD)
    os.set_inheritable(LISTEN_FD, True)  # dup2 leaves it as it was if it is that descriptor already
    words = [PROGRAM, "--foreground", "--info", "--config", config]
    if OWN_USERS_ONLY in subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False).stdout:
        words.append(OWN_USERS_ONLY)
    environment = os.environ | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execve(PROGRAM, words, environment)  # noqa: S606


if __name__ == "__main__":
    become_pcscd(*sys.argv[1:])
