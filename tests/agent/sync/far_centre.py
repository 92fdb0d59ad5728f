"""The far side of the wire, written from docs/protocol.md alone: a centre that does as a test tells it.

It holds the orders key and a delegated receipt key, checks every signature of the box, stores events by their key, and
answers births with welcomes and batches with receipts, unless it is told otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from backports import zstd
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

Verdicts = list[tuple[str, int, int]]


def wire_time(moment: datetime | None = None, *, in_s: float = 0.0) -> str:
    """RFC 3339, UTC, microseconds, Z."""
    when = (moment or datetime.now(UTC)) + timedelta(seconds=in_s)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def key_name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def text_to_sign(kind: str, topic: str, payload: bytes, *statement: str) -> bytes:
    lines = ["mektep/v1/signature", kind, topic, hashlib.sha256(payload).hexdigest(), *statement]
    return "".join(f"{line}\n" for line in lines).encode()


def sign(key: Ed25519PrivateKey, kind: str, topic: str, payload: bytes) -> dict[str, str]:
    """The user properties of a signed message."""
    signature = base64.b64encode(key.sign(text_to_sign(kind, topic, payload))).decode()
    return {"key": key_name(public(key)), "sig": signature}


def delegation_of(by: Ed25519PrivateKey, to: Ed25519PrivateKey, **changes: str) -> str:
    """The orders key lets another key sign receipts; `changes` spoil the text before it is signed."""
    text = {
        "key": base64.b64encode(public(to)).decode(),
        "use": "receipts",
        "notbefore": wire_time(in_s=-3600),
        "expires": wire_time(in_s=3600),
    }
    return delegation_token(by, json.dumps(text | changes).encode())


def delegation_token(by: Ed25519PrivateKey, text: bytes) -> str:
    parts = (text, by.sign(b"mektep/v1/delegation\n" + text))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@dataclass(frozen=True)
class SeenBatch:
    """A batch whose signature is good."""

    epoch: str
    lane: str
    first: int
    last: int
    body: bytes  # after decompression
    size: int  # as it came

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)
        return found


def all_stored(batch: SeenBatch) -> Verdicts:
    return [("stored", batch.first, batch.last)]


@dataclass
class FarCentre:
    """connect() it; tell it by its fields; look at what it saw. Its client runs on a thread of its own."""

    school: str
    box_public: bytes
    judge: Callable[[SeenBatch], Verdicts | None] = all_stored  # None: no receipt
    welcoming: bool = True
    highest: dict[str, int] = field(default_factory=dict)  # by lane, for welcomes: what it claims to have stored
    births: list[dict[str, Any]] = field(default_factory=list)
    batches: list[SeenBatch] = field(default_factory=list)
    ahead: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    correlations: list[bytes] = field(default_factory=list)
    stored: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    repeats: int = 0
    faults: list[str] = field(default_factory=list)  # what a box must never do
    encodings: set[str] = field(default_factory=set)
    order_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    receipt_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        self.prefix = f"mektep/v1/{self.school}/"
        self.delegation = delegation_of(self.order_key, self.receipt_key)
        self._listening = threading.Event()
        self._client: Client | None = None

    # --- life -----------------------------------------------------------------------------------------------------

    @property
    def orders_key_base64(self) -> str:
        return base64.b64encode(public(self.order_key)).decode()

    def connect(self, port: int, name: str = "far-centre", tls: tuple[str, str, str] | None = None) -> None:
        """Listen to all that the box sends. tls: ca, certificate, key."""
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        if tls:
            client.tls_set(*tls)
        client.max_inflight_messages_set(0)
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: self._listening.set()
        client.on_connect = lambda *_: client.subscribe(
            [(self.prefix + rest, 1) for rest in ("status", "events/+", "answers")]
        )
        client.connect("127.0.0.1", port)
        client.loop_start()
        self._client = client
        assert self._listening.wait(10), "the far centre cannot listen"

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    # --- what it says -----------------------------------------------------------------------------------------------

    def say(self, rest: str, payload: bytes, properties: dict[str, str], *, retain: bool = False) -> None:
        """Publish anything on one of the school's topics."""
        assert self._client is not None
        with_properties = Properties(PacketTypes.PUBLISH)
        with_properties.UserProperty = list(properties.items())
        self._client.publish(self.prefix + rest, payload, qos=1, retain=retain, properties=with_properties)

    def welcome(self, birth: dict[str, Any], **changes: Any) -> None:
        body = {
            "school": self.school,
            "session": birth["session"],
            "time": wire_time(),
            "stored": [
                {"epoch": birth["epoch"], "lane": lane, "through": 0, "highest": self.highest.get(lane, 0)}
                for lane in ("alarm", "record", "telemetry")
            ],
            "datasets": {},
            "grants": [],
        }
        self.say_delegated("welcome", "welcome", json.dumps(body | changes).encode())

    def receipt(self, batch: SeenBatch, judged: Verdicts, **changes: Any) -> bytes:
        """The payload of a receipt."""
        body = {
            "school": self.school,
            "epoch": batch.epoch,
            "lane": batch.lane,
            "first": batch.first,
            "last": batch.last,
            "sha256": hashlib.sha256(batch.body).hexdigest(),
            "verdicts": [{"verdict": word, "first": first, "last": last} for word, first, last in judged],
            "time": wire_time(),
        }
        return json.dumps(body | changes).encode()

    def send_receipt(self, batch: SeenBatch, judged: Verdicts | None = None, **changes: Any) -> None:
        self.say_delegated("receipts", "receipt", self.receipt(batch, judged or all_stored(batch), **changes))

    def say_delegated(self, rest: str, kind: str, payload: bytes, key: Ed25519PrivateKey | None = None) -> None:
        """Signed by the receipt key, or by another that claims its delegation."""
        signed = sign(key or self.receipt_key, kind, self.prefix + rest, payload)
        self.say(rest, payload, signed | {"delegation": self.delegation})

    def order(self, name: str, number: int, epoch: str, **changes: Any) -> None:
        """changes: args, expires, school; key: who signs; unsigned."""
        key = changes.pop("key", self.order_key)
        body = {
            "order": name,
            "school": self.school,
            "epoch": epoch,
            "number": number,
            "issued": wire_time(),
            "expires": wire_time(in_s=60),
            "args": {},
        }
        payload = json.dumps(body | changes).encode()
        topic = f"orders/{name}"
        self.say(topic, payload, sign(key, "order", self.prefix + topic, payload) if key else {})

    # --- what it hears ----------------------------------------------------------------------------------------------

    def online(self) -> list[dict[str, Any]]:
        return [birth for birth in self.births if birth["state"] == "online"]

    def numbers(self, lane: str, epoch: str) -> list[int]:
        """Sequences stored, sorted."""
        return sorted(number for one, word, number in self.stored if (one, word) == (epoch, lane))

    def events(self, type_: str) -> list[dict[str, Any]]:
        found = [json.loads(body) for body in self.stored.values()]
        return [event for event in found if event["type"] == type_]

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            self._hear(message)
        except (AssertionError, ValueError, KeyError, InvalidSignature) as error:
            self.faults.append(f"{message.topic}: {error!r}")

    def _hear(self, message: MQTTMessage) -> None:
        rest = message.topic.removeprefix(self.prefix)
        properties = dict(message.properties.UserProperty) if message.properties else {}
        payload = bytes(message.payload)
        if "encoding" in properties:
            self.encodings.add(properties["encoding"])
            payload = zstd.decompress(payload)
        if rest in ("events/alarm", "events/record", "events/telemetry"):
            self._hear_batch(rest.removeprefix("events/"), message, payload, properties)
            return
        kind = {"status": "status", "events/ahead": "ahead", "answers": "answer"}[rest]
        self._check(kind, message.topic, payload, properties)
        body = json.loads(payload)
        if kind == "status":
            self.births.append(body)
            if self.welcoming and body["state"] == "online":
                self.welcome(body)
        elif kind == "ahead":
            self.ahead.append(body)
        else:
            self.correlations.append(message.properties.CorrelationData)
            self.answers.append(body)

    def _hear_batch(self, lane: str, message: MQTTMessage, payload: bytes, properties: dict[str, str]) -> None:
        epoch, first, last = properties["epoch"], int(properties["first"]), int(properties["last"])
        self._check("batch", message.topic, payload, properties, f"epoch={epoch}", f"first={first}", f"last={last}")
        batch = SeenBatch(epoch, lane, first, last, payload, len(message.payload))
        for number, event in zip(range(first, last + 1), batch.events, strict=True):
            assert event["source"] == f"/schools/{self.school}/{epoch}/{lane}"
            assert event["id"] == event["sequence"] == f"{number:019d}"
        self.batches.append(batch)
        verdicts = self.judge(batch)
        if verdicts is None:
            return
        for word, begin, end in verdicts:
            self._store(batch, word, begin, end)
        self.send_receipt(batch, verdicts)

    def _store(self, batch: SeenBatch, verdict: str, first: int, last: int) -> None:
        """After this, a key has one content for ever."""
        if verdict not in ("stored", "repeat"):
            return
        for number in range(first, last + 1):
            body = json.dumps(batch.events[number - batch.first]).encode()
            before = self.stored.setdefault((batch.epoch, batch.lane, number), body)
            assert before == body, f"{batch.lane} {number} came with other bytes"
            self.repeats += before is not body

    def _check(self, kind: str, topic: str, payload: bytes, properties: dict[str, str], *statement: str) -> None:
        assert properties["key"] == key_name(self.box_public), "another key"
        signature = base64.b64decode(properties["sig"], validate=True)
        Ed25519PublicKey.from_public_bytes(self.box_public).verify(
            signature, text_to_sign(kind, topic, payload, *statement)
        )
