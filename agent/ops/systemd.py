"""What systemd wants to hear: READY, WATCHDOG, STATUS, STOPPING.

Wire    sd_notify(3): one datagram to the socket named by NOTIFY_SOCKET; a leading @ means the abstract namespace.
"""

from __future__ import annotations

import logging
import socket

log = logging.getLogger("agent.systemd")


class Notifier:
    """Sends notifications; silent where no systemd listens.

    address  value of NOTIFY_SOCKET, or "" outside systemd
    """

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._deaf = False

    def ready(self) -> None:
        self._send("READY=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self, status: str) -> None:
        """Feed the watchdog and show one line in `systemctl status`."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            try:
                out.sendto(text.encode(), self._address)
            except BlockingIOError:
                return  # systemd is busy: the next one comes in a second
            except OSError as error:
                if not self._deaf:  # a school goes on without a listener; a watchdog that hears nothing restarts us
                    log.warning("systemd does not listen at NOTIFY_SOCKET: %s", error)
                self._deaf = True
                return
            self._deaf = False
