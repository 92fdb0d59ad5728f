"""The wire is docs/protocol.md's: vectors that openssl made by hand, every limit from both sides, garbage refused."""

from __future__ import annotations

import base64
import json
import re
import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from centre import wire
from centre.wire import Refused, key_id, now_text, sign, signed_text, topic_of, unpacked, verify

# RFC 8032, 7.1, test 1. The signatures below: `openssl pkeyutl -sign -rawin` over lines written by hand.
KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY_ID = "21fe31dfa154a261"
PAYLOAD = b'{"a":1}'
PAYLOAD_HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
RECEIPTS, RECORD = "mektep/v1/school-07/receipts", "mektep/v1/school-07/events/record"
RECEIPT_SIG = "wcXRFlzh+NAxVKMDd1IDO2cxjldRgKd6cUHjkA2j+zeqa5FwaW/qxbj1MmGIfOmeYrW5j70Qm6m549md46qyAA=="
ORDER_SIG = "pcdJzrArwFXYXDZ8/whlt5YATEn0bkNiSJfXmZiWVGcnv/sPjjAfVqJ/kd3lcWUoX2yfdiYsm+qNlQkkCHdRCg=="
BATCH_SIG = "vvGbPHPCpacPuk9KfLyqb9dgKrzE+pGJmw3EmUOfQd8zyQjEMpmsTn8pAE71v3956lVDB6sg7A3MPF3HeA68DQ=="
STATEMENT = ("epoch=6f1d2c9e-0b7a-4a53-9c7e-5d4f3b2a1908", "first=451", "last=480")
RECEIPT = {"key": KEY_ID, "sig": RECEIPT_SIG}


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason


# --- signatures ------------------------------------------------------------------------------------------


def test_the_signed_text_is_the_lines_of_the_contract() -> None:
    assert signed_text("receipt", RECEIPTS, PAYLOAD) == (
        f"mektep/v1/signature\nreceipt\nmektep/v1/school-07/receipts\n{PAYLOAD_HASH}\n".encode()
    )
    assert signed_text("batch", RECORD, PAYLOAD, STATEMENT).endswith(
        f"{PAYLOAD_HASH}\nepoch=6f1d2c9e-0b7a-4a53-9c7e-5d4f3b2a1908\nfirst=451\nlast=480\n".encode()
    )


def test_a_key_is_named_by_the_first_half_of_the_halved_hash() -> None:
    assert key_id(PUBLIC) == KEY_ID


def test_what_we_sign_is_what_openssl_signs() -> None:
    assert sign(KEY, "receipt", RECEIPTS, PAYLOAD) == RECEIPT
    assert sign(KEY, "order", "mektep/v1/school-07/orders/ping", PAYLOAD) == {"key": KEY_ID, "sig": ORDER_SIG}


def test_a_good_signature_passes() -> None:
    verify(PUBLIC, "receipt", RECEIPTS, PAYLOAD, RECEIPT)
    verify(PUBLIC, "batch", RECORD, PAYLOAD, {"key": KEY_ID, "sig": BATCH_SIG}, STATEMENT)


OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FORGED: list[tuple[str, str, str, bytes, dict[str, str], str]] = [
    ("another kind", "order", RECEIPTS, PAYLOAD, RECEIPT, "bad_signature"),
    ("another topic", "receipt", "mektep/v1/school-08/receipts", PAYLOAD, RECEIPT, "bad_signature"),
    ("another payload", "receipt", RECEIPTS, PAYLOAD + b" ", RECEIPT, "bad_signature"),
    ("another key", "receipt", RECEIPTS, PAYLOAD, sign(OTHER, "receipt", RECEIPTS, PAYLOAD), "unknown_key"),
    (
        "another key that takes our name", "receipt", RECEIPTS, PAYLOAD,
        sign(OTHER, "receipt", RECEIPTS, PAYLOAD) | {"key": KEY_ID}, "bad_signature",
    ),
    ("no key named", "receipt", RECEIPTS, PAYLOAD, {"sig": RECEIPT_SIG}, "unknown_key"),
    ("no signature", "receipt", RECEIPTS, PAYLOAD, {"key": KEY_ID}, "bad_signature"),
    ("an empty signature", "receipt", RECEIPTS, PAYLOAD, RECEIPT | {"sig": ""}, "bad_signature"),
    ("not base64", "receipt", RECEIPTS, PAYLOAD, RECEIPT | {"sig": "ключ"}, "bad_signature"),
    ("base64 with dirt", "receipt", RECEIPTS, PAYLOAD, RECEIPT | {"sig": "\n" + RECEIPT_SIG}, "bad_signature"),
    ("too short", "receipt", RECEIPTS, PAYLOAD, RECEIPT | {"sig": RECEIPT_SIG[:84]}, "bad_signature"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "topic", "payload", "properties", "reason"), [case[1:] for case in FORGED], ids=[c[0] for c in FORGED]
)
def test_a_forgery_is_refused_with_its_reason(
    kind: str, topic: str, payload: bytes, properties: dict[str, str], reason: str
) -> None:
    assert refused(lambda: verify(PUBLIC, kind, topic, payload, properties)) == reason


@pytest.mark.parametrize(
    "statement", [(), STATEMENT[:2], (*STATEMENT, ""), ("epoch=x", *STATEMENT[1:]), (*STATEMENT[:2], "last=481")]
)
def test_a_batch_is_bound_to_epoch_first_and_last(statement: tuple[str, ...]) -> None:
    properties = {"key": KEY_ID, "sig": BATCH_SIG}
    assert refused(lambda: verify(PUBLIC, "batch", RECORD, PAYLOAD, properties, statement)) == "bad_signature"


@given(key=st.text(), sig=st.text(), payload=st.binary())
def test_garbage_is_refused_and_raises_nothing_else(key: str, sig: str, payload: bytes) -> None:
    assert refused(lambda: verify(PUBLIC, "receipt", RECEIPTS, payload, {"key": key, "sig": sig})) == "unknown_key"
    properties = {"key": KEY_ID, "sig": sig}
    assert refused(lambda: verify(PUBLIC, "receipt", RECEIPTS, payload, properties)) == "bad_signature"


# --- compression -----------------------------------------------------------------------------------------

MIB = 1_048_576
ZSTD_MAGIC, SKIPPABLE_MAGIC = bytes.fromhex("28b52ffd"), bytes.fromhex("2a4d18")
PACKED: list[tuple[str, bytes, dict[str, str], str]] = [
    ("plain, too large", bytes(MIB + 1), {}, "oversized"),
    ("packed, itself too large", bytes(MIB + 1), {"encoding": "zstd"}, "oversized"),
    ("one byte too many inside", zstd.compress(bytes(MIB + 1)), {"encoding": "zstd"}, "oversized"),
    ("a bomb", zstd.compress(bytes(200 * MIB)), {"encoding": "zstd"}, "oversized"),
    ("not zstd", b"{}", {"encoding": "zstd"}, "bad_compression"),
    ("cut off", zstd.compress(bytes(range(256)))[:-1], {"encoding": "zstd"}, "bad_compression"),
    ("nothing", b"", {"encoding": "zstd"}, "bad_compression"),
    ("another encoding", b"{}", {"encoding": "gzip"}, "unknown_encoding"),
    ("an empty encoding", b"{}", {"encoding": ""}, "unknown_encoding"),
]


@pytest.mark.parametrize(("payload", "properties", "reason"), [c[1:] for c in PACKED], ids=[c[0] for c in PACKED])
def test_what_is_too_large_or_cannot_be_unpacked_is_refused(
    payload: bytes, properties: dict[str, str], reason: str
) -> None:
    assert refused(lambda: unpacked(payload, properties)) == reason


@pytest.mark.parametrize("size", [0, 1, MIB])
def test_up_to_the_limit_it_is_unpacked(size: int) -> None:
    assert unpacked(bytes(size), {}) == bytes(size)
    assert unpacked(zstd.compress(bytes(size)), {"encoding": "zstd"}) == bytes(size)


def test_a_bomb_does_not_get_memory() -> None:
    """The size that a frame tells of itself is not believed."""
    bomb = zstd.compress(bytes(200 * MIB))
    assert len(bomb) < MIB
    tracemalloc.start()
    reason = refused(lambda: unpacked(bomb, {"encoding": "zstd"}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason == "oversized"
    assert MIB < peak < 8 * MIB


@given(payload=st.binary(max_size=500))
def test_garbage_said_to_be_zstd_is_refused(payload: bytes) -> None:
    assume(payload[:4] != ZSTD_MAGIC and payload[1:4] != SKIPPABLE_MAGIC)
    assert refused(lambda: unpacked(payload, {"encoding": "zstd"})) == "bad_compression"


# --- names, topics, payloads -----------------------------------------------------------------------------

TOPICS = [
    ("mektep/v1/school-07/events/record", ("school-07", "events/record")),
    ("mektep/v1/7/events/alarm", ("7", "events/alarm")),
    ("mektep/v1/s/events/ahead", ("s", "events/ahead")),
    ("mektep/v1/s/status", ("s", "status")),
    ("mektep/v1/s/answers", ("s", "answers")),
    (f"mektep/v1/{'a' * 32}/status", ("a" * 32, "status")),
    (f"mektep/v1/{'a' * 33}/status", None),
    ("mektep/v1/-s/status", None),
    ("mektep/v1/School/status", None),
    ("mektep/v1//status", None),
    ("mektep/v2/s/status", None),
    ("mektep/v1/s/events/evidence", None),
    ("mektep/v1/s/events", None),
    ("mektep/v1/s/receipts", None),
    ("mektep/v1/s/status/x", None),
    ("x/mektep/v1/s/status", None),
    ("mektep/v1/s/status\n", None),
]


@pytest.mark.parametrize(("topic", "parts"), TOPICS)
def test_a_topic_is_one_of_the_contract_or_none(topic: str, parts: tuple[str, str] | None) -> None:
    match = wire.TOPIC.fullmatch(topic)
    assert (match and (match["school"], match["rest"])) == parts
    assert not parts or topic_of(*parts) == topic


def test_a_receipt_is_the_object_of_the_contract() -> None:
    receipt = wire.Receipt(
        school="school-07", epoch=STATEMENT[0][6:], lane="record", first=451, last=480, sha256=PAYLOAD_HASH,
        verdicts=[wire.RangeVerdict("stored", 451, 479), wire.RangeVerdict("quarantined", 480, 480)],
        time="2026-11-23T08:12:39.200000Z",
    )  # fmt: skip
    assert json.loads(msgspec.json.encode(receipt)) == {
        "school": "school-07",
        "epoch": "6f1d2c9e-0b7a-4a53-9c7e-5d4f3b2a1908",
        "lane": "record",
        "first": 451,
        "last": 480,
        "sha256": PAYLOAD_HASH,
        "verdicts": [
            {"verdict": "stored", "first": 451, "last": 479},
            {"verdict": "quarantined", "first": 480, "last": 480},
        ],
        "time": "2026-11-23T08:12:39.200000Z",
    }


def test_the_signature_is_64_bytes_in_padded_base64() -> None:
    assert len(base64.b64decode(sign(KEY, "welcome", RECEIPTS, b"")["sig"], validate=True)) == 64


EPOCH = "6f1d2c9e-0b7a-4a53-9c7e-5d4f3b2a1908"
BIRTH = {"state": "online", "school": "s", "session": "0f" * 16, "epoch": EPOCH, "agent": "0.1.0", "owes": [EPOCH]}
ANSWER = {
    "order": "ping", "school": "s", "epoch": EPOCH, "number": 18, "outcome": "done", "reason": "", "result": {},
    "time": "2026-11-23T08:12:39.200000Z",
}  # fmt: skip
AHEAD = {"id": f"ahead-{EPOCH}", "type": "kz.mektep.alarm.v1", "source": f"/schools/s/{EPOCH}/ahead", "data": {}}
SPOILT: list[tuple[type[msgspec.Struct], dict[str, object], str, object]] = [
    (wire.Birth, BIRTH, "state", "asleep"),
    (wire.Birth, BIRTH, "session", "0f" * 15),
    (wire.Birth, BIRTH, "session", "0F" * 16),
    (wire.Birth, BIRTH, "session", "0f" * 16 + "\n"),
    (wire.Birth, BIRTH, "epoch", "\0"),
    (wire.Birth, BIRTH, "epoch", EPOCH.upper()),
    (wire.Birth, BIRTH, "owes", ["\0"]),
    (wire.Birth, BIRTH, "owes", [EPOCH + "\n"]),
    (wire.Answer, ANSWER, "number", 0),
    (wire.Answer, ANSWER, "number", 2**53),
    (wire.Answer, ANSWER, "number", 2**70),
    (wire.Answer, ANSWER, "number", "18"),
    (wire.Ahead, AHEAD, "id", "ahead-\0"),
    (wire.Ahead, AHEAD, "id", ""),
    (wire.Ahead, AHEAD, "id", "a" * 101),
]


@pytest.mark.parametrize(("type_", "good", "name", "value"), SPOILT)
def test_what_a_database_could_not_take_is_malformed(
    type_: type[msgspec.Struct], good: dict[str, object], name: str, value: object
) -> None:
    """A NUL or a number beyond its column would look like a database that is down, for ever."""
    assert msgspec.json.decode(json.dumps(good), type=type_)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(good | {name: value}), type=type_)


@pytest.mark.parametrize(
    ("utc_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_795_421_559_123_456_789, "2026-11-23T08:12:39.123456Z"),
        (1_795_421_559_000_000_999, "2026-11-23T08:12:39.000000Z"),
    ],
)
def test_a_time_is_utc_with_microseconds(utc_ns: int, text: str) -> None:
    assert now_text(utc_ns) == text


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_times_sort_as_their_texts(one: int, other: int) -> None:
    """Delegations are compared as texts."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", now_text(one))
    assert (now_text(one) <= now_text(other)) or one // 1000 > other // 1000
