"""One connection against a real mosquitto, with TLS and without: each way it fails has its code, each loss is told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from agent.sync import mqtt
from agent.sync.linkerror import LinkError
from agent.sync.mqtt import Incoming, Mqtt, Outgoing
from agent.sync.settings import LinkSettings
from centre import pki
from simulator.link_proxy import LinkProxy
from simulator.processes import free_port
from tests.agent.sync.box import until
from tests.agent.sync.brokers import CONNACK, ORDERS_KEY, SUBACK_TO_1, Broker, City, Listener, saying

STATUS, RECEIPTS = "mektep/v1/school-07/status", "mektep/v1/school-07/receipts"
WILL = Outgoing(topic=STATUS, payload=b"offline", properties={"key": "k"}, retain=True)


class Line:
    """A connection and what came over it."""

    def __init__(self, settings: LinkSettings) -> None:
        self.heard: list[Incoming] = []
        self.mqtt = Mqtt(settings, "school-07", self.heard.append)

    async def open(self, *, check_dates: bool = True) -> Mqtt:
        await self.mqtt.connect(WILL, check_dates=check_dates)
        await self.mqtt.subscribe([RECEIPTS])
        return self.mqtt

    async def lost(self, patience_s: float = 15.0) -> LinkError:
        async with asyncio.timeout(patience_s):
            return await asyncio.shield(self.mqtt.lost)


async def failure(settings: LinkSettings, *, check_dates: bool = True) -> LinkError:
    """Why a connection cannot be had."""
    line = Line(settings)
    try:
        with pytest.raises(LinkError) as error:
            await line.open(check_dates=check_dates)
        return error.value
    finally:
        line.mqtt.close()


def plain(port: int) -> LinkSettings:
    return LinkSettings(broker=f"mqtt://127.0.0.1:{port}", orders_key=ORDERS_KEY)


def message(payload: bytes = b"{}", topic: str = STATUS) -> Outgoing:
    return Outgoing(topic=topic, payload=payload, properties={"key": "k", "sig": "s"}, correlation=b"7")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with Broker(tmp_path / "broker") as made:
        yield made


@pytest.fixture
async def line(broker: Broker) -> AsyncIterator[Line]:
    made = Line(broker.settings())
    await made.open()
    yield made
    made.mqtt.close()


# --- it works -----------------------------------------------------------------------------------------------


async def test_over_tls_messages_pass_both_ways(tmp_path: Path) -> None:
    city = City(tmp_path)
    async with Broker(tmp_path / "broker", city.rules) as broker:
        line = Line(city.settings(broker.port))
        connection = await line.open()
        far = Listener(broker.port, "#", tls=city.files())
        connection.publish(message(b"up"))
        await until(lambda: (STATUS, b"up") in far.heard)
        for number in range(300):  # many packets in one TLS record
            far.client.publish(RECEIPTS, b"%d" % number, qos=1)
        await until(lambda: len(line.heard) == 300)
        assert [one.payload for one in line.heard] == [b"%d" % number for number in range(300)]
        assert {one.topic for one in line.heard} == {RECEIPTS}
        far.close()
        connection.close()


async def test_the_brokers_limits_are_kept(line: Line) -> None:
    assert line.mqtt.in_flight_max == 20
    assert line.mqtt.packet_max == 200_000


async def test_the_session_keeps_what_came_while_the_box_was_away(broker: Broker, line: Line) -> None:
    await line.mqtt.end()
    far = Listener(broker.port, STATUS)
    far.client.publish(RECEIPTS, b"meanwhile", qos=1).wait_for_publish(10)
    again = Line(broker.settings())
    await again.mqtt.connect(WILL, check_dates=True)
    await until(lambda: again.heard)  # without subscribing anew
    assert again.heard[0].payload == b"meanwhile"
    again.mqtt.close()
    far.close()


# --- the will -----------------------------------------------------------------------------------------------


async def test_the_will_is_delivered_when_the_box_vanishes(broker: Broker, line: Line) -> None:
    far = Listener(broker.port, STATUS)
    line.mqtt.close()  # as a cut: without a word
    await until(lambda: far.heard)
    assert far.heard == [(STATUS, b"offline")]
    far.close()


async def test_no_will_after_a_goodbye(broker: Broker, line: Line) -> None:
    far = Listener(broker.port, STATUS)
    line.mqtt.publish(message(b"goodbye"))
    await line.mqtt.end()
    await until(lambda: far.heard)
    far.client.publish(STATUS, b"mark", qos=1)
    await until(lambda: (STATUS, b"mark") in far.heard)
    assert far.heard == [(STATUS, b"goodbye"), (STATUS, b"mark")]
    far.close()


# --- it cannot be had ---------------------------------------------------------------------------------------


async def test_nobody_listens() -> None:
    assert (await failure(plain(free_port()))).code == "L-103"


async def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    error = await failure(City(tmp_path).settings(1, broker="mqtts://no-such-broker.invalid"))
    assert error.code == "L-102"
    assert "no-such-broker.invalid" in error.what


async def test_a_broker_that_does_not_admit_the_box(tmp_path: Path) -> None:
    async with Broker(tmp_path, "allow_anonymous false") as broker:
        assert (await failure(broker.settings())).code == "L-111"


@pytest.mark.parametrize("tls", [True, False])
async def test_a_peer_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool) -> None:
    monkeypatch.setattr(mqtt, "CONNECT_S", 0.3)
    async with saying() as port:
        assert (await failure(City(tmp_path).settings(port) if tls else plain(port))).code == "L-104"


async def test_a_peer_that_does_not_speak_tls(tmp_path: Path) -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = await failure(City(tmp_path).settings(port))
    assert error.code == "L-106"
    assert f"127.0.0.1:{port}" in error.what


async def test_the_brokers_certificate_is_for_another_name(tmp_path: Path) -> None:
    city = City(tmp_path, hosts=("broker.example",))
    async with Broker(tmp_path / "broker", city.rules) as broker:
        error = await failure(city.settings(broker.port))
    assert error.code == "L-107"
    assert "127.0.0.1" in error.what


async def test_the_brokers_certificate_is_of_another_city(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    city, other = City(tmp_path), City(tmp_path / "other")
    async with Broker(tmp_path / "broker", other.rules) as broker:
        assert (await failure(city.settings(broker.port))).code == "L-107"


async def test_the_boxs_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = City(tmp_path / "other")
    city = City(tmp_path, authority=other.folder)  # the broker admits only boxes of the other city
    async with Broker(tmp_path / "broker", city.rules) as broker:
        error = await failure(city.settings(broker.port))
    assert error.code in ("L-106", "L-109")  # within the handshake, or after it
    assert "certificate" in error.do


async def test_dates_count_only_when_the_clock_can_be_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pki, "LEAF_DAYS", -0.01)
    city = City(tmp_path)
    monkeypatch.undo()
    (tmp_path / "box.crt").unlink()
    pki.issue(tmp_path, "school-07", tmp_path, "box")
    async with Broker(tmp_path / "broker", city.rules) as broker:
        assert (await failure(city.settings(broker.port))).code == "L-108"
        line = Line(city.settings(broker.port))
        await line.open(check_dates=False)
        line.mqtt.close()


@pytest.mark.parametrize("which", ["ca", "certificate", "key"])
async def test_a_missing_file_is_named(tmp_path: Path, which: str) -> None:
    city = City(tmp_path)
    Path(city.files()[which]).unlink()
    error = await failure(city.settings(1))
    assert error.code == "L-105"
    assert city.files()[which] in error.what


@pytest.mark.parametrize("which", ["ca", "certificate", "key"])
async def test_a_file_that_is_no_certificate(tmp_path: Path, which: str) -> None:
    city = City(tmp_path)
    Path(city.files()[which]).write_text("rubbish")
    assert (await failure(city.settings(1))).code in ("L-105", "L-106")


async def test_a_key_with_a_password_asks_nobody(tmp_path: Path) -> None:
    city = City(tmp_path)
    key = serialization.load_pem_private_key((tmp_path / "box.key").read_bytes(), password=None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "box.key").write_bytes(locked)
    error = await failure(city.settings(1))
    assert error.code == "L-106"
    assert "password" in error.what


async def test_giving_up_does_not_wait_for_the_line(tmp_path: Path) -> None:
    async with saying() as port:
        line = Line(City(tmp_path).settings(port))
        task = asyncio.create_task(line.open())
        await asyncio.sleep(0.05)
        began_s = time.monotonic()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        line.mqtt.close()
        assert time.monotonic() - began_s < 1


# --- it is lost ---------------------------------------------------------------------------------------------


async def test_a_broker_that_is_killed_and_comes_back(broker: Broker, line: Line) -> None:
    broker.process.kill()
    assert (await line.lost()).code == "L-110"
    with pytest.raises(LinkError, match="L-110"):
        line.mqtt.publish(message())
    assert (await failure(broker.settings())).code == "L-103"
    await broker.start()
    again = Line(broker.settings())
    (await again.open()).publish(message())
    again.mqtt.close()


async def test_a_broker_that_is_stopped(broker: Broker, line: Line) -> None:
    await broker.process.stop()
    assert (await line.lost()).code == "L-110"


ENDINGS = [
    ("another took its name", b"\xe0\x02\x8e\x00", "L-113"),
    ("a packet was too large", b"\xe0\x02\x95\x00", "L-116"),
]


@pytest.mark.parametrize(("packet", "code"), [pytest.param(*row[1:], id=row[0]) for row in ENDINGS])
async def test_a_broker_that_tells_why_it_ends(packet: bytes, code: str) -> None:
    async with saying(CONNACK, SUBACK_TO_1 + packet) as port:
        line = Line(plain(port))
        await line.open()
        assert (await line.lost()).code == code
        line.mqtt.close()


async def test_of_two_boxes_with_one_name_the_first_is_cut(broker: Broker, line: Line) -> None:
    twin = Line(broker.settings())
    connection = await twin.open()
    assert (await line.lost()).code in ("L-110", "L-113")  # mosquitto 2.0 does not tell why
    assert not connection.lost.done()
    connection.close()


async def test_a_line_that_went_silent(broker: Broker) -> None:
    proxy = LinkProxy(free_port(), broker.port)
    await proxy.start()
    line = Line(broker.settings(broker=f"mqtt://127.0.0.1:{proxy.port}", keepalive_s=1))
    await line.open()
    proxy.silence(silent=True)
    assert (await line.lost()).code == "L-114"
    line.mqtt.close()
    await proxy.stop()


async def test_a_line_that_was_cut(broker: Broker) -> None:
    proxy = LinkProxy(free_port(), broker.port)
    await proxy.start()
    line = Line(broker.settings(broker=f"mqtt://127.0.0.1:{proxy.port}"))
    await line.open()
    proxy.cut()
    assert (await line.lost()).code == "L-110"
    line.mqtt.close()
    await proxy.stop()


GARBAGE = [
    ("no packet at all", b"\xf0\x00"),
    ("properties that lie about their length", b"\x32\x0a\x00\x01a\x00\x01\x7f\x26\x00\x00\x00"),
    ("a property that does not exist", b"\x32\x08\x00\x01a\x00\x01\x02\xfe\x00"),
    ("a topic longer than the packet", b"\x32\x04\xff\xffaa"),
    ("nothing in it", b"\x32\x00"),
]


@pytest.mark.parametrize("packet", [pytest.param(row[1], id=row[0]) for row in GARBAGE])
async def test_a_broker_that_sends_rubbish_is_left(packet: bytes) -> None:
    async with saying(CONNACK, SUBACK_TO_1 + packet) as port:
        line = Line(plain(port))
        await line.open()
        error = await line.lost()
        assert error.code in ("L-110", "L-117")
        assert line.heard == []
        line.mqtt.close()


async def test_what_breaks_the_reading_ends_the_connection_and_is_told(broker: Broker) -> None:
    def break_(_message: Incoming) -> None:
        raise ZeroDivisionError("a defect")

    connection = Mqtt(broker.settings(), "school-07", break_)
    await connection.connect(WILL, check_dates=True)
    await connection.subscribe([STATUS])
    connection.publish(message())
    async with asyncio.timeout(10):
        error = await connection.lost
    assert error.code == "L-117"
    assert "ZeroDivisionError: a defect" in error.what
    connection.close()


async def test_a_topic_that_is_no_text_is_nobodys() -> None:
    packet = b"\x32\x09\x00\x02\xff\xfe\x00\x01\x00hi"
    async with saying(CONNACK, SUBACK_TO_1 + packet) as port:
        line = Line(plain(port))
        await line.open()
        await until(lambda: line.heard)
        assert line.heard == [Incoming(topic="", payload=b"hi", properties={})]
        assert not line.mqtt.lost.done()
        line.mqtt.close()


# --- what the broker refuses --------------------------------------------------------------------------------


async def test_a_message_that_the_broker_refuses_is_counted(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic read #\ntopic write mektep/v1/school-07/answers\n")
    async with Broker(tmp_path, f"allow_anonymous true\nacl_file {tmp_path}/acl") as broker:
        line = Line(broker.settings())
        connection = await line.open()
        connection.publish(message(topic="mektep/v1/school-07/answers"))
        connection.publish(message(topic="mektep/v1/school-08/status"))
        await until(lambda: connection.refused == 1)
        assert not connection.lost.done()
        connection.close()


async def test_a_message_too_large_for_the_broker_never_leaves(broker: Broker, line: Line) -> None:
    far = Listener(broker.port, STATUS)
    with pytest.raises(LinkError, match="L-116"):
        line.mqtt.publish(message(b"x" * 200_000))
    line.mqtt.publish(message(b"y" * 190_000))
    await until(lambda: far.heard)
    assert [payload[:1] for _, payload in far.heard] == [b"y"]
    assert not line.mqtt.lost.done()
    far.close()


async def test_a_broker_that_does_not_let_the_box_listen() -> None:
    async with saying(CONNACK, b"\x90\x04\x00\x01\x00\x87") as port:
        assert (await failure(plain(port))).code == "L-115"
