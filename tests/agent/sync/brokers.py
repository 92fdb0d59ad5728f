"""Brokers for tests: mosquitto with and without TLS, stopped and started; and a peer that says what a test likes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.sync.settings import LinkSettings
from centre import pki
from simulator.processes import Process, free_port, mosquitto, wait_for_port

ORDERS_KEY = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
CONF = """
user root
persistence false
max_inflight_messages 20
max_packet_size 200000
connection_messages false
log_dest none
listener {port} 127.0.0.1
{rules}
"""
OPEN = "allow_anonymous true"
TLS = """
allow_anonymous false
cafile {ca}
certfile {folder}/broker.crt
keyfile {folder}/broker.key
require_certificate true
use_identity_as_username true
"""


class Broker:
    """A mosquitto on a private port of loopback."""

    def __init__(self, folder: Path, rules: str = OPEN) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        conf = folder / "mosquitto.conf"
        conf.write_text(CONF.format(port=self.port, rules=rules))
        self.process = Process("mosquitto", mosquitto(conf), folder)

    async def start(self) -> None:
        await self.process.start()
        await wait_for_port(self.port)

    def settings(self, **changes: object) -> LinkSettings:
        given = {"broker": f"mqtt://127.0.0.1:{self.port}", "orders_key": ORDERS_KEY}
        return LinkSettings(**(given | changes))

    async def __aenter__(self) -> Broker:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.kill()


class City:
    """A certificate authority, a broker's certificate for some hosts, a box's certificate."""

    def __init__(self, folder: Path, *, hosts: tuple[str, ...] = ("127.0.0.1",), authority: Path | None = None) -> None:
        self.folder = folder
        pki.make_authority(folder)
        pki.issue(folder, "broker", folder, "broker", hosts=hosts)
        pki.issue(folder, "school-07", folder, "box")
        self.rules = TLS.format(folder=folder, ca=(authority or folder) / "ca.crt")

    def files(self) -> dict[str, str]:
        return {name: str(self.folder / file) for name, file in FILES.items()}

    def settings(self, port: int, **changes: object) -> LinkSettings:
        given = {"broker": f"mqtts://127.0.0.1:{port}", "orders_key": ORDERS_KEY, **self.files()}
        return LinkSettings(**(given | changes))


FILES = {"ca": "ca.crt", "certificate": "box.crt", "key": "box.key"}


class Listener:
    """Somebody else on the broker, on a thread of its own."""

    def __init__(self, port: int, topic: str, name: str = "listener", tls: dict[str, str] | None = None) -> None:
        self.heard: list[tuple[str, bytes]] = []
        ready = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        if tls:
            client.tls_set(tls["ca"], tls["certificate"], tls["key"])
        client.on_message = self._hear
        client.on_subscribe = lambda *_: ready.set()
        client.on_connect = lambda *_: client.subscribe(topic, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(10), "the listener cannot listen"
        self.client = client

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


CONNACK = b"\x20\x03\x00\x00\x00"
SUBACK_TO_1 = b"\x90\x04\x00\x01\x00\x01"


@contextlib.asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """A peer on a port that answers each packet it gets with the next of these bytes, then keeps silent."""
    left = list(answers)
    connected: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(4_096):
                if left:
                    writer.write(left.pop(0))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for writer in connected:  # from Python 3.12 on a server that is left waits for all that are connected
                writer.close()
