"""Somebody at the broker's door with whatever certificate, name, will and wishes; tells what the broker answered."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 20.0
GRANTED, NOT_AUTHORISED = 1, 135


class Visitor:
    """knock() first. Refused by TLS or by the broker, `connected` stays False."""

    def __init__(self, ca: Path, certificate: Path | None, name: str, *, will: str = "", plain: bool = False) -> None:
        """certificate: the path without .crt and .key."""
        self.connected = False
        self.code = -1  # of the broker's CONNACK
        self.heard: list[tuple[str, bytes]] = []
        self.gone = threading.Event()
        self._answered = threading.Event()
        self._codes: list[int] = []
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        if not plain:
            context = ssl.create_default_context(cafile=str(ca))
            if certificate:
                context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
            self.client.tls_set_context(context)
        if will:
            self.client.will_set(will, b"dead", qos=1)
        self.client.on_connect = lambda _c, _u, _f, code, _p: self._greeted(code.value)
        self.client.on_disconnect = lambda *_: self._left()
        self.client.on_subscribe = lambda _c, _u, _mid, codes, _p: self._answer(codes[0].value)
        self.client.on_publish = lambda _c, _u, _mid, code, _p: self._answer(code.value)
        self.client.on_message = self._on_message

    def knock(self, port: int) -> Visitor:
        try:
            self.client.connect("127.0.0.1", port)
        except (OSError, ValueError):
            return self
        self.client.loop_start()
        assert self._answered.wait(PATIENCE_S)
        return self

    def subscribe(self, topic: str) -> int:
        """The broker's code."""
        self._answered.clear()
        self.client.subscribe(topic, 1)
        return self._wait()

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """The broker's code; 16, nobody listens, is a success too."""
        self._answered.clear()
        self.client.publish(topic, payload, qos=1, retain=retain)
        code = self._wait()
        return 0 if code == 16 else code

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def die(self) -> None:
        """Without a word, so that the broker publishes the will; and for good."""
        self.client.reconnect_delay_set(600, 600)
        sock = self.client.socket()
        assert sock is not None
        sock.shutdown(2)

    def _wait(self) -> int:
        assert self._answered.wait(PATIENCE_S), "the broker does not answer"
        return self._codes[-1]

    def _greeted(self, code: int) -> None:
        self.code = code
        self.connected = code < 128
        self._answered.set()

    def _left(self) -> None:
        self.gone.set()
        self._answered.set()

    def _answer(self, code: int) -> None:
        self._codes.append(code)
        self._answered.set()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))


@contextmanager
def visit(port: int, ca: Path, certificate: Path, name: str, *, will: str = "") -> Iterator[Visitor]:
    """Somebody who is let in."""
    visitor = Visitor(ca, certificate, name, will=will).knock(port)
    assert visitor.connected, visitor.code
    yield visitor
    visitor.leave()
