"""One MQTT 5 connection on the event loop. The only file that imports the MQTT library.

A client is made for each connection, so that the library never resends by itself: what is owed is known to the
outbox, and the drain sends it again in its own order. The library's queue holds only what the drain's window allows.

Circles of objects are avoided, for each message and each refused connection would leave one: the daemon searches for
garbage seldom (agent/daemon.py).

Raises  LinkError L-1xx: code, fact and instruction for each way a connection fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.matcher import MQTTMatcher
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.aside import aside
from agent.sync.linkerror import LinkError, from_connack, from_exception, from_loss
from agent.sync.settings import LinkSettings
from agent.sync.topics import PAYLOAD_MAX_BYTES
from drivers.city_tls import city_context, no_password

log = logging.getLogger("agent.link")

SESSION_EXPIRY_S = 7 * 86_400
CONNECT_S = 15.0  # TCP and TLS each; a slow line needs it
PACKET_MAX_BYTES = PAYLOAD_MAX_BYTES + 8_192
IN_FLIGHT_MAX = 100
TICK_S = 1.0


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to publish, QoS 1."""

    topic: str
    payload: bytes
    properties: dict[str, str]
    retain: bool = False
    content_type: str = "application/json"
    correlation: bytes = b""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message that arrived, nothing of it checked yet."""

    topic: str
    payload: bytes
    properties: Mapping[str, str]
    again: bool = False  # the broker has sent it before, and has not heard that we have it


class Mqtt:
    """One connection: connect() once, publish() many times, `lost` tells its end."""

    def __init__(self, settings: LinkSettings, school: str, on_message: Callable[[Incoming], None]) -> None:
        self._settings = settings
        self._on_incoming = on_message
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[LinkError] = self._loop.create_future()
        self._connack: asyncio.Future[Properties] = self._loop.create_future()
        self._suback: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._ticker: asyncio.Task[None] | None = None
        self._closing = False
        self.in_flight_max = IN_FLIGHT_MAX
        self.packet_max = PACKET_MAX_BYTES
        self.refused = 0  # publishes that the broker refused
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=school, protocol=MQTTv5)
        self._wire()

    # --- public -----------------------------------------------------------------------------------------------------

    async def connect(self, will: Outgoing, *, check_dates: bool) -> None:
        """Open the connection with a persistent session. Raises LinkError."""
        client = self._client
        client.will_set(will.topic, will.payload, qos=1, retain=True, properties=_will_properties(will))
        try:
            if self._settings.tls:
                client.tls_set_context(_tls_context(self._settings, check_dates=check_dates))
            await aside(self._connect, "mqtt-connect")
            sock = client.socket()
            if sock is None:
                raise from_loss(0, "closed at once", by_server=False, greeted=False)
            self._loop.add_reader(sock, self._read, sock)
            self._ticker = asyncio.create_task(self._tick(), name="mqtt-keepalive")
            async with asyncio.timeout(CONNECT_S):
                properties = await self._first(self._connack)
        except (OSError, ValueError, TimeoutError) as error:
            self.close()
            raise from_exception(error, self._settings) from error
        except LinkError:
            self.close()
            raise
        self.in_flight_max = min(IN_FLIGHT_MAX, getattr(properties, "ReceiveMaximum", IN_FLIGHT_MAX))
        self.packet_max = min(PACKET_MAX_BYTES, getattr(properties, "MaximumPacketSize", PACKET_MAX_BYTES))

    async def subscribe(self, topics: list[str]) -> None:
        """Listen to topics, QoS 1. Raises LinkError if the broker refuses one."""
        self._client.subscribe([(topic, 1) for topic in topics])
        try:
            async with asyncio.timeout(CONNECT_S):
                codes = await self._first(self._suback)
        except TimeoutError as error:
            raise from_exception(error, self._settings) from error
        if any(code.is_failure for code in codes):
            raise LinkError(
                "L-115",
                "the broker does not let this box listen to its own topics",
                do="Tell the centre: its broker's rules.",
            )

    def listen(self, topics: Sequence[str]) -> None:
        """Listen to more, later; that the broker refuses one is only logged."""
        if topics:
            self._client.subscribe([(topic, 1) for topic in topics])

    def unlisten(self, topics: Sequence[str]) -> None:
        if topics:
            self._client.unsubscribe(list(topics))

    def publish(self, message: Outgoing) -> None:
        """Hand a message to the connection. Raises LinkError if there is none or it is too large for the broker."""
        if len(message.payload) + 1_024 > self.packet_max:
            raise LinkError(
                "L-116", f"a message of {len(message.payload)} bytes is too large for the broker", do="Tell the centre."
            )
        info = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.retain, properties=_publish_properties(message)
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError("L-110", "the connection is gone", do="Nothing; the agent reconnects.")

    async def end(self) -> None:
        """Say goodbye: the broker then does not publish the will."""
        self._closing = True
        self._client.disconnect()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.shield(self.lost)
        self.close()

    def close(self) -> None:
        """Cut the connection; safe to call twice."""
        client = self._client
        client.on_socket_register_write = client.on_socket_unregister_write = client.on_socket_close = None
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        sock = self._client.socket()
        if sock is not None:
            self._forget(sock)
            with contextlib.suppress(OSError):
                sock.close()
        for future in (self.lost, self._connack, self._suback):
            future.cancel()
        client.on_connect = client.on_disconnect = client.on_subscribe = client.on_publish = client.on_message = None

    # --- the library's callbacks ------------------------------------------------------------------------------------

    def _wire(self) -> None:
        client = self._client
        client._on_message_filtered = _NoFilters()  # type: ignore[no-untyped-call] # there is no public way
        client.max_inflight_messages_set(IN_FLIGHT_MAX * 4)
        client.connect_timeout = CONNECT_S
        client.on_socket_open = _tune
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        client.on_socket_close = self._on_close
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def _connect(self) -> None:
        """Blocks: name, TCP, TLS."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.MaximumPacketSize = PACKET_MAX_BYTES
        self._client.connect(
            self._settings.host,
            self._settings.port,
            keepalive=self._settings.keepalive_s,
            clean_start=False,
            properties=properties,
        )

    async def _first(self, future: asyncio.Future[Any]) -> Any:
        """The future's result, or the loss of the connection if that comes first."""
        await asyncio.wait({future, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        raise self.lost.result()

    def _on_connect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._end_with(from_connack(code.value, str(code)))
        elif not self._connack.done():
            self._connack.set_result(properties or Properties(PacketTypes.CONNACK))

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        by_server = bool(flags.is_disconnect_packet_from_server)
        self._end_with(from_loss(code.value, str(code), by_server=by_server, greeted=self._connack.done()))

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if not self._suback.done():
            self._suback.set_result(codes)
        elif any(code.is_failure for code in codes):
            log.warning("the broker does not let this box listen to a part of reference data")

    def _on_register_write(self, _client: Client, _data: object, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._want_write, sock)

    def _on_unregister_write(self, _client: Client, _data: object, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._no_write, sock)

    def _on_close(self, _client: Client, _data: object, sock: Any) -> None:
        self._forget(sock)

    def _on_publish(
        self, _client: Client, _data: object, _mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:  # the library itself counts it as published
            self.refused += 1
            log.warning("the broker refused a message: %s", code)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        pairs = getattr(message.properties, "UserProperty", [])
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # nobody's
        payload, again = bytes(message.payload), bool(message.dup)
        self._on_incoming(Incoming(topic=topic, payload=payload, properties=dict(pairs), again=again))

    def _end_with(self, error: LinkError) -> None:
        if not self.lost.done():
            self.lost.set_result(error)

    # --- the socket on the loop ---------------------------------------------------------------------------------------

    def _read(self, sock: Any) -> None:
        try:
            self._client.loop_read()
            while sock.fileno() >= 0 and isinstance(sock, ssl.SSLSocket) and sock.pending():
                self._client.loop_read()  # one TLS record may hold many packets; the selector sees only the first
        except Exception as error:  # whatever the client's parser raises: the connection ends, the link makes another
            log.exception("what the broker sends cannot be read")
            self._forget(sock)
            what = f"the broker sends what is not MQTT: {type(error).__name__}: {error}"
            self._end_with(LinkError("L-117", what, do="Tell the centre; the agent reconnects."))

    def _want_write(self, sock: socket.socket) -> None:
        if sock is self._client.socket() and sock.fileno() >= 0:
            self._loop.add_writer(sock, self._client.loop_write)

    def _no_write(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0 and not self._client.want_write():
            self._loop.remove_writer(sock)

    def _forget(self, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    async def _tick(self) -> None:
        """Keep-alive, and the discovery of a silent peer."""
        while True:
            await asyncio.sleep(TICK_S)
            self._client.loop_misc()


class _NoFilters(MQTTMatcher):
    """In place of the library's topics with callbacks of their own, of which there are none: its search for them leaves
    a circle with each message that comes.
    """

    def iter_match(self, topic: str) -> Iterator[Any]:  # noqa: ARG002 - of the library's shape
        return iter(())


def _tune(_client: Client, _data: object, sock: Any) -> None:
    """Small messages at once; a dead peer is found by the kernel too."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 45_000)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 131_072)  # what lies there cannot be overtaken


def _tls_context(settings: LinkSettings, *, check_dates: bool) -> ssl.SSLContext:
    """The city's CA only, our certificate, the host's name checked. Raises OSError, ssl.SSLError."""
    for path in (settings.ca, settings.certificate, settings.key):
        Path(path).open("rb").close()  # the TLS library does not say which of them it could not read
    context = city_context(check_dates=check_dates)
    context.load_verify_locations(settings.ca)
    context.load_cert_chain(settings.certificate, settings.key, password=no_password)
    return context


def _publish_properties(message: Outgoing) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = message.content_type
    properties.UserProperty = list(message.properties.items())
    if message.correlation:
        properties.CorrelationData = message.correlation
    return properties


def _will_properties(message: Outgoing) -> Properties:
    properties = Properties(PacketTypes.WILLMESSAGE)
    properties.ContentType = message.content_type
    properties.UserProperty = list(message.properties.items())
    return properties
