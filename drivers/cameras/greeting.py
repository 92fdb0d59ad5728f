"""Says hello to an RTSP camera without a password: is it there, is it one, is it the one of the certificate?

Wire    OPTIONS url RTSP/1.0, CSeq 1; a camera answers RTSP/1.0 200, or 401 if it wants to know who asks. RFC 2326.
Raises  DeviceError V-101 no way, V-108 certificate, V-110 not RTSP. Bounded in time and bytes.
"""

from __future__ import annotations

import re
import socket
import ssl
import time

import msgspec

from drivers.cameras.troubles import unreachable
from drivers.errors import DeviceError

GREET_S = 3.0  # for all of it
ANSWER_BYTES = 4096
STATUS = re.compile(rb"RTSP/1\.[0-9] ([0-9]{3})\b")


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Where to knock."""

    name: str  # for people
    url: str  # without name and password
    host: str
    port: int
    ca: str = ""  # a CA's file: TLS
    certified: str = ""  # the name in the certificate, if not the host's


def greet(door: Door) -> int:
    """The status of its answer. Raises DeviceError."""
    until_s = time.monotonic() + GREET_S
    try:
        with socket.create_connection((door.host, door.port), GREET_S) as plain, _secured(plain, door) as line:
            return _status(_ask(line, door, until_s), door)
    except ssl.SSLCertVerificationError as error:
        raise DeviceError(
            "V-108", f"{door.name} has another certificate: {error.verify_message}", do="Check `ca` and `certified`."
        ) from None
    except ssl.SSLError as error:
        raise DeviceError("V-108", f"no TLS with {door.name}: {error.reason}", do="Check port and `ca`.") from None
    except TimeoutError:
        raise unreachable(door.name, "no answer in time") from None
    except (OSError, ValueError) as error:  # ValueError: a host that no name can be
        raise unreachable(door.name, getattr(error, "strerror", None) or type(error).__name__) from None


def _secured(plain: socket.socket, door: Door) -> socket.socket:
    if not door.ca:
        return plain
    try:
        context = ssl.create_default_context(cafile=door.ca)
    except (OSError, ValueError) as error:
        raise DeviceError(
            "V-108", f"{door.ca} cannot be used: {error.__class__.__name__}", do="Give the camera's CA as a PEM file."
        ) from None
    return context.wrap_socket(plain, server_hostname=door.certified or door.host)


def _ask(line: socket.socket, door: Door, until_s: float) -> bytes:
    """The beginning of its answer."""
    line.sendall(f"OPTIONS {door.url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: mektep-agent\r\n\r\n".encode())
    answer = b""
    while b"\n" not in answer and len(answer) < ANSWER_BYTES:
        line.settimeout(max(0.001, until_s - time.monotonic()))
        more = line.recv(ANSWER_BYTES)
        if not more:
            break
        answer += more
    if not answer:
        raise unreachable(door.name, "it hung up")
    return answer


def _status(answer: bytes, door: Door) -> int:
    found = STATUS.match(answer)
    if found is None:
        raise DeviceError(
            "V-110", f"{door.name} does not speak RTSP", do="Check address and port; turn RTSP on in the camera's page."
        )
    return int(found[1])
