"""A receiver's MQTT connection: the only file here that imports the MQTT library.

Session expiry 0: what a dead receiver had in its queue is not kept for it; the boxes send again what has no receipt.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable

import msgspec
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from centre.settings import Settings
from centre.wire import PAYLOAD_MAX

RECEIVE_MAXIMUM = 64  # batches that the broker may have given us without our acknowledgement


class Arrived(msgspec.Struct, frozen=True):
    """A message, nothing of it checked yet."""

    topic: str
    payload: bytes
    properties: dict[str, str]
    mid: int


class Connection:
    """One client with its own network thread."""

    def __init__(self, settings: Settings, name: str, topics: list[str], on_message: Callable[[Arrived], None]) -> None:
        self._settings = settings
        self._topics = topics
        self._on_arrived = on_message
        self.subscribed = threading.Event()
        self.trouble = ""
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5, manual_ack=True)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = lambda _c, _u, _f, _code, _p: self.subscribed.clear()
        if settings.tls:
            client.tls_set_context(tls_context(settings, name))
        self._client = client

    def start(self) -> None:
        """Connect and go on in the background; tries again for ever."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.MaximumPacketSize = PAYLOAD_MAX + 8_192
        self._client.connect_async(
            self._settings.broker_host, self._settings.broker_port, 30, clean_start=True, properties=properties
        )
        self._client.loop_start()

    def acknowledge(self, arrived: Arrived) -> None:
        self._client.ack(arrived.mid, 1)

    def publish(
        self, topic: str, payload: bytes, user: dict[str, str], *, correlation: bytes = b"", expiry_s: int = 0
    ) -> None:
        """QoS 1. Without a connection it is dropped: the box asks again."""
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = "application/json"
        properties.UserProperty = list(user.items())
        if correlation:
            properties.CorrelationData = correlation
            properties.ResponseTopic = topic.rsplit("/", 2)[0] + "/answers"
        if expiry_s:
            properties.MessageExpiryInterval = expiry_s
        if self._client.is_connected():
            self._client.publish(topic, payload, qos=1, properties=properties)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, _data: object, _flags: object, code: object, _properties: object) -> None:
        if getattr(code, "is_failure", False):
            self.trouble = f"the broker refuses: {code}"
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _c: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            self.trouble = "the broker refuses a subscription"
        else:
            self.trouble = ""
            self.subscribed.set()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        pairs = getattr(message.properties, "UserProperty", [])
        self._on_arrived(Arrived(message.topic, bytes(message.payload), dict(pairs), message.mid))


def tls_context(settings: Settings, name: str) -> ssl.SSLContext:
    """Our certificate of that name, the city's CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(settings.file("pki/ca.crt"))
    context.load_cert_chain(settings.file(f"pki/{name}.crt"), settings.file(f"pki/{name}.key"))
    return context
