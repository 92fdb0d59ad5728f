"""A receiver's MQTT connection; only this file and centre/admin.py import the MQTT library.

Session expiry 0: what a dead receiver had in its queue is not kept for it; the boxes send again what has no receipt.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Sequence

import msgspec
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from centre.errors import CentreError
from centre.settings import Settings
from centre.wire import PAYLOAD_MAX

log = logging.getLogger("centre")

RECONNECT_S = 1  # never more: there are a few of us, and what boxes send while nobody listens is thrown away
RETAINED_ONLY = 1  # the identifier of a subscription that is for what was retained before us
RECEIVE_MAXIMUM = 64  # batches that the broker may have given us without our acknowledgement


class Arrived(msgspec.Struct, frozen=True):
    """A message, nothing of it checked yet."""

    topic: str
    payload: bytes
    properties: dict[str, str]
    mid: int
    qos: int
    connection: int  # which of our connections brought it; numbers of messages begin anew with each


class Connection:
    """One client with its own network thread."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        topics: list[str],
        on_message: Callable[[Arrived], None],
        retained: Sequence[str] = (),
    ) -> None:
        """topics: shared with others. retained: what the broker kept from before, which it gives to no group; what
        comes there live comes to the group, too, and is left to it.
        """
        self._settings = settings
        self._topics, self._retained = topics, retained
        self._on_arrived = on_message
        self.subscribed = threading.Event()
        self.trouble = ""
        self.number = 0
        self._name = name
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5, manual_ack=True)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(RECONNECT_S, RECONNECT_S)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        if settings.tls:
            self._tls = tls_context(settings, name)
            client.tls_set_context(self._tls)
            client.on_pre_connect = self._take_up_renewed
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
        """Only to the connection that brought it; QoS 0 has no acknowledgement."""
        if arrived.connection == self.number:
            self._client.ack(arrived.mid, arrived.qos)

    def publish(self, topic: str, payload: bytes, user: dict[str, str]) -> None:
        """QoS 1. Without a connection it is dropped: the box asks again."""
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = "application/json"
        properties.UserProperty = list(user.items())
        if self._client.is_connected():
            self._client.publish(topic, payload, qos=1, properties=properties)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take_up_renewed(self, _client: Client, _data: object) -> None:
        """A certificate that was renewed is shown from the next connection on; a spoilt one never gets that far."""
        try:
            tls_context(self._settings, self._name)
            _show(self._tls, self._settings, self._name)
        except CentreError as error:
            self._say(f"{error.what}; {self._name} goes on with the one before")

    def _on_connect(self, client: Client, _data: object, _flags: object, code: ReasonCode, _p: object) -> None:
        if code.is_failure:
            self._say(f"the broker refuses {self._name}: {code}")
        else:
            self.number += 1
            if self._retained:
                properties = Properties(PacketTypes.SUBSCRIBE)
                properties.SubscriptionIdentifier = RETAINED_ONLY
                client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._retained], properties=properties)
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_disconnect(self, _c: Client, _data: object, _flags: object, code: ReasonCode, _p: object) -> None:
        if self.subscribed.is_set() and code.is_failure:
            self._say(f"{self._name} lost the broker: {code}; it connects again by itself")
        self.subscribed.clear()

    def _on_subscribe(
        self, _c: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            self._say(f"the broker refuses {self._name} a subscription")
        else:
            if self.trouble:
                log.info("%s is connected", self._name)
            self.trouble = ""
            self.subscribed.set()

    def _say(self, trouble: str) -> None:
        """A burst is one line."""
        if trouble != self.trouble:
            log.warning("K-112 %s", trouble)
        self.trouble = trouble

    def _on_message(self, client: Client, _data: object, message: MQTTMessage) -> None:
        if not message.retain and RETAINED_ONLY in getattr(message.properties, "SubscriptionIdentifier", []):
            client.ack(message.mid, message.qos)
            return
        pairs = getattr(message.properties, "UserProperty", [])
        self._on_arrived(
            Arrived(message.topic, bytes(message.payload), dict(pairs), message.mid, message.qos, self.number)
        )


def tls_context(settings: Settings, name: str) -> ssl.SSLContext:
    """Our certificate of that name, the city's CA. Raises CentreError K-101."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _show(context, settings, name)
    return context


def _show(context: ssl.SSLContext, settings: Settings, name: str) -> None:
    try:
        context.load_verify_locations(settings.file("pki/ca.crt"))
        context.load_cert_chain(settings.file(f"pki/{name}.crt"), settings.file(f"pki/{name}.key"))
    except OSError as error:  # of which SSLError is one
        what = f"no usable certificate of {name} in {settings.file('pki')}: {error}"
        raise CentreError(
            "K-101", what, do="Run `mektep-centre init` in this folder; receivers are centre-1, centre-2."
        ) from error
