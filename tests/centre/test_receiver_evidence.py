"""Parts of sealed files at a receiver behind the real broker with the shipped rules: receipts, resume, refusals."""

from __future__ import annotations

import asyncio
import hashlib
import random
from uuid import uuid4

import pytest

from centre.database import open_database
from centre.evidence import EvidenceStore
from simulator.city import City
from tests.centre.far_box import FarBox, Message, until
from tests.centre.receiving import greet, refused, verified
from tests.centre.visitor import NOT_AUTHORISED, visit

SEALED = random.Random(1).randbytes(40_000)


pytestmark = pytest.mark.usefixtures("receiver")


@pytest.fixture
def box(box: FarBox) -> FarBox:
    greet(box)
    return box


@pytest.fixture
def name() -> str:
    return str(uuid4())


def receipts(box: FarBox) -> list[Message]:
    return [one for one in box.heard_on("receipts") if "evidence" in one.body]


def latest(box: FarBox) -> tuple[str, list[tuple[int, int]]]:
    body = receipts(box)[-1].body
    return body["verdict"], [(one["first"], one["last"]) for one in body["have"]]


def sealed_at(city: City, name: str) -> list[tuple[str, bytes]]:
    database = open_database(f"sqlite:///{city.folder}/centre.db")
    found = EvidenceStore(database).sealed(name)
    database.close()
    return found


def test_each_part_is_receipted_and_the_last_makes_it_whole(city: City, box: FarBox, name: str) -> None:
    for number, offset in enumerate((0, 32_768, 16_384), 1):
        box.send(box.part(name, SEALED, offset))
        until(lambda wanted=number: len(receipts(box)) == wanted)
    bodies = [one.body for one in receipts(box)]
    assert [body["verdict"] for body in bodies] == ["partial", "partial", "whole"]
    assert bodies[1]["have"] == [{"first": 0, "last": 16_383}, {"first": 32_768, "last": 39_999}]
    for body in bodies:
        assert (body["school"], body["evidence"], body["bytes"]) == (box.school, name, 40_000)
        assert body["sha256"] == hashlib.sha256(SEALED).hexdigest()
    assert all(verified(city, "receipt", one) for one in receipts(box))
    assert sealed_at(city, name) == [(box.school, SEALED)]
    box.send(box.part(name, SEALED, 0))
    until(lambda: len(receipts(box)) == 4)
    assert latest(box) == ("whole", [(0, 39_999)])


def test_a_new_cut_goes_on_from_what_is_there(city: City, box: FarBox, name: str) -> None:
    """The box may cut anew after a loss of the line; what overlaps is stored once."""
    for offset, length in ((0, 10_000), (5_000, 12_000), (30_000, 10_000), (16_000, 16_384)):
        box.send(box.part(name, SEALED, offset, length))
    until(lambda: receipts(box) and latest(box)[0] == "whole")
    assert sealed_at(city, name) == [(box.school, SEALED)]


def spoilt(box: FarBox, name: str) -> list[tuple[Message, str]]:
    good = box.part(name, SEALED, 0)
    elsewhere = Message(good.topic[:-1] + ("0" if good.topic[-1] != "0" else "1"), good.payload, good.properties)
    stranger = FarBox(box.school)
    return [
        (box.part(name, SEALED, 0, 16_385), "oversized"),
        (box.part(name, SEALED, 0, offset="1"), "bad_signature"),
        (Message(good.topic, b"x" + good.payload[1:], good.properties), "bad_signature"),
        (elsewhere, "bad_signature"),
        (stranger.part(name, SEALED, 0), "unknown_key"),
        (box.part_of(name, b"x", {"sha256": "ab" * 32, "bytes": "1", "offset": "1"}), "bad_range"),
        (box.part(name, SEALED, 0, encoding="zstd"), "unknown_encoding"),
        (Message(box.topic("evidence/picture"), good.payload, good.properties), "foreign_topic"),
    ]


def test_what_is_foreign_tampered_or_oversized_is_refused_and_counted(city: City, box: FarBox, name: str) -> None:
    wrong = spoilt(box, name)
    for message, _ in wrong:
        box.send(message)
    box.send(box.part(name, SEALED, 0), qos=0)
    wanted: dict[str, int] = {"wrong_qos": 1}
    for _, reason in wrong:
        wanted[reason] = wanted.get(reason, 0) + 1
    until(lambda: refused(city, box.school) == wanted)
    assert receipts(box) == []
    assert sealed_at(city, name) == []
    box.send(box.part(name, SEALED, 0))  # and the right one still comes through
    until(lambda: receipts(box))
    assert latest(box) == ("partial", [(0, 16_383)])


def test_a_school_cannot_send_for_another(city: City, box: FarBox, name: str, tmp_path: object) -> None:
    """Neither by the broker's rules, nor by a signature that was made for another topic."""
    folder = city.folder.parent / f"visit-{box.school}"
    other = FarBox(f"{box.school}-b")
    city.add_school(other.school, other.key_base64, folder)
    with visit(city.port, city.folder / "pki/ca.crt", folder / "box", other.school) as visitor:
        assert visitor.publish(box.topic(f"evidence/{name}")) == NOT_AUTHORISED
        assert visitor.publish(other.topic(f"evidence/{name}")) == 0
    moved = other.part(name, SEALED, 0)
    box.send(Message(box.topic(f"evidence/{name}"), moved.payload, moved.properties))
    until(lambda: refused(city, box.school) == {"unknown_key": 1})
    assert receipts(box) == []


def test_another_file_under_the_same_id_is_a_conflict(city: City, box: FarBox, name: str) -> None:
    other = random.Random(2).randbytes(500)
    box.send(box.part(name, SEALED, 0))
    until(lambda: receipts(box))
    box.send(box.part(name, other, 0))
    until(lambda: len(receipts(box)) == 2)
    body = receipts(box)[-1].body
    assert (body["verdict"], body["have"], body["sha256"]) == ("conflict", [], hashlib.sha256(other).hexdigest())


def test_bytes_that_do_not_have_the_hash_are_told(city: City, box: FarBox, name: str) -> None:
    statement = {"sha256": "ab" * 32, "bytes": "3", "offset": "0"}
    box.send(box.part_of(name, b"abc", statement))
    until(lambda: receipts(box))
    assert latest(box) == ("damaged", [])
    assert sealed_at(city, name) == []


def test_a_killed_receiver_loses_no_part_that_it_receipted(city: City, box: FarBox, name: str) -> None:
    box.send(box.part(name, SEALED, 0))
    until(lambda: receipts(box))
    city.receivers[0].kill()
    asyncio.run(city.receivers[0].start())
    box.send(box.part(name, SEALED, 16_384))
    until(lambda: len(receipts(box)) == 2)
    assert latest(box) == ("partial", [(0, 32_767)])


def test_a_receipt_names_a_bounded_number_of_ranges(city: City, box: FarBox, name: str) -> None:
    for offset in range(0, 2_000, 4):
        box.send(box.part(name, SEALED, offset, 2))
    until(lambda: receipts(box) and len(latest(box)[1]) == 256)
    assert latest(box)[1][:2] == [(0, 1), (4, 5)]
