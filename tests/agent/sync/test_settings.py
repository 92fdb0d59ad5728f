"""What the configuration may say about the link: TLS outside this machine, no password, a real key, a real port."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sync.settings import LinkSettings

KEY = base64.b64encode(bytes(range(32))).decode()
TLS = {"ca": "ca.crt", "certificate": "box.crt", "key": "box.key"}
GOOD = {"broker": "mqtts://broker.example:8883", "orders_key": KEY, **TLS}


def settings(**changes: object) -> LinkSettings:
    return msgspec.convert(GOOD | changes, LinkSettings)


@pytest.mark.parametrize(
    ("broker", "host", "port", "tls"),
    [
        ("mqtts://broker.example:8883", "broker.example", 8883, True),
        ("mqtts://broker.example", "broker.example", 8883, True),
        ("mqtts://broker.example/", "broker.example", 8883, True),
        ("mqtts://192.168.1.5:443", "192.168.1.5", 443, True),
        ("mqtts://[2001:db8::1]:8884", "2001:db8::1", 8884, True),
        ("mqtt://localhost", "localhost", 1883, False),
        ("mqtt://127.0.0.1:18830", "127.0.0.1", 18830, False),
        ("mqtt://[::1]:1", "::1", 1, False),
    ],
)
def test_where_the_broker_is(broker: str, host: str, port: int, tls: bool) -> None:
    found = settings(broker=broker)
    assert (found.host, found.port, found.tls) == (host, port, tls)


REFUSED = [
    ({"broker": "broker.example:8883"}, "mqtts"),
    ({"broker": "http://broker.example"}, "mqtts"),
    ({"broker": "mqtt://broker.example"}, "without TLS is allowed on this machine only"),
    ({"broker": "mqtt://192.168.1.5"}, "without TLS"),
    ({"broker": "mqtt://localhost.evil.example"}, "without TLS"),
    ({"broker": "mqtts://box:secret@broker.example"}, "user or password"),
    ({"broker": "mqtts://box@broker.example"}, "user or password"),
    ({"broker": "mqtts://"}, "no host"),
    ({"broker": "mqtts://:8883"}, "no host"),
    ({"broker": "mqtts://broker.example:0"}, "port"),
    ({"broker": "mqtts://broker.example:65536"}, "port"),
    ({"broker": "mqtts://broker.example:eight"}, "port"),
    ({"broker": "mqtts://broker.example:-1"}, "port"),
    ({"broker": "mqtts://broker.example/school-07"}, "nothing after"),
    ({"broker": "mqtts://broker.example?tls=no"}, "nothing after"),
    ({"broker": "mqtts://[::1"}, "IPv6"),
    ({"ca": ""}, "needs ca, certificate and key"),
    ({"certificate": ""}, "needs ca, certificate and key"),
    ({"key": ""}, "needs ca, certificate and key"),
    ({"orders_key": ""}, "32 bytes"),
    ({"orders_key": KEY[:-4]}, "32 bytes"),
    ({"orders_key": "A" + KEY}, "32 bytes"),
    ({"orders_key": KEY + " "}, "32 bytes"),
    ({"orders_key": "ключ"}, "32 bytes"),
    ({"orders_key": bytes(range(32)).hex()}, "32 bytes"),
    ({"keepalive_s": 4}, "5"),
    ({"keepalive_s": 121}, "120"),
    ({"compress": "yes"}, "bool"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(changes: dict[str, object], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words) as error:
        settings(**changes)
    assert "secret" not in str(error.value)


def test_plain_mqtt_on_this_machine_needs_no_certificates() -> None:
    found = msgspec.convert({"broker": "mqtt://127.0.0.1", "orders_key": KEY}, LinkSettings)
    assert (found.compress, found.keepalive_s, found.tls) == (False, 30, False)


def test_the_orders_key_is_its_bytes() -> None:
    assert settings().orders_key_bytes == bytes(range(32))


@given(st.text(max_size=40))
def test_any_broker_is_taken_whole_or_refused(rest: str) -> None:
    try:
        found = settings(broker=f"mqtts://{rest}")
    except msgspec.ValidationError:
        return
    assert found.host
    assert 1 <= found.port <= 65_535
