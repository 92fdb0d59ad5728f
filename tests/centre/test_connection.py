"""A receiver at a real broker: it takes no more than it can answer, comes back by itself, says what is wrong."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from centre import admin, pki, revocation
from centre import connection as module
from centre.connection import RECEIVE_MAXIMUM, Arrived, Connection, tls_context
from centre.database import open_database
from centre.enrolment import Enrolments
from centre.errors import CentreError
from centre.settings import Settings, load_settings
from simulator.city import City
from tests.centre.far_box import FarBox, Message, until

RECORDS = ["$share/centre/mektep/v1/+/events/record"]


@pytest.fixture
def settings(city: City) -> Settings:
    return load_settings(city.folder / "centre.toml")


class Listener:
    """A connection and what it brought; nothing is acknowledged unless a test does it."""

    def __init__(
        self, settings: Settings, name: str, topics: list[str] = RECORDS, retained: Sequence[str] = ()
    ) -> None:
        self.arrived: list[Arrived] = []
        self.connection = Connection(settings, name, topics, self.arrived.append, retained)

    def payloads(self) -> list[bytes]:
        return [one.payload for one in self.arrived]


@pytest.fixture
def listener(settings: Settings) -> Iterator[Listener]:
    made = Listener(settings, "centre-1")
    made.connection.start()
    assert made.connection.subscribed.wait(20)
    yield made
    made.connection.stop()


def record(box: FarBox, payload: bytes, **properties: str) -> Message:
    return Message(box.topic("events/record"), payload, properties)


def test_topic_payload_and_properties_arrive_as_they_were_sent(listener: Listener, box: FarBox) -> None:
    box.send(record(box, b"\x00\xff", epoch="Ж", sig="a=b"))
    until(lambda: listener.arrived)
    (one,) = listener.arrived
    assert (one.topic, one.payload, one.qos) == (box.topic("events/record"), b"\x00\xff", 1)
    assert one.properties == {"epoch": "Ж", "sig": "a=b"}
    listener.connection.acknowledge(one)


def test_no_more_arrives_than_may_be_unacknowledged(listener: Listener, box: FarBox) -> None:
    count = RECEIVE_MAXIMUM + 10
    for number in range(count):
        box.send(record(box, b"%d" % number))
    until(lambda: len(box.codes) == count and len(listener.arrived) >= RECEIVE_MAXIMUM)
    assert len(listener.arrived) == RECEIVE_MAXIMUM
    for one in list(listener.arrived):
        listener.connection.acknowledge(one)
    until(lambda: len(listener.arrived) == count)
    assert listener.payloads() == [b"%d" % number for number in range(count)]
    for one in listener.arrived[RECEIVE_MAXIMUM:]:
        listener.connection.acknowledge(one)


def test_receivers_of_one_group_share(listener: Listener, settings: Settings, box: FarBox) -> None:
    other = Listener(settings, "centre-2")
    other.connection.start()
    assert other.connection.subscribed.wait(20)
    for number in range(20):
        box.send(record(box, b"%02d" % number))
    until(lambda: len(listener.arrived) + len(other.arrived) == 20)
    assert sorted(listener.payloads() + other.payloads()) == [b"%02d" % number for number in range(20)]
    assert listener.arrived
    assert other.arrived
    other.connection.stop()


def _last_came(payload: bytes, listeners: list[Listener]) -> bool:
    return any(one.payloads()[-1] == payload for one in listeners)


def test_what_was_retained_comes_to_each_and_what_is_live_to_one(settings: Settings, box: FarBox) -> None:
    """A birth is a commit and an answer: a city's would cost three times as much, were each given to all."""
    status = box.topic("status")
    box.send(Message(status, b"before", {}), retain=True)
    until(lambda: len(box.codes) == 1)
    names = ("centre-1", "centre-2")
    both = [Listener(settings, name, [f"$share/centre/{status}", *RECORDS], [status]) for name in names]
    for one in both:
        one.connection.start()
        assert one.connection.subscribed.wait(20)
    until(lambda: all(one.arrived for one in both))
    live = [b"live %03d" % number for number in range(2 * RECEIVE_MAXIMUM)]  # none takes up a place for ever
    for payload in live:
        box.send(Message(status, payload, {}), retain=True)
        until(functools.partial(_last_came, payload, both))
        bearer = next(one for one in both if one.payloads()[-1] == payload)
        bearer.connection.acknowledge(bearer.arrived[-1])
    assert all(one.payloads()[0] == b"before" for one in both)
    assert sorted(one for one in both[0].payloads() + both[1].payloads() if one != b"before") == live
    for one in both:
        one.connection.stop()
    box.send(Message(status, b"", {}), retain=True)


def test_what_was_not_acknowledged_dies_with_the_session(settings: Settings, box: FarBox) -> None:
    """A dead receiver is fed nothing, and nothing waits for it: the boxes send again."""
    first = Listener(settings, "centre-1")
    first.connection.start()
    assert first.connection.subscribed.wait(20)
    box.send(record(box, b"one"))
    until(lambda: first.arrived)
    first.connection.stop()
    box.send(record(box, b"to nobody"))
    until(lambda: len(box.codes) == 2)
    second = Listener(settings, "centre-1")
    second.connection.start()
    assert second.connection.subscribed.wait(20)
    box.send(record(box, b"two"))
    until(lambda: second.arrived)
    assert second.payloads() == [b"two"]
    second.connection.stop()


def test_a_message_goes_out_with_its_properties(listener: Listener, box: FarBox) -> None:
    listener.connection.publish(box.topic("receipts"), b"{}", {"key": "k", "sig": "s", "delegation": "d"})
    until(lambda: box.heard)
    assert box.heard == [Message(box.topic("receipts"), b"{}", {"key": "k", "sig": "s", "delegation": "d"})]


def test_without_a_connection_nothing_is_kept_to_be_sent(settings: Settings) -> None:
    unstarted = Connection(settings, "centre-1", RECORDS, lambda _: None)
    unstarted.publish("mektep/v1/s/receipts", b"{}", {})
    assert unstarted._client._out_messages == {}
    assert unstarted._client._out_packet == type(unstarted._client._out_packet)()


def test_it_comes_back_after_the_broker_and_says_so_once(
    city: City, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "centre")
    listener = Listener(settings, "centre-1")
    listener.connection.start()
    assert listener.connection.subscribed.wait(20)
    first = listener.connection.number
    city.broker.kill()
    until(lambda: not listener.connection.subscribed.is_set())
    asyncio.run(city.start_broker())
    assert listener.connection.subscribed.wait(30)
    assert listener.connection.number == first + 1
    listener.connection.stop()
    lost = [one.getMessage() for one in caplog.records if "centre-1 lost the broker" in one.getMessage()]
    back = [one.getMessage() for one in caplog.records if one.getMessage() == "centre-1 is connected"]
    assert (len(lost), len(back)) == (1, 1)


@pytest.mark.parametrize(
    ("topics", "trouble"),
    [(["mektep/v2/#"], "refuses centre-1 a subscription"), (RECORDS, "")],
)
def test_a_refused_subscription_is_told(settings: Settings, topics: list[str], trouble: str) -> None:
    listener = Listener(settings, "centre-1", topics)
    listener.connection.start()
    until(lambda: listener.connection.trouble or listener.connection.subscribed.is_set())
    assert trouble in listener.connection.trouble
    assert listener.connection.subscribed.is_set() is (not trouble)
    listener.connection.stop()


def test_a_burst_of_the_same_trouble_is_one_line(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(settings, "centre-1", RECORDS, lambda _: None)
    for trouble in ("a", "a", "a", "b"):
        connection._say(trouble)
    assert [one.getMessage() for one in caplog.records] == ["K-112 a", "K-112 b"]


# --- certificates --------------------------------------------------------------------------------------------


def test_a_receiver_without_its_certificate_is_told_the_names_there_are(settings: Settings) -> None:
    with pytest.raises(CentreError, match=r"K-101.*centre-9") as caught:
        Connection(settings, "centre-9", RECORDS, lambda _: None)
    assert "centre-1" in caught.value.do


@pytest.mark.parametrize("file", ["ca.crt", "centre-1.crt", "centre-1.key"])
@pytest.mark.parametrize("content", [None, b"", b"hello"])
def test_a_spoilt_certificate_is_told(settings: Settings, tmp_path: Path, file: str, content: bytes | None) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("ca.crt", "centre-1.crt", "centre-1.key"):
        (tmp_path / "pki" / name).write_bytes(settings.file(f"pki/{name}").read_bytes())
    here = msgspec.structs.replace(settings, folder=str(tmp_path))
    tls_context(here, "centre-1")
    if content is None:
        (tmp_path / "pki" / file).unlink()
    else:
        (tmp_path / "pki" / file).write_bytes(content)
    with pytest.raises(CentreError, match="K-101"):
        tls_context(here, "centre-1")


def test_a_broker_of_another_city_is_not_spoken_to(settings: Settings, tmp_path: Path) -> None:
    """Its certificate is not of our authority."""
    pki.make_authority(tmp_path / "pki")
    pki.issue(tmp_path / "pki", "centre-1", tmp_path / "pki", "centre-1")
    here = msgspec.structs.replace(settings, folder=str(tmp_path))
    connection = Connection(here, "centre-1", RECORDS, lambda _: None)
    failed = threading.Event()
    connection._client.on_connect_fail = lambda *_: failed.set()
    connection.start()
    assert failed.wait(20)
    assert not connection.subscribed.is_set()
    connection.stop()


def test_the_mqtt_library_is_named_here_and_in_admin_alone() -> None:
    folder = Path(module.__file__).parent
    naming = {path.name for path in folder.glob("*.py") if "paho" in path.read_text()}
    assert naming == {"connection.py", "admin.py"}


def test_a_renewed_certificate_is_shown_at_the_next_connection(
    settings: Settings, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The old one is revoked meanwhile: whoever comes with it is not let in."""
    file, key = settings.file("pki/centre-1.crt"), settings.file("pki/centre-1.key")
    before = pki.certificate(file)
    pki.renew(settings.file("pki"), file)
    database = open_database(settings.database)
    enrolments = Enrolments(database, settings.file("."))
    enrolments.note("school-of-the-old-one", b"k" * 32, before)
    assert enrolments.revoke_one(f"{before.serial_number:x}", "revoked")
    revocation.publish_list(settings, database)
    database.close()
    assert listener.connection.number == 1  # and it stays up while all this is done
    assert admin.put_out(settings, "centre-1")
    until(lambda: listener.connection.number == 2 and listener.connection.subscribed.is_set())

    good = key.read_bytes()
    key.write_text("spoilt")  # the one that was taken up stays
    assert admin.put_out(settings, "centre-1")
    until(lambda: listener.connection.number == 3 and listener.connection.subscribed.is_set())
    assert "goes on with the one before" in caplog.text
    key.write_bytes(good)
