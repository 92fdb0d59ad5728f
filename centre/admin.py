"""One-shot conversations with the broker: a school's rules while it runs, a signed order to a box."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from centre import broker
from centre.connection import tls_context
from centre.errors import CentreError
from centre.settings import Settings
from centre.wire import Order, now_text, sign, topic_of

CONTROL = "$CONTROL/dynamic-security/v1"
PATIENCE_S = 5.0


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
    """Sign and publish an order. Raises CentreError K-112 if the broker does not take it."""
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
    client = _connect(settings)
    if client is None:
        raise CentreError("K-112", "no connection to the broker", do="Start the broker, then try again.")
    try:
        info = client.publish(topic, payload, qos=1, properties=properties)
        info.wait_for_publish(PATIENCE_S)
    finally:
        _part(client)


def _control(settings: Settings, commands: list[dict[str, Any]]) -> bool:
    """Run commands of the dynamic-security plugin. What exists already is no mistake."""
    client = _connect(settings)
    if client is None:
        return False
    answered = threading.Event()
    answers: list[dict[str, Any]] = []

    def on_message(_client: Client, _data: object, message: Any) -> None:
        answers.extend(msgspec.json.decode(message.payload)["responses"])
        answered.set()

    try:
        client.on_message = on_message
        subscribed = threading.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        client.subscribe(f"{CONTROL}/response", 1)
        subscribed.wait(PATIENCE_S)
        client.publish(CONTROL, msgspec.json.encode({"commands": commands}), qos=1)
        if not answered.wait(PATIENCE_S):
            raise CentreError(
                "K-113", "the broker does not change its rules", do="Is its dynamic-security plugin loaded?"
            )
    finally:
        _part(client)
    errors = [one["error"] for one in answers if "error" in one and "already exists" not in one["error"]]
    if errors:
        raise CentreError("K-113", f"the broker refuses: {errors[0]}", do="See broker/dynsec.json.")
    return True


def _connect(settings: Settings) -> Client | None:
    name = broker.ADMIN if settings.tls else f"{broker.ADMIN}-{time.monotonic_ns()}"
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda _c, _u, _f, code, _p: connected.set() if not code.is_failure else None
    if settings.tls:
        client.tls_set_context(tls_context(settings, broker.ADMIN))
    try:
        client.connect(settings.broker_host, settings.broker_port, 30)
    except OSError:
        return None
    client.loop_start()
    if connected.wait(PATIENCE_S):
        return client
    _part(client)
    return None


def _part(client: Client) -> None:
    client.disconnect()
    client.loop_stop()
