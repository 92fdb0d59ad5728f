"""Cameras that answer a WS-Discovery question on the network: one multicast, then what comes in a few seconds.

Wire    UDP to 239.255.255.250:3702, SOAP 1.2: Probe for dn:NetworkVideoTransmitter and for tds:Device; a ProbeMatch
        has Types, Scopes (onvif://www.onvif.org/name/..., /hardware/...) and XAddrs.
Source  WS-Discovery 2005/04; ONVIF Core, "Device discovery".
Hostile the XML is read without a document type, so that there are no entities at all (SOAP forbids one); size, depth
        and number are bounded; a camera's address is where its answer came from, never what the answer says.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import unquote
from xml.parsers import expat

import msgspec

from drivers.discovery.found import Found, Kind, Sure, Why, printable

GROUP, PORT = "239.255.255.250", 3702
ANSWER_MOST = 32_768
HEAD_BYTES = 256  # what an answer takes besides, the empty one too
DEPTH_MOST = 32
CAMERAS_MOST = 256
HEARD_MOST = 4_194_304  # bytes of all answers; 256 cameras say less than 1 MB
AGAIN_S = 0.3  # UDP may lose the question: it is asked twice
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ONVIF = "onvif://www.onvif.org/"
WANTED = (
    ("NetworkVideoTransmitter", "http://www.onvif.org/ver10/network/wsdl"),
    ("Device", "http://www.onvif.org/ver10/device/wsdl"),
)
QUESTION = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="{soap}" xmlns:a="{addressing}" xmlns:d="{discovery}" xmlns:t="{namespace}"><s:Header>'
    "<a:Action>{discovery}/Probe</a:Action><a:MessageID>urn:uuid:{id}</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
    "<s:Body><d:Probe><d:Types>t:{type}</d:Types></d:Probe></s:Body></s:Envelope>"
)


class Match(msgspec.Struct, frozen=True):
    """One device of an answer."""

    types: tuple[str, ...]
    scopes: tuple[str, ...]

    @property
    def is_camera(self) -> bool:
        return any(scope.startswith(ONVIF) for scope in self.scopes) or any(
            name.rpartition(":")[2] == WANTED[0][0] for name in self.types
        )

    @property
    def words(self) -> str:
        """Name and hardware, as the scopes tell them; empty if they do not."""
        told = [self._scope("name"), self._scope("hardware")]
        return " ".join(dict.fromkeys(word for word in told if word))

    def _scope(self, kind: str) -> str:
        start = f"{ONVIF}{kind}/"
        return next((printable(unquote(one[len(start) :]), 40) for one in self.scopes if one.startswith(start)), "")


def question(type_: str, namespace: str, message: str) -> bytes:
    return QUESTION.format(
        soap=SOAP, addressing=ADDRESSING, discovery=DISCOVERY, namespace=namespace, type=type_, id=message
    ).encode()


class _Walk:
    """Gathers the texts of ProbeMatch elements while expat walks."""

    def __init__(self) -> None:
        self.matches: list[Match] = []
        self.related = ""
        self._path: list[str] = []
        self._texts: dict[str, str] = {}

    def start(self, name: str, _attributes: object) -> None:
        self._path.append(name)
        if len(self._path) > DEPTH_MOST:
            raise ValueError("too deep")
        if name == f"{DISCOVERY} ProbeMatch":
            self._texts = {}

    def end(self, name: str) -> None:
        if name == f"{DISCOVERY} ProbeMatch":
            types, scopes = (tuple(self._texts.get(key, "").split()) for key in ("Types", "Scopes"))
            self.matches.append(Match(types, scopes))
        self._path.pop()

    def text(self, data: str) -> None:
        here = self._path[-1]
        if here == f"{ADDRESSING} RelatesTo":
            self.related += data
        elif f"{DISCOVERY} ProbeMatch" in self._path:
            key = here.rpartition(" ")[2]
            self._texts[key] = self._texts.get(key, "") + data


def read(datagram: bytes) -> tuple[str, list[Match]]:
    """Which question it answers, and the devices. Raises ValueError if it is no answer that may be read."""
    if len(datagram) > ANSWER_MOST:
        raise ValueError("too long")
    walk = _Walk()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    try:
        parser.Parse(datagram, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise ValueError(f"no XML: {error}") from error
    return walk.related.strip(), walk.matches


def _refuse(*_: object) -> None:
    raise ValueError("SOAP has no document type")


def found(datagram: bytes, host: str, asked: set[str]) -> Iterator[Found]:
    """The cameras of one answer to a question of ours."""
    with contextlib.suppress(ValueError):
        related, matches = read(datagram)
        if related not in asked:
            return
        for match in matches:
            if match.is_camera:
                what = f"{match.words} (ONVIF)" if match.words else "camera (ONVIF)"
                yield Found(
                    kind=Kind.CAMERA, what=what, name=host, host=host, sure=Sure.CERTAIN, why=Why.ANSWER
                )  # fmt: skip


async def look(interfaces: Sequence[str], seconds: float) -> AsyncIterator[Found]:
    """Each camera that answers, once."""
    seen: set[str] = set()
    reached = False
    async with contextlib.AsyncExitStack() as stack:
        ears = [ear for name in interfaces if (ear := _Ear.on(name))]
        for ear in ears:
            stack.callback(ear.close)
        for again in range(2):
            told = [ear.ask() for ear in ears]
            reached = reached or any(told)
            await asyncio.sleep(AGAIN_S if again == 0 else max(seconds - AGAIN_S, 0.0))
        for one in (one for ear in ears for one in ear.found()):
            if one.host not in seen and len(seen) < CAMERAS_MOST:
                seen.add(one.host)
                yield one
    if not reached:
        yield Found(
            kind=Kind.CAMERA, what="network", name=", ".join(interfaces) or "—", sure=Sure.CERTAIN, why=Why.SILENT,
            code="X-112", fact="no network on which cameras could be asked",
            do="Plug the network cable in; `ip address` shows whether the box has an address.",
        )  # fmt: skip


class _Ear:
    """A socket on one network: asks, and keeps what comes, up to a bound."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._asked = {f"urn:uuid:{uuid.uuid4()}": wanted for wanted in WANTED}
        self._heard: dict[tuple[str, bytes], None] = {}
        self._room = HEARD_MOST
        asyncio.get_running_loop().add_reader(sock, self._hear)

    @classmethod
    def on(cls, interface: str) -> _Ear | None:
        """None if there is no such network."""
        try:
            index = socket.if_nametoindex(interface)
        except OSError:
            return None
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        except OSError:
            sock.close()
            return None
        return cls(sock)

    def ask(self) -> bool:
        """False if this network cannot be asked."""
        try:
            for id_, (type_, namespace) in self._asked.items():
                self._socket.sendto(question(type_, namespace, id_.removeprefix("urn:uuid:")), (GROUP, PORT))
        except OSError:
            return False
        return True

    def _hear(self) -> None:
        with contextlib.suppress(OSError):
            data, (host, _) = self._socket.recvfrom(ANSWER_MOST + 1)
            if (host, data) not in self._heard and len(data) <= self._room:
                self._heard[host, data] = None
                self._room -= len(data) + HEAD_BYTES

    def found(self) -> Iterator[Found]:
        for host, data in self._heard:
            yield from found(data, host, set(self._asked))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
