"""What a cell tells systemd where it is a unit of its own: that it is ready, whose it is, and that it lives.

Wire    sd_notify(3): one datagram to the socket named by NOTIFY_SOCKET; a leading @ means the abstract namespace.
Not     why it ends: that it tells the daemon. A cell that the daemon started itself has nobody to tell.
"""

from __future__ import annotations

import contextlib
import os
import socket


class CellUnit:
    """address: value of NOTIFY_SOCKET, or "" outside a unit."""

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def ours(cls) -> CellUnit:
        """As the environment says, which no library needs to know."""
        return cls(os.environ.pop("NOTIFY_SOCKET", ""))

    def ready(self, name: str) -> None:
        """With the names of its devices, for `systemctl status`."""
        self._send(f"READY=1\nSTATUS={name}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            with contextlib.suppress(OSError):  # busy: the next one comes in a second; deaf: the watchdog will show
                out.sendto(text.encode(), self._address)
