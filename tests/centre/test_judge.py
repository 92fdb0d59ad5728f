"""A batch is refused, set aside in part or whole, or sound: a table of every outcome. Garbage raises nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from centre.judge import Judged, Loss, judge, judge_again
from centre.wire import Refused
from tests.centre.far_box import EPOCH, OTHER_EPOCH, FarBox, Message, event, loss, public

BOX, STRANGER = FarBox("school-07"), FarBox("school-07")


def judged(message: Message, lane: str = "record") -> Judged:
    return judge("school-07", lane, message.topic, message.payload, message.properties, public(BOX.key))


def reason_of_refusal(message: Message) -> str:
    with pytest.raises(Refused) as caught:
        judged(message)
    return caught.value.reason


def one(**changes: Any) -> bytes:
    return event("school-07", "record", 5, **changes)


def judged_one(body: bytes) -> Judged:
    """Between two good neighbours, which must not suffer."""
    found = judged(BOX.batch("record", 4, [*BOX.events("record", 4, 4), body, *BOX.events("record", 6, 6)]))
    assert [one.sequence for one in found.events if one.sequence != 5] == [4, 6]
    return found


# --- sound -----------------------------------------------------------------------------------------------


def test_sound_events_are_kept_byte_for_byte() -> None:
    bodies = BOX.events("record", 451, 453)
    message = BOX.batch("record", 451, bodies)
    found = judged(message)
    assert (found.school, found.epoch, found.lane, found.first, found.last) == ("school-07", EPOCH, "record", 451, 453)
    assert found.sha256 == hashlib.sha256(message.payload).hexdigest()
    assert [(e.sequence, e.body.encode()) for e in found.events] == list(zip([451, 452, 453], bodies, strict=True))
    assert (found.events[0].type, found.events[0].time) == ("kz.mektep.card.seen.v1", "2026-11-23T08:12:39.123456Z")
    assert (found.bad, found.losses) == ([], [])


def test_a_compressed_batch_is_judged_by_what_is_inside() -> None:
    plain = BOX.batch("record", 1, BOX.events("record", 1, 2))
    packed = Message(plain.topic, zstd.compress(plain.payload), plain.properties | {"encoding": "zstd"})
    assert judged(packed) == judged(plain)


SOUND: list[tuple[str, bytes]] = [
    ("an unknown type", one(type="org.example.never.heard.of.v9")),
    ("a type of 256 characters", one(type="a" * 256)),
    ("more attributes", one(reissueof=f"{OTHER_EPOCH}/record/9", aheadid="ahead-1")),
    ("no data", one(data=None)),
    ("Kazakh text", one(data={"name": "Әліппе"})),
    ("Kazakh text as it is", json.dumps(json.loads(one(data={"n": "Ғ"})), ensure_ascii=False).encode()),
    ("spaces and line breaks", json.dumps(json.loads(one()), indent=2).encode()),
    ("a backslash and the letters u0000", one(data={"path": r"C:\u0000"})),
    ("two backslashes and the letters u0000", one(data={"path": r"\\u0000"})),
    ("the letters at the end of a key", one(data={"\\u0000": 1})),
    ("another escape that only looks like it", one(data={"a": "\u00000"[1:] + "\\u0001"})),
    ("an hour of an offset", one(time="2026-11-23T13:12:39+05:00")),
    ("a leap second", one(time="2026-12-31T23:59:60Z")),
    ("the largest event", one(data={"x": "y" * (65_536 - len(one(data={"x": ""})))})),
]


@pytest.mark.parametrize("body", [case[1] for case in SOUND], ids=[case[0] for case in SOUND])
def test_a_sound_event_is_taken(body: bytes) -> None:
    found = judged_one(body)
    assert found.bad == []
    assert found.events[1].body == body.decode()


# --- set aside, alone ------------------------------------------------------------------------------------

BAD: list[tuple[str, bytes, str]] = [
    ("a number", b"17", "object"),
    ("an array", b"[]", "object"),
    ("null", b"null", "object"),
    ("an empty object", b"{}", "specversion"),
    ("another id", one(id="0000000000000000006"), "id or sequence"),
    ("an id without zeros", one(id="5", sequence="5"), "id or sequence"),
    ("an id that is a number", one(id=5), "str"),
    ("another sequence", one(sequence="0000000000000000006"), "id or sequence"),
    ("another school", event("school-08", "record", 5), "source"),
    ("another epoch", one(source=f"/schools/school-07/{OTHER_EPOCH}/record"), "source"),
    ("another lane", one(source=f"/schools/school-07/{EPOCH}/alarm"), "source"),
    ("no source", one(source=None), "source"),
    ("no type", one(type=None), "type"),
    ("an empty type", one(type=""), "type"),
    ("an endless type", one(type="a" * 257), "type"),
    ("another specversion", one(specversion="0.3"), "specversion"),
    ("no time", one(time=None), "time"),
    ("a time in words", one(time="today"), "time"),
    ("a date alone", one(time="2026-11-23"), "time"),
    ("no zone", one(time="2026-11-23T08:12:39"), "time"),
    ("month 13", one(time="2026-13-01T00:00:00Z"), "time"),
    ("hour 24", one(time="2026-11-23T24:00:00Z"), "time"),
    ("digits of another script", one(time="२०२६-11-23T08:12:39Z"), "time"),
    ("a line break behind", one(time="2026-11-23T08:12:39Z\n"), "time"),
    ("a NUL", one(data={"x": "\0"}), "NUL"),
    ("a NUL behind a backslash", one(data={"x": "\\\0"}), "NUL"),
    ("a NUL in a key", one(data={"\0": 1}), "NUL"),
    ("a NUL in the type", one(type="a\0"), "NUL"),
    ("one byte too large", one(data={"x": "y" * (65_537 - len(one(data={"x": ""})))}), "65536"),
    ("not UTF-8 where nobody looks", one(data={"x": "?"}).replace(b'"?"', b'"\xff"'), "utf-8"),
    ("a loss without data", one(type="kz.mektep.loss.v1", data={}), "epoch"),
    ("a loss in another shape", one(type="kz.mektep.loss.v1", data=7), "object"),
    ("a loss of no lane", loss("school-07", 5, "evidence", 1, 2), "regex"),
    ("a loss in no epoch", loss("school-07", 5, "telemetry", 1, 2, epoch="x"), "regex"),
    ("a loss from zero", loss("school-07", 5, "telemetry", 0, 2), ">= 1"),
    ("a loss that ends before it begins", loss("school-07", 5, "telemetry", 3, 2), "before"),
    ("a loss beyond any sequence", loss("school-07", 5, "telemetry", 1, 2**53), "<= 9007199254740991"),
    ("a loss beyond any column", loss("school-07", 5, "telemetry", 1, 10**30), "<= 9007199254740991"),
]


@pytest.mark.parametrize(("body", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_one_malformed_event_is_set_aside_alone_and_verbatim(body: bytes, reason: str) -> None:
    found = judged_one(body)
    (bad,) = found.bad
    assert (bad.first, bad.last, bad.body) == (5, 5, body)
    assert reason in bad.reason
    assert found.losses == []


def test_a_loss_is_an_event_and_a_range() -> None:
    found = judged(BOX.batch("record", 5, [loss("school-07", 5, "telemetry", 10, 90)]))
    assert [e.type for e in found.events] == ["kz.mektep.loss.v1"]
    assert found.losses == [Loss(EPOCH, "telemetry", 10, 90)]


# --- set aside, whole ------------------------------------------------------------------------------------

WHOLE: list[tuple[str, bytes]] = [
    ("not JSON", b"hello"),
    ("nothing", b""),
    ("an object", b"{}"),
    ("cut off", b"[" + one()),
    ("two arrays", b"[" + one() + b"][]"),
    ("an empty array", b"[]"),
    ("too few", b"[" + one() + b"]"),
    ("too many", b"[" + b",".join([one()] * 3) + b"]"),
    ("a raw NUL", b"[" + one(data={"x": "?"}).replace(b"?", b"\0") + b",{}]"),
    ("a nest that ends the stack", b"[" * 500_000),
    ("a nest inside", b'[{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"},1]"),
]


@pytest.mark.parametrize("payload", [case[1] for case in WHOLE], ids=[case[0] for case in WHOLE])
def test_a_batch_that_cannot_be_told_apart_is_set_aside_whole(payload: bytes) -> None:
    found = judged(BOX.batch_of("record", 5, 6, payload))
    (bad,) = found.bad
    assert (bad.first, bad.last, bad.body) == (5, 6, payload)
    assert bad.reason
    assert (found.events, found.losses) == ([], [])
    assert found.sha256 == hashlib.sha256(payload).hexdigest()


# --- refused ---------------------------------------------------------------------------------------------

GOOD = BOX.batch("record", 5, [one()])


def spoilt(**properties: str) -> Message:
    return Message(GOOD.topic, GOOD.payload, GOOD.properties | properties)


def signed_range(first: int, last: int) -> Message:
    """The box itself signs a range that cannot be."""
    return BOX.batch_of("record", first, last, b"[]")


REFUSED: list[tuple[str, Callable[[], Message], str]] = [
    ("a stranger's signature", lambda: STRANGER.batch("record", 5, [one()]), "unknown_key"),
    ("a stranger under our name", lambda: spoilt(sig=STRANGER.batch("record", 5, [one()]).properties["sig"]),
     "bad_signature"),
    ("a changed byte", lambda: Message(GOOD.topic, GOOD.payload + b" ", GOOD.properties), "bad_signature"),
    ("moved to another lane", lambda: Message(BOX.topic("events/alarm"), GOOD.payload, GOOD.properties),
     "bad_signature"),
    ("moved to another school", lambda: Message(FarBox("school-08").topic("events/record"), GOOD.payload,
     GOOD.properties), "bad_signature"),
    ("moved to another epoch", lambda: spoilt(epoch=OTHER_EPOCH), "bad_signature"),
    ("moved up", lambda: spoilt(first="6", last="6"), "bad_signature"),
    ("no epoch", lambda: spoilt(epoch=""), "bad_range"),
    ("an epoch in capitals", lambda: spoilt(epoch=EPOCH.upper()), "bad_range"),
    ("an epoch with a line break", lambda: spoilt(epoch=EPOCH + "\n"), "bad_range"),
    ("no first", lambda: spoilt(first=""), "bad_range"),
    ("first with a zero before", lambda: spoilt(first="05"), "bad_range"),
    ("first with a sign", lambda: spoilt(first="+5"), "bad_range"),
    ("first in other digits", lambda: spoilt(first="٥"), "bad_range"),
    ("first is zero", lambda: signed_range(0, 0), "bad_range"),
    ("last before first", lambda: signed_range(6, 5), "bad_range"),
    ("more than 2,000", lambda: signed_range(1, 2_001), "bad_range"),
    ("beyond 2^53", lambda: signed_range(2**53, 2**53), "bad_range"),
    ("17 digits", lambda: signed_range(10**16, 10**16), "bad_range"),
    ("oversized", lambda: BOX.batch_of("record", 5, 5, bytes(1_048_577)), "oversized"),
    ("a bomb", lambda: Message(GOOD.topic, zstd.compress(bytes(10**8)), GOOD.properties | {"encoding": "zstd"}),
     "oversized"),
    ("packed badly", lambda: spoilt(encoding="zstd"), "bad_compression"),
    ("another packing", lambda: spoilt(encoding="br"), "unknown_encoding"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_forged_or_impossible_batch_is_refused(make: Callable[[], Message], reason: str) -> None:
    assert reason_of_refusal(make()) == reason


def test_the_largest_batch_is_taken() -> None:
    bodies = BOX.events("record", 2**53 - 2_000, 2**53 - 1)
    assert len(judged(BOX.batch("record", 2**53 - 2_000, bodies)).events) == 2_000


# --- garbage ---------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(payload=st.binary(max_size=300), properties=st.dictionaries(st.text(max_size=8), st.text(max_size=40)))
def test_garbage_from_strangers_is_refused(payload: bytes, properties: dict[str, str]) -> None:
    reason_of_refusal(Message(GOOD.topic, payload, properties))


@given(payload=st.binary(max_size=300), last=st.integers(5, 9))
def test_garbage_under_a_good_signature_is_set_aside_whole(payload: bytes, last: int) -> None:
    found = judged(BOX.batch_of("record", 5, last, payload))
    assert covered(found) == list(range(5, last + 1))


@given(bodies=st.lists(JSON | st.sampled_from([json.loads(one()), json.loads(one(id=None))]), min_size=1, max_size=5))
def test_each_sequence_is_an_event_or_set_aside(bodies: list[Any]) -> None:
    payload = json.dumps(bodies).encode()
    found = judged(BOX.batch_of("record", 5, 4 + len(bodies), payload))
    assert covered(found) == list(range(5, 5 + len(bodies)))


@given(name=st.sampled_from(sorted(json.loads(one()))), value=JSON)
def test_an_attribute_may_be_anything(name: str, value: Any) -> None:
    assert covered(judged(BOX.batch("record", 5, [one(**{name: value})]))) == [5]


@given(text=st.text(alphabet='\\u0\0"/n', max_size=12))
def test_a_nul_is_found_as_a_json_reader_finds_it(text: str) -> None:
    found = judged(BOX.batch("record", 5, [one(data={"x": text})]))
    assert [bad.reason for bad in found.bad] == (["a NUL character"] if "\0" in text else [])


def covered(found: Judged) -> list[int]:
    aside = [sequence for bad in found.bad for sequence in range(bad.first, bad.last + 1)]
    return sorted([one.sequence for one in found.events] + aside)


# --- again -----------------------------------------------------------------------------------------------


def again(first: int, last: int, body: bytes) -> Judged | None:
    return judge_again("school-07", EPOCH, "record", first, last, body)


def test_a_piece_that_is_sound_today_is_judged_sound() -> None:
    """Of one event, or of a whole range."""
    alone = again(5, 5, one())
    assert alone is not None
    assert [e.sequence for e in alone.events] == [5]
    both = again(5, 6, b"[" + b",".join(BOX.events("record", 5, 6)) + b"]")
    assert both is not None
    assert [e.sequence for e in both.events] == [5, 6]


@pytest.mark.parametrize(
    ("first", "last", "body"),
    [
        (5, 5, b"hello"),
        (5, 5, b""),
        (5, 5, one(time="today")),
        (5, 5, one(id="6")),
        (5, 6, one()),
        (5, 6, b"[" + one() + b"]"),
        (5, 6, b"[" + one() + b",{}]"),
        (5, 6, b"[" * 500_000),
        (5, 5, b"[]"),
    ],
)
def test_a_piece_that_is_not_sound_or_not_the_whole_range_stays(first: int, last: int, body: bytes) -> None:
    assert again(first, last, body) is None
