"""A receiver behind a real broker with TLS and the shipped rules: what gets a receipt, what is refused, and when.

The receiver runs as its own process, made by the centre's own command; the boxes here are written from the contract.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from simulator.city import City
from tests.centre.far_box import EPOCH, OTHER_EPOCH, SESSION, FarBox, Message, event, until
from tests.centre.receiving import bodies, greet, refused, rows, verified

ALARM = {"type": "kz.mektep.alarm.raised.v1", "time": "2026-11-23T08:12:39.123456Z", "specversion": "1.0"}


pytestmark = pytest.mark.usefixtures("receiver")  # one is enough for most


@pytest.fixture
def box(box: FarBox) -> FarBox:
    """The receiver knows it: like every box it has repeated its birth until it was welcome."""
    greet(box)
    return box


# --- receipts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", ["alarm", "record", "telemetry"])
def test_a_batch_is_committed_and_receipted(city: City, box: FarBox, lane: str) -> None:
    batch = box.batch(lane, 1, box.events(lane, 1, 3))
    box.send(batch)
    until(box.receipts)
    assert bodies(city, box.school) == box.events(lane, 1, 3)
    (receipt,) = box.receipts()
    assert {name: value for name, value in receipt.body.items() if name != "time"} == {
        "school": box.school,
        "epoch": EPOCH,
        "lane": lane,
        "first": 1,
        "last": 3,
        "sha256": hashlib.sha256(batch.payload).hexdigest(),
        "verdicts": [{"verdict": "stored", "first": 1, "last": 3}],
    }
    assert verified(city, "receipt", receipt)


def test_each_verdict_reaches_the_box(city: City, box: FarBox) -> None:
    good = box.events("record", 1, 4)
    box.send(box.batch("record", 1, good[:2]))
    until(lambda: box.receipts(1))
    other = event(box.school, "record", 2, data={"other": True})
    box.send(box.batch("record", 1, [good[0], other, b"{}", good[3]]))
    until(lambda: len(box.receipts()) == 2)
    assert [tuple(one.values()) for one in box.receipts()[1].body["verdicts"]] == [
        ("repeat", 1, 1),
        ("conflict", 2, 2),
        ("quarantined", 3, 3),
        ("stored", 4, 4),
    ]
    assert bodies(city, box.school) == [good[0], good[1], good[3]]


def test_the_hash_of_a_receipt_is_of_what_was_inside(city: City, box: FarBox) -> None:
    plain = box.batch("record", 1, box.events("record", 1, 50))
    box.send(Message(plain.topic, zstd.compress(plain.payload), plain.properties | {"encoding": "zstd"}))
    until(box.receipts)
    assert box.receipts()[0].body["sha256"] == hashlib.sha256(plain.payload).hexdigest()


def test_an_unreadable_batch_is_receipted_as_quarantined(city: City, box: FarBox) -> None:
    """One bad batch cannot block a lane; not even one that ends a decoder's stack."""
    for first, payload in ((1, b"hello"), (3, b"[" * 300_000)):
        box.send(box.batch_of("record", first, first + 1, payload))
        until(lambda first=first: box.receipts(first))
        assert box.receipts(first)[0].body["verdicts"] == [
            {"verdict": "quarantined", "first": first, "last": first + 1}
        ]
    sql = "select q.body from quarantine q join stream s on s.id = q.stream where s.school = ? order by q.first"
    assert rows(city, sql, box.school) == [(b"hello",), (b"[" * 300_000,)]


# --- refusals ------------------------------------------------------------------------------------------------


def test_what_is_refused_gets_no_receipt_and_is_counted(city: City, box: FarBox) -> None:
    """The good batch at the end proves that the others were looked at."""
    bodies_ = box.events("record", 1, 2)
    good = box.batch("record", 1, bodies_)
    stranger = FarBox(box.school)
    school_08 = [event("school-08", "record", n) for n in (1, 2)]
    forged = [
        stranger.batch("record", 1, bodies_),
        Message(good.topic, good.payload + b" ", good.properties),
        box.batch("record", 1, bodies_, first="2", last="3"),
        Message(good.topic, good.payload, good.properties | {"epoch": EPOCH.upper()}),
        Message(good.topic, zstd.compress(bytes(200_000_000)), good.properties | {"encoding": "zstd"}),
        box.batch_of("record", 1, 1, b" " * 1_048_577),
    ]
    for message in forged:
        box.send(message)
    box.send(box.batch("record", 11, school_08))
    box.send(box.batch("record", 21, box.events("record", 21, 22)))
    until(lambda: box.receipts(21))
    assert refused(city, box.school) == {"unknown_key": 1, "bad_signature": 2, "bad_range": 1, "oversized": 2}
    assert box.receipts(1) == []
    assert box.receipts(11)[0].body["verdicts"] == [{"verdict": "quarantined", "first": 11, "last": 12}]
    assert bodies(city, box.school) == box.events("record", 21, 22)
    assert bodies(city, "school-08") == []


def test_a_school_that_is_not_registered_gets_no_receipt(city: City, tmp_path: Path) -> None:
    """Also with a certificate. Counted under no name: a stranger cannot fill the table with names."""
    box = FarBox("school-unknown")
    city.add_school(box.school, box.key_base64, tmp_path / "box")
    with sqlite3.connect(city.folder / "centre.db") as db:
        db.execute("delete from school where name = ?", (box.school,))
    db.close()
    before = refused(city, "-").get("unknown_school", 0)
    box.connect(city.port, tmp_path / "box")
    box.send(box.batch("record", 1, box.events("record", 1, 2)))
    until(lambda: refused(city, "-").get("unknown_school", 0) > before)
    box.close()
    assert box.receipts() == []
    assert refused(city, box.school) == {}


def test_qos_0_is_refused_and_does_not_throw_the_receiver_out(city: City, box: FarBox) -> None:
    """Acknowledged like the others, it would be a protocol error: the broker would hang up on the receiver."""
    box.send(box.batch("record", 1, box.events("record", 1, 1)), qos=0)
    box.send(box.batch("record", 2, box.events("record", 2, 2)))
    until(lambda: box.receipts(2))
    assert refused(city, box.school) == {"wrong_qos": 1}
    assert bodies(city, box.school) == box.events("record", 2, 2)


TOLD_NUL = {"type": "kz.mektep.incident.told.v1", "data": {"why": "\0"}}  # it would stand in a column of its own
ODD: list[tuple[str, str, dict[str, Any] | bytes, str]] = [
    ("status", "status", b"hello", "malformed"),
    ("status", "status", {"state": "online", "school": "s", "session": SESSION, "epoch": "\0"}, "malformed"),
    ("status", "status", {"state": "online", "school": "x", "session": SESSION, "epoch": EPOCH}, "other_school"),
    ("answers", "answer", b"[" * 300_000, "malformed"),
    ("answers", "answer", {"order": "ping", "school": "s", "epoch": EPOCH, "number": 2**70, "outcome": "done",
                           "reason": "", "result": {}, "time": ""}, "malformed"),
    ("answers", "answer", {"order": "ping", "school": "x", "epoch": EPOCH, "number": 1, "outcome": "done",
                           "reason": "", "result": {}, "time": ""}, "other_school"),
    ("answers", "answer", {"order": "ping", "school": "s", "epoch": EPOCH, "number": 1, "outcome": "failed",
                           "reason": "\0", "result": {}, "time": ""}, "malformed"),
    ("events/ahead", "ahead", ALARM | {"id": "ahead-1", "source": f"/schools/x/{EPOCH}/ahead"}, "other_school"),
    ("events/ahead", "ahead", ALARM | {"id": "ahead-\0", "source": "/schools/s"}, "malformed"),
    ("events/ahead", "ahead", TOLD_NUL | {"id": "ahead-1", "source": "/schools/s"}, "malformed"),
    ("events/ahead", "ahead", b'{"a":"' + b"x" * 65_536 + b'"}', "oversized"),
    ("events/ahead", "order", ALARM | {"id": "ahead-1", "source": "/schools/s"}, "bad_signature"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "kind", "body", "reason"), ODD)
def test_an_odd_message_is_counted_and_holds_nobody_up(
    city: City, box: FarBox, rest: str, kind: str, body: dict[str, Any] | bytes, reason: str
) -> None:
    if isinstance(body, dict) and body.get("school") == "s":
        body = body | {"school": box.school}
    box.send(box.message(rest, kind, body))
    lane = "alarm" if rest == "events/ahead" else "record"
    box.send(box.batch(lane, 1, box.events(lane, 1, 1)))
    until(box.receipts)
    found = refused(city, box.school)
    assert set(found) == {reason}


# --- births, answers, alarms sent ahead ----------------------------------------------------------------------


def test_a_birth_gets_a_signed_welcome_with_what_is_stored(city: City, box: FarBox) -> None:
    box.send(box.batch("record", 1, box.events("record", 1, 3)))
    box.send(box.batch("record", 6, box.events("record", 6, 7)))
    until(lambda: len(box.receipts()) == 2)
    box.send(box.birth(owes=[OTHER_EPOCH]))
    until(lambda: box.heard_on("welcome"))
    welcome = box.heard_on("welcome")[0]
    assert verified(city, "welcome", welcome)
    assert (welcome.body["school"], welcome.body["session"]) == (box.school, SESSION)
    assert (welcome.body["datasets"], welcome.body["grants"]) == ({}, [])
    assert [tuple(one.values()) for one in welcome.body["stored"]] == [
        (EPOCH, "alarm", 0, 0),
        (EPOCH, "record", 3, 7),
        (EPOCH, "telemetry", 0, 0),
        *((OTHER_EPOCH, lane, 0, 0) for lane in ("alarm", "record", "telemetry")),
    ]


def test_a_death_is_noted_and_not_answered(city: City, box: FarBox) -> None:
    box.send(box.birth(state="offline"))
    sql = "select state, epoch from presence where school = ?"
    until(lambda: rows(city, sql, box.school) == [("offline", EPOCH)])
    box.send(box.birth())
    until(lambda: box.heard_on("welcome"))
    assert rows(city, sql, box.school) == [("online", EPOCH)]


def test_an_alarm_sent_ahead_is_kept_verbatim_without_a_receipt(city: City, box: FarBox) -> None:
    ahead = box.message("events/ahead", "ahead", ALARM | {"id": "ahead-1", "source": f"/schools/{box.school}/x/ahead"})
    box.send(ahead)
    box.send(ahead)
    box.send(box.batch("alarm", 1, box.events("alarm", 1, 1)))
    until(box.receipts)
    assert rows(city, "select id, body from ahead where school = ?", box.school) == [
        ("ahead-1", ahead.payload.decode())
    ]
    assert len(box.receipts()) == 1


# --- the database is away ------------------------------------------------------------------------------------


def test_while_the_database_cannot_commit_there_is_no_receipt(city: City, box: FarBox) -> None:
    """And none is lost: it is stored and receipted as soon as it can be."""
    foreign = sqlite3.connect(city.folder / "centre.db", isolation_level=None)
    foreign.execute("begin immediate")
    box.send(box.batch("record", 1, box.events("record", 1, 2)))
    log = city.folder.parent / "receiver-1.log"
    begin = len(log.read_text())
    until(lambda: "K-110" in log.read_text()[begin:])  # it has tried for as long as SQLite waits
    assert box.receipts() == []
    assert bodies(city, box.school) == []
    foreign.execute("rollback")
    foreign.close()
    until(box.receipts)
    assert bodies(city, box.school) == box.events("record", 1, 2)
    assert box.receipts()[0].body["verdicts"] == [{"verdict": "stored", "first": 1, "last": 2}]


# --- keys ----------------------------------------------------------------------------------------------------


def test_a_new_receipt_key_is_taken_up_by_a_running_receiver(city: City, box: FarBox, tmp_path: Path) -> None:
    box.send(box.batch("record", 1, box.events("record", 1, 1)))
    until(box.receipts)
    old = box.receipts()[0].properties["key"]
    city.must("rekey", "--days", "30")
    for sequence in itertools.count(2):
        box.send(box.batch("record", sequence, box.events("record", sequence, sequence)))
        until(functools.partial(box.receipts, sequence))
        if box.receipts()[-1].properties["key"] != old:
            break
        assert sequence < 1_000, "the old key signs on"
        time.sleep(0.05)
    assert verified(city, "receipt", box.receipts()[-1])
