"""The far side of the wire, written from docs/protocol.md alone: a box that does as a test tells it, well or badly."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

EPOCH = "6f1d2c9e-0b7a-4a53-9c7e-5d4f3b2a1908"
OTHER_EPOCH = "11111111-2222-4333-8444-555555555555"
SESSION = "0123456789abcdef0123456789abcdef"
PATIENCE_S = 30.0


def until(fact: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < deadline_s, "it did not come to be"
        time.sleep(0.01)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def signed(key: Ed25519PrivateKey, kind: str, topic: str, payload: bytes, *statement: str) -> dict[str, str]:
    """The user properties of a signed message."""
    lines = ["mektep/v1/signature", kind, topic, hashlib.sha256(payload).hexdigest(), *statement]
    text = "".join(f"{line}\n" for line in lines).encode()
    name = hashlib.sha256(public(key)).hexdigest()[:16]
    return {"key": name, "sig": base64.b64encode(key.sign(text)).decode()}


def event(school: str, lane: str, sequence: int, /, *, epoch: str = EPOCH, **changes: Any) -> bytes:
    """The bytes of one event; an attribute that is None is left out."""
    number = f"{sequence:019d}"
    attributes = {
        "specversion": "1.0",
        "id": number,
        "sequence": number,
        "source": f"/schools/{school}/{epoch}/{lane}",
        "type": "kz.mektep.card.seen.v1",
        "time": "2026-11-23T08:12:39.123456Z",
        "partitionkey": school,
        "data": {"n": sequence},
    } | changes
    return json.dumps({name: value for name, value in attributes.items() if value is not None}).encode()


def loss(school: str, sequence: int, lane: str, first: int, last: int, **changes: Any) -> bytes:
    """A record that a range of a lane will never come."""
    data = {"epoch": EPOCH, "lane": lane, "first": first, "last": last, "count": last - first + 1, "reason": "space"}
    return event(school, "record", sequence, type="kz.mektep.loss.v1", data=data | changes)


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    properties: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.payload)


@dataclass
class FarBox:
    """Its key and school make messages; connect() and it sends them and hears what comes down."""

    school: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    heard: list[Message] = field(default_factory=list)
    codes: list[ReasonCode] = field(default_factory=list)  # of the broker, one for each message sent

    def __post_init__(self) -> None:
        self._client: Client | None = None

    # --- what it makes ----------------------------------------------------------------------------------------------

    @property
    def key_base64(self) -> str:
        return base64.b64encode(public(self.key)).decode()

    def topic(self, rest: str) -> str:
        return f"mektep/v1/{self.school}/{rest}"

    def events(self, lane: str, first: int, last: int, **changes: Any) -> list[bytes]:
        return [event(self.school, lane, sequence, **changes) for sequence in range(first, last + 1)]

    def batch(self, lane: str, first: int, bodies: list[bytes], /, *, epoch: str = EPOCH, **changes: str) -> Message:
        """changes spoil properties after the signature."""
        message = self.batch_of(lane, first, first + len(bodies) - 1, b"[" + b",".join(bodies) + b"]", epoch)
        return Message(message.topic, message.payload, message.properties | changes)

    def batch_of(self, lane: str, first: int, last: int, payload: bytes, epoch: str = EPOCH, **changes: str) -> Message:
        topic = self.topic(f"events/{lane}")
        statement = {"epoch": epoch, "first": str(first), "last": str(last)}
        lines = [f"{name}={value}" for name, value in statement.items()]
        return Message(topic, payload, signed(self.key, "batch", topic, payload, *lines) | statement)

    def message(self, rest: str, kind: str, body: dict[str, Any] | bytes) -> Message:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Message(self.topic(rest), payload, signed(self.key, kind, self.topic(rest), payload))

    def part(self, name: str, sealed: bytes, offset: int, length: int = 16_384, /, **changes: str) -> Message:
        """Some bytes of a sealed file; changes spoil properties after the signature."""
        statement = {"sha256": hashlib.sha256(sealed).hexdigest(), "bytes": str(len(sealed)), "offset": str(offset)}
        return self.part_of(name, sealed[offset : offset + length], statement, **changes)

    def part_of(self, name: str, payload: bytes, statement: dict[str, str], **changes: str) -> Message:
        topic = self.topic(f"evidence/{name}")
        lines = [f"{key}={value}" for key, value in statement.items()]
        return Message(topic, payload, signed(self.key, "evidence", topic, payload, *lines) | statement | changes)

    def birth(self, **changes: Any) -> Message:
        lanes = {lane: {"last": 0, "settled": 0} for lane in ("alarm", "record", "telemetry")}
        body = {
            "state": "online", "school": self.school, "session": SESSION, "bootid": OTHER_EPOCH, "epoch": EPOCH,
            "agent": "0.1.0", "clock": "synced", "time": "2026-11-23T08:12:39.123456Z", "datasets": {}, "lanes": lanes,
            "owes": [],
        }  # fmt: skip
        return self.message("status", "status", body | changes)

    # --- what it does -----------------------------------------------------------------------------------------------

    def connect(self, port: int, certificates: Path | None = None) -> FarBox:
        """With ca.crt, box.crt and box.key of a folder, or plain. Listens to all that comes down."""
        ready = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.school, protocol=MQTTv5)
        if certificates:
            client.tls_set_context(box_tls(certificates))
        client.on_message = self._on_message
        client.on_publish = lambda _c, _u, _mid, code, _p: self.codes.append(code)
        client.on_subscribe = lambda *_: ready.set()
        client.on_connect = lambda *_: client.subscribe(
            [(self.topic(rest), 1) for rest in ("welcome", "receipts", "orders/+")]
        )
        client.connect("127.0.0.1", port)
        client.loop_start()
        self._client = client
        assert ready.wait(20), "the far box cannot listen"
        return self

    def send(self, message: Message, *, qos: int = 1, retain: bool = False) -> None:
        assert self._client is not None
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = list(message.properties.items())
        self._client.publish(message.topic, message.payload, qos=qos, retain=retain, properties=properties)

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    # --- what it heard ----------------------------------------------------------------------------------------------

    def heard_on(self, rest: str) -> list[Message]:
        return [one for one in self.heard if one.topic == self.topic(rest)]

    def receipts(self, first: int | None = None) -> list[Message]:
        """All of them, or those of the batch that begins with this sequence."""
        return [one for one in self.heard_on("receipts") if first in (None, one.body["first"])]

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        pairs = getattr(message.properties, "UserProperty", [])
        self.heard.append(Message(message.topic, bytes(message.payload), dict(pairs)))


def box_tls(certificates: Path, name: str = "box") -> ssl.SSLContext:
    """As a box that trusts the city's CA alone."""
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    return context
