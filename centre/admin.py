"""One-shot conversations with the broker: a school's rules while it runs, a signed order to a box.

One at a time in a folder: two with one certificate would throw each other out.
Raises  CentreError K-112 if the broker is there and does not let us in, or does not take an order; K-113 if it does not
        change its rules; K-116 if nobody would ever get an order.
"""

from __future__ import annotations

import fcntl
import os
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from centre import broker
from centre.connection import tls_context
from centre.errors import CentreError
from centre.settings import Settings
from centre.wire import Order, now_text, sign, topic_of

CONTROL = "$CONTROL/dynamic-security/v1"
PATIENCE_S = 5.0
NOBODY_SUBSCRIBES = 0x10  # MQTT 5, table 3-8: taken, and thrown away
HARMLESS = ("already exists", "not found")  # what is to be made is there, what is to be removed is not


class Reply:
    """The broker's first answer to a CONNECT or a PUBLISH: a callback of the library."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._code: ReasonCode | None = None

    def __call__(self, _client: Client, _data: object, _what: object, code: ReasonCode, _properties: object) -> None:
        self._code = self._code or code
        self._came.set()

    def wait(self) -> ReasonCode | None:
        """None if it does not come in time."""
        self._came.wait(PATIENCE_S)
        return self._code


def add_school(settings: Settings, school: str) -> bool:
    """Tell a running broker. False if none runs: then the file is to be changed."""
    role = broker.school_role(school)
    commands = [
        {"command": "createRole", **role},
        {"command": "createClient", "username": school, "roles": [{"rolename": role["rolename"]}]},
    ]
    return _control(settings, commands)


def remove_school(settings: Settings, school: str) -> bool:
    """False if no broker runs."""
    commands = [
        {"command": "deleteClient", "username": school},
        {"command": "deleteRole", "rolename": f"school-{school}"},
    ]
    return _control(settings, commands)


def put_out(settings: Settings, school: str) -> bool:
    """End the line of a school's box, whoever holds it; it may connect again at once, if its certificate is good. False
    if no broker runs."""
    commands = [
        {"command": "disableClient", "username": school},
        {"command": "enableClient", "username": school},
    ]
    return _control(settings, commands)


def send_order(
    settings: Settings,
    key: Ed25519PrivateKey,
    school: str,
    epoch: str,
    number: int,
    name: str,
    args: dict[str, object],
    expires_s: int,
) -> None:
    """Sign and publish an order."""
    now_ns = time.time_ns()
    order = Order(
        order=name,
        school=school,
        epoch=epoch,
        number=number,
        issued=now_text(now_ns),
        expires=now_text(now_ns + expires_s * 1_000_000_000),
        args=args,
    )
    topic, payload = topic_of(school, f"orders/{name}"), msgspec.json.encode(order)
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "application/json"
    properties.ResponseTopic = topic_of(school, "answers")
    properties.CorrelationData = str(number).encode()
    properties.MessageExpiryInterval = expires_s
    properties.UserProperty = list(sign(key, "order", topic, payload).items())
    with _conversation(settings) as client:
        if client is None:
            raise _away("nobody listens there", settings)
        code = _publish(client, topic, payload, properties, settings, what="the order")
    if code.value == NOBODY_SUBSCRIBES:
        do = "Wait until the box has connected, then send the order again."
        raise CentreError("K-116", f"{school} has no session at the broker: nobody will get the order", do=do)


def publish_retained(settings: Settings, messages: list[tuple[str, bytes, dict[str, str]]]) -> None:
    """Topic, payload and user properties of each, in this order; the broker keeps them for who comes later."""
    with _conversation(settings) as client:
        if client is None:
            raise _away("nobody listens there", settings)
        for topic, payload, user in messages:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ContentType = "application/json" if user else "application/octet-stream"
            properties.UserProperty = list(user.items())
            _publish(client, topic, payload, properties, settings, what="reference data", retain=True)


def _publish(
    client: Client,
    topic: str,
    payload: bytes,
    properties: Properties,
    settings: Settings,
    *,
    what: str,
    retain: bool = False,
) -> ReasonCode:
    """What the broker answers, where it takes it."""
    taken = Reply()
    client.on_publish = taken
    client.publish(topic, payload, qos=1, retain=retain, properties=properties)
    code = taken.wait()
    if code is None or code.is_failure:
        raise _away(f"it does not take {what}: {code or 'no answer'}", settings)
    return code


def _control(settings: Settings, commands: list[dict[str, Any]]) -> bool:
    """Run commands of the dynamic-security plugin."""
    with _conversation(settings) as client:
        if client is None:
            return False
        answers = _ask(client, commands)
    errors = [one["error"] for one in answers if "error" in one]
    errors = [error for error in errors if not any(harmless in error for harmless in HARMLESS)]
    if errors:
        raise CentreError("K-113", f"the broker refuses: {errors[0]}", do="See broker/dynsec.json.")
    return True


def _ask(client: Client, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answered, subscribed = threading.Event(), threading.Event()
    answers: list[dict[str, Any]] = []

    def on_message(_client: Client, _data: object, message: Any) -> None:
        answers.extend(msgspec.json.decode(message.payload)["responses"])
        answered.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    client.subscribe(f"{CONTROL}/response", 1)
    subscribed.wait(PATIENCE_S)
    client.publish(CONTROL, msgspec.json.encode({"commands": commands}), qos=1)
    if not answered.wait(PATIENCE_S):
        raise CentreError("K-113", "the broker does not change its rules", do="Is its dynamic-security plugin loaded?")
    return answers


@contextmanager
def _conversation(settings: Settings) -> Iterator[Client | None]:
    """A connected client; None if no broker listens."""
    turn = os.open(settings.file("."), os.O_RDONLY)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        client = _connect(settings)
        try:
            yield client
        finally:
            if client is not None:
                _part(client)
    finally:
        os.close(turn)


def _connect(settings: Settings) -> Client | None:
    name = broker.ADMIN if settings.tls else f"{broker.ADMIN}-{time.monotonic_ns()}"
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
    greeting = Reply()
    client.on_connect = greeting
    if settings.tls:
        client.tls_set_context(tls_context(settings, broker.ADMIN))
    try:
        client.connect(settings.broker_host, settings.broker_port, 30)
    except ConnectionRefusedError:
        return None
    except OSError as error:  # another machine's silence, another city's certificate
        reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
        raise _away(reason, settings) from error
    client.loop_start()
    code = greeting.wait()
    if code is not None and not code.is_failure:
        return client
    _part(client)
    raise _away(f"it answers {code}" if code else "it does not greet us", settings)


def _part(client: Client) -> None:
    client.disconnect()
    client.loop_stop()


def _away(why: str, settings: Settings) -> CentreError:
    what = f"no conversation with the broker at {settings.broker_host}:{settings.broker_port}: {why}"
    return CentreError("K-112", what, do="Start the broker with broker/mosquitto.conf, then try again.")
