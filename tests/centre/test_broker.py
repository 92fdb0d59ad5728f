"""The rules of the shipped broker, tried by real clients: nobody reads, writes or receipts for another."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from centre import broker, pki
from simulator.city import City
from tests.centre.far_box import FarBox, until
from tests.centre.visitor import GRANTED, NOT_AUTHORISED, Visitor, visit

A, B = "school-a", "school-b"
OWN, OTHER = f"mektep/v1/{A}", f"mektep/v1/{B}"


@pytest.fixture(scope="module")
def ca(city: City) -> Path:
    """Two schools are registered; each certificate lies in its folder beside the centre's."""
    for school in (A, B):
        city.add_school(school, FarBox(school).key_base64, city.folder.parent / school)
    return city.folder / "pki/ca.crt"


@pytest.fixture(scope="module")
def school(city: City, ca: Path) -> Iterator[Visitor]:
    """School A."""
    with visit(city.port, ca, city.folder.parent / A / "box", A) as visitor:
        yield visitor


def centre_as(city: City, ca: Path, name: str) -> Any:
    return visit(city.port, ca, city.folder / "pki" / name, name)


# --- what a school may write ---------------------------------------------------------------------------------

MAY_WRITE = ["status", "answers", "events/alarm", "events/record", "events/telemetry", "events/ahead", "evidence/e1"]
MAY_NOT_WRITE = [
    *(f"{OWN}/{rest}" for rest in ("welcome", "receipts", "orders/ping", "reference/cards", "events", "x")),
    *(f"{OWN}/{rest}" for rest in ("events/record/x", "evidence/e1/x", "status/x", "answers/x")),
    *(f"{OTHER}/{rest}" for rest in (*MAY_WRITE, "welcome", "receipts", "orders/ping", "reference/cards")),
    OWN,
    "mektep/v1",
    "mektep/v2/school-a/status",
    "status",
    "$CONTROL/dynamic-security/v1",
]


@pytest.mark.parametrize("rest", MAY_WRITE)
def test_a_school_may_write_its_own_up_topics(school: Visitor, rest: str) -> None:
    assert school.publish(f"{OWN}/{rest}") == 0


@pytest.mark.parametrize("topic", MAY_NOT_WRITE)
def test_a_school_may_write_nothing_else(school: Visitor, topic: str) -> None:
    assert school.publish(topic) == NOT_AUTHORISED


def test_what_a_school_may_not_write_reaches_nobody(city: City, ca: Path, school: Visitor) -> None:
    """The code alone could lie. The last one is let through, so the others would have come before."""
    with centre_as(city, ca, "centre-1") as centre:
        assert centre.subscribe("mektep/v1/#") == GRANTED
        for topic in MAY_NOT_WRITE:
            school.publish(topic, b"forged")
        school.publish(f"{OWN}/answers", b"the last")
        until(lambda: (f"{OWN}/answers", b"the last") in centre.heard)
        assert [topic for topic, payload in centre.heard if payload == b"forged"] == []


# --- what a school may read ----------------------------------------------------------------------------------

MAY_READ = ["welcome", "receipts", "orders/+", "orders/ping", "reference/+"]
MAY_NOT_READ = [
    "#",
    "+/#",
    "+/+/+/receipts",
    "mektep/#",
    "mektep/v1/#",
    "mektep/v1/+/receipts",
    "mektep/v1/+/orders/+",
    *(f"{OTHER}/{rest}" for rest in (*MAY_READ, "#", "status", "events/record")),
    *(f"{OWN}/{rest}" for rest in ("#", "+", "+/+", "status", "events/+", "answers", "orders/#")),
    "$share/centre/mektep/v1/+/events/record",
    "$share/centre-alarm/mektep/v1/+/events/alarm",
    f"$share/mine/{OTHER}/receipts",
    f"$share/mine/{OTHER}/orders/+",
    "$share/mine/#",
    "$SYS/#",
    "$SYS/broker/clients/connected",
    "$CONTROL/#",
    "$CONTROL/dynamic-security/v1/response",
]


@pytest.mark.parametrize("rest", MAY_READ)
def test_a_school_may_read_its_own_down_topics(school: Visitor, rest: str) -> None:
    assert school.subscribe(f"{OWN}/{rest}") == GRANTED


@pytest.mark.parametrize("topic", MAY_NOT_READ)
def test_a_school_may_subscribe_to_nothing_else(school: Visitor, topic: str) -> None:
    assert school.subscribe(topic) == NOT_AUTHORISED


def test_a_receipt_reaches_its_school_alone(city: City, ca: Path, school: Visitor) -> None:
    for rest in MAY_READ:
        school.subscribe(f"{OWN}/{rest}")
    school.heard.clear()
    with (
        visit(city.port, ca, city.folder.parent / B / "box", B) as other,
        centre_as(city, ca, "centre-1") as centre,
    ):
        assert other.subscribe(f"{OTHER}/receipts") == GRANTED
        assert centre.publish(f"{OTHER}/receipts", b"for b") == 0
        assert centre.publish(f"{OWN}/receipts", b"for a") == 0
        until(lambda: school.heard and other.heard)
        assert (school.heard, other.heard) == ([(f"{OWN}/receipts", b"for a")], [(f"{OTHER}/receipts", b"for b")])


# --- wills ---------------------------------------------------------------------------------------------------


def test_a_will_is_heard_on_the_own_status_alone(city: City, ca: Path) -> None:
    """A will on another's status is never published; the honest one that dies after it proves that it had its time."""
    box = city.folder.parent / B / "box"
    with centre_as(city, ca, "centre-1") as centre:
        assert centre.subscribe("mektep/v1/#") == GRANTED
        for will in (f"{OWN}/status", f"{OTHER}/receipts", f"{OTHER}/status"):
            visitor = Visitor(ca, box, B, will=will).knock(city.port)
            if visitor.connected:
                visitor.die()
                until(visitor.gone.is_set)
                visitor.client.loop_stop()
        until(lambda: (f"{OTHER}/status", b"dead") in centre.heard)
        assert {topic for topic, payload in centre.heard if payload == b"dead"} == {f"{OTHER}/status"}


# --- who is who ----------------------------------------------------------------------------------------------


def test_another_client_id_does_not_throw_its_owner_out(city: City, ca: Path, school: Visitor) -> None:
    """The certificate's name is the client id, whatever the client says."""
    with visit(city.port, ca, city.folder.parent / B / "box", A) as impostor:
        assert impostor.publish(f"{OWN}/status") == NOT_AUTHORISED
        assert impostor.publish(f"{OTHER}/status") == 0
        assert school.publish(f"{OWN}/status") == 0
    assert not school.gone.is_set()


def test_a_school_with_a_receivers_client_id_is_still_a_school(city: City, ca: Path) -> None:
    with centre_as(city, ca, "centre-1") as centre:
        with visit(city.port, ca, city.folder.parent / B / "box", "centre-1") as impostor:
            assert impostor.publish(f"{OWN}/receipts") == NOT_AUTHORISED
        assert centre.publish(f"{OWN}/receipts") == 0
        assert not centre.gone.is_set()


def issued(folder: Path, authority: Path, name: str) -> Path:
    pki.issue(authority, name, folder, name)
    return folder / name


def test_without_a_certificate_of_this_city_nobody_is_let_in(
    city: City, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pki.make_authority(tmp_path / "foreign")
    with monkeypatch.context() as patched:
        patched.setattr(pki, "LEAF_DAYS", -dt.timedelta(minutes=5) / dt.timedelta(days=1))
        expired = issued(tmp_path / "expired", city.folder / "pki", A)
    visitors = {
        "none": Visitor(ca, None, A),
        "of a foreign authority": Visitor(ca, issued(tmp_path, tmp_path / "foreign", A), A),
        "expired": Visitor(ca, expired, A),
        "without TLS": Visitor(ca, None, A, plain=True),
    }
    for visitor in visitors.values():
        visitor.knock(city.port)
    assert [name for name, visitor in visitors.items() if visitor.connected] == []
    for visitor in visitors.values():
        visitor.leave()


def test_a_certificate_of_this_city_is_not_enough(city: City, ca: Path, tmp_path: Path) -> None:
    """mosquitto takes the certificate for a login; but who is not registered can write and read nothing."""
    certificate, own = issued(tmp_path, city.folder / "pki", "school-c"), "mektep/v1/school-c"
    with visit(city.port, ca, certificate, "school-c") as stranger:
        for rest in MAY_WRITE:
            assert stranger.publish(f"{own}/{rest}") == NOT_AUTHORISED
        for rest in MAY_READ:
            assert stranger.subscribe(f"{own}/{rest}") == NOT_AUTHORISED


# --- the centre's own ----------------------------------------------------------------------------------------

CENTRE: list[tuple[str, str, bool]] = [
    *((name, f"{OWN}/{rest}", True) for name in ("centre-1", "centre-2-alarm") for rest in ("receipts", "welcome")),
    *((name, f"{OWN}/orders/ping", False) for name in ("centre-1", "centre-2", "centre-1-alarm", "centre-2-alarm")),
    ("centre-1", f"{OWN}/reference/cards", False),
    ("centre-1", f"{OWN}/status", False),
    ("centre-1", f"{OWN}/events/record", False),
    ("centre-1", "$CONTROL/dynamic-security/v1", False),
    ("centre-admin", f"{OWN}/orders/ping", True),
    ("centre-admin", f"{OWN}/reference/cards", True),
    ("centre-admin", f"{OWN}/receipts", False),
    ("centre-admin", f"{OWN}/welcome", False),
    ("centre-admin", f"{OWN}/events/record", False),
]


@pytest.mark.parametrize(("name", "topic", "allowed"), CENTRE)
def test_receivers_write_receipts_and_the_administrator_orders(
    city: City, ca: Path, name: str, topic: str, allowed: bool
) -> None:
    with centre_as(city, ca, name) as visitor:
        assert visitor.publish(topic) == (0 if allowed else NOT_AUTHORISED)


@pytest.mark.parametrize(
    ("name", "topic", "allowed"),
    [
        ("centre-1", "$share/centre/mektep/v1/+/events/record", True),
        ("centre-1-alarm", "$share/centre-alarm/mektep/v1/+/events/alarm", True),
        ("centre-1", "mektep/v1/+/status", True),
        ("centre-1", "$share/foreign/mektep/v1/+/events/record", False),
        ("centre-1", "$CONTROL/#", False),
        ("centre-1", "#", False),
        ("centre-admin", "$CONTROL/dynamic-security/v1/response", True),
        ("centre-admin", "mektep/v1/+/events/record", False),
    ],
)
def test_the_centre_reads_what_its_part_needs(city: City, ca: Path, name: str, topic: str, allowed: bool) -> None:
    with centre_as(city, ca, name) as visitor:
        assert visitor.subscribe(topic) == (GRANTED if allowed else NOT_AUTHORISED)


# --- the files -----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.make_authority(tmp_path / "pki")
    pki.issue(tmp_path / "pki", "broker", tmp_path / "pki", "broker", hosts=("127.0.0.1",))
    broker.write_broker(tmp_path / "broker", tmp_path / "pki", "127.0.0.1", 8883, 0)
    return tmp_path / "broker"


def rules(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "dynsec.json").read_bytes())
    return found


def test_the_rules_are_readable_by_the_broker_alone(folder: Path) -> None:
    assert (folder / "dynsec.json").stat().st_mode & 0o777 == 0o600
    before = (folder / "dynsec.json").stat()
    broker.add_school(folder, A)
    after = (folder / "dynsec.json").stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_schools_are_put_into_the_file_once_and_taken_out(folder: Path) -> None:
    empty = rules(folder)
    for school in (A, B, A):
        broker.add_school(folder, school)
    both = rules(folder)
    assert [one["username"] for one in both["clients"]] == [*(one["username"] for one in empty["clients"]), B, A]
    assert sorted(one["rolename"] for one in both["roles"]) == ["admin", "centre", f"school-{A}", f"school-{B}"]
    broker.remove_school(folder, A)
    broker.remove_school(folder, B)
    broker.remove_school(folder, "school-never")
    assert rules(folder) == empty


def test_nothing_is_allowed_by_default(folder: Path) -> None:
    access = rules(folder)["defaultACLAccess"]
    assert access == {
        "publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True
    }  # fmt: skip


def test_what_the_operator_changed_is_kept(folder: Path) -> None:
    broker.add_school(folder, A)
    (folder / "mosquitto.conf").write_text("# ours\n")
    before = rules(folder)
    broker.write_broker(folder, folder.parent / "pki", "127.0.0.1", 9999, 1883)
    assert (folder / "mosquitto.conf").read_text() == "# ours\n"
    assert rules(folder) == before
    assert "listener 1883 127.0.0.1\n" in (folder / "mosquitto-plain.conf").read_text()


def test_lines_that_an_older_file_lacks_are_added_where_they_belong(folder: Path) -> None:
    """As if init had written them; a file in which the operator has moved things is left alone."""
    conf, ours = folder / "mosquitto.conf", folder.parent / "pki"
    whole = conf.read_text().splitlines(keepends=True)
    old = [line for line in whole if not line.startswith(("crlfile", "pid_file"))]
    conf.write_text("".join(old) + "log_dest syslog\n")
    added = broker.write_broker(folder, ours, "127.0.0.1", 8883, 0)
    assert sorted(added) == [f"crlfile {ours}/crl.pem", f"pid_file {folder}/mosquitto.pid"]
    assert conf.read_text() == "".join([*whole, "log_dest syslog\n"])
    assert broker.write_broker(folder, ours, "127.0.0.1", 8883, 0) == []
    for changed in ("".join(old).replace("/broker.key", "/own.key"), "".join(old) + "include_dir /etc/more\n"):
        conf.write_text(changed)
        assert not [line for line in broker.write_broker(folder, ours, "127.0.0.1", 8883, 0) if "crl" in line]


def test_the_plain_broker_listens_on_loopback_alone(folder: Path) -> None:
    broker.write_broker(folder, folder.parent / "pki", "0.0.0.0", 9999, 1883)
    listeners = [line for line in (folder / "mosquitto-plain.conf").read_text().splitlines() if "listener" in line]
    assert listeners == ["listener 1883 127.0.0.1"]


def test_a_missing_broker_is_told_with_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PLUGIN_FOLDERS", (str(folder),))
    (folder / "mosquitto.conf").unlink()
    with pytest.raises(broker.CentreError, match="K-104") as caught:
        broker.write_broker(folder, folder.parent / "pki", "127.0.0.1", 8883, 0)
    assert "mosquitto" in caught.value.do
