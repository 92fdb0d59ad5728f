"""The wire's names and payloads are those of the contract; rubbish is the decoder's own error and nothing else."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Lane
from agent.sync.topics import (
    BATCH_MAX_EVENTS,
    Answer,
    Birth,
    Delegation,
    LaneReport,
    Order,
    RangeVerdict,
    Receipt,
    Topics,
    Verdict,
    Welcome,
)

EPOCH = "01234567-89ab-cdef-0123-456789abcdef"
TIME = "2026-11-23T08:12:39.123456Z"
RECEIPT = {
    "school": "school-07",
    "epoch": EPOCH,
    "lane": "record",
    "first": 451,
    "last": 480,
    "sha256": "ab" * 32,
    "verdicts": [
        {"verdict": "stored", "first": 451, "last": 479},
        {"verdict": "quarantined", "first": 480, "last": 480},
    ],
    "time": TIME,
}
WELCOME = {
    "school": "school-07",
    "session": "f" * 32,
    "time": TIME,
    "stored": [{"epoch": EPOCH, "lane": "record", "through": 450, "highest": 450}],
    "datasets": {},
    "grants": [],
}
ORDER = {
    "order": "ping",
    "school": "school-07",
    "epoch": EPOCH,
    "number": 18,
    "issued": TIME,
    "expires": TIME,
    "args": {},
}
DELEGATION = {"key": "A" * 43 + "=", "use": "receipts", "notbefore": TIME, "expires": TIME}
INCOMING: list[tuple[type[msgspec.Struct], dict[str, object]]] = [
    (Receipt, RECEIPT),
    (Welcome, WELCOME),
    (Order, ORDER),
    (Delegation, DELEGATION),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


def receipt(first: int, last: int, *ranges: tuple[int, int]) -> Receipt:
    verdicts = [RangeVerdict(verdict=Verdict.STORED, first=begin, last=end) for begin, end in ranges]
    return Receipt(
        school="s", epoch=EPOCH, lane="record", first=first, last=last, sha256="", verdicts=verdicts, time=TIME
    )


# --- names --------------------------------------------------------------------------------------------------


def test_the_topics_are_the_contracts() -> None:
    topics = Topics("school-07")
    assert topics.status == "mektep/v1/school-07/status"
    assert topics.welcome == "mektep/v1/school-07/welcome"
    assert topics.receipts == "mektep/v1/school-07/receipts"
    assert topics.answers == "mektep/v1/school-07/answers"
    assert topics.ahead == "mektep/v1/school-07/events/ahead"
    assert [topics.events(lane) for lane in Lane] == [
        "mektep/v1/school-07/events/alarm",
        "mektep/v1/school-07/events/record",
        "mektep/v1/school-07/events/telemetry",
    ]


def test_a_box_listens_to_its_own_three_topics_only() -> None:
    prefix = "mektep/v1/school-07/"
    assert Topics("school-07").subscriptions() == [prefix + "welcome", prefix + "receipts", prefix + "orders/+"]


# --- what arrives -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("type_", "body"), INCOMING)
def test_what_the_contract_shows_is_taken(type_: type[msgspec.Struct], body: dict[str, object]) -> None:
    found = msgspec.json.decode(json.dumps(body), type=type_)
    assert msgspec.to_builtins(found) == body


@pytest.mark.parametrize(("type_", "body"), INCOMING)
def test_what_a_later_version_adds_is_ignored(type_: type[msgspec.Struct], body: dict[str, object]) -> None:
    assert msgspec.json.decode(json.dumps(body | {"later": [1]}), type=type_) is not None


@pytest.mark.parametrize(
    ("type_", "body", "key"),
    [
        (type_, body, key)
        for type_, body in INCOMING
        for key in body
        if key not in ("datasets", "grants", "args")  # may be left out
    ],
)
def test_what_lacks_a_part_is_refused(type_: type[msgspec.Struct], body: dict[str, object], key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({name: body[name] for name in body if name != key}), type=type_)


SPOILT: list[tuple[type[msgspec.Struct], dict[str, object]]] = [
    (Receipt, RECEIPT | {"first": 0}),
    (Receipt, RECEIPT | {"first": -1}),
    (Receipt, RECEIPT | {"last": 2**53}),
    (Receipt, RECEIPT | {"first": 451.5}),
    (Receipt, RECEIPT | {"first": "451"}),
    (Receipt, RECEIPT | {"sha256": "AB" * 32}),
    (Receipt, RECEIPT | {"lane": "evidence"}),
    (Receipt, RECEIPT | {"lane": "RECORD"}),
    (Receipt, RECEIPT | {"epoch": EPOCH.upper()}),
    (Receipt, RECEIPT | {"epoch": EPOCH + "0"}),
    (Receipt, RECEIPT | {"verdicts": []}),
    (Receipt, RECEIPT | {"verdicts": [{"verdict": "eaten", "first": 451, "last": 480}]}),
    (Receipt, RECEIPT | {"verdicts": [{"verdict": "stored", "first": 1, "last": 1}] * (BATCH_MAX_EVENTS + 1)}),
    (Receipt, RECEIPT | {"school": "s" * 65}),
    (Welcome, WELCOME | {"stored": [{"epoch": EPOCH, "lane": "record", "through": -1, "highest": 0}]}),
    (Welcome, WELCOME | {"stored": [{"epoch": EPOCH, "lane": "record", "through": 0, "highest": 0}] * 257}),
    (Order, ORDER | {"number": 0}),
    (Order, ORDER | {"number": 2**53}),
    (Order, ORDER | {"args": []}),
    (Order, ORDER | {"order": "o" * 65}),
    (Delegation, DELEGATION | {"use": "orders"}),
    (Delegation, DELEGATION | {"use": "receipts, orders"}),
]


@pytest.mark.parametrize(("type_", "body"), SPOILT)
def test_what_is_out_of_bounds_is_refused(type_: type[msgspec.Struct], body: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(body), type=type_)


@pytest.mark.parametrize("type_", [type_ for type_, _ in INCOMING])
@given(st.binary(max_size=200) | JSON.map(lambda body: json.dumps(body).encode()))
def test_rubbish_raises_the_decoders_error_only(type_: type[msgspec.Struct], payload: bytes) -> None:
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        msgspec.json.decode(payload, type=type_)


@pytest.mark.parametrize(("type_", "body"), INCOMING)
@given(data=st.data())
def test_a_message_with_any_part_replaced_is_taken_or_refused(
    type_: type[msgspec.Struct], body: dict[str, object], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(body)))
    changed = json.dumps(body | {key: data.draw(JSON)}).encode()
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        found = msgspec.json.decode(changed, type=type_)
        assert isinstance(found, type_)
        if isinstance(found, Receipt):
            found.is_whole()


# --- verdicts -----------------------------------------------------------------------------------------------

COVER = [
    ("one range", receipt(1, 9, (1, 9)), True),
    ("two that touch", receipt(1, 9, (1, 4), (5, 9)), True),
    ("each by itself", receipt(3, 5, (3, 3), (4, 4), (5, 5)), True),
    ("none", receipt(1, 9), False),
    ("a gap", receipt(1, 9, (1, 4), (6, 9)), False),
    ("an overlap", receipt(1, 9, (1, 5), (5, 9)), False),
    ("out of order", receipt(1, 9, (5, 9), (1, 4)), False),
    ("too short", receipt(1, 9, (1, 8)), False),
    ("too long", receipt(1, 9, (1, 10)), False),
    ("begins late", receipt(1, 9, (2, 9)), False),
    ("begins early", receipt(2, 9, (1, 9)), False),
    ("backwards", receipt(1, 9, (1, 12), (13, 9)), False),
    ("an empty range", receipt(1, 9, (1, 9), (10, 9)), False),
    ("an inverted batch", receipt(9, 1, (9, 1)), False),
]


@pytest.mark.parametrize(("found", "whole"), [pytest.param(*row[1:], id=row[0]) for row in COVER])
def test_verdicts_cover_the_batch_or_do_not_count(found: Receipt, whole: bool) -> None:
    assert found.is_whole() is whole


@given(first=st.integers(1, 50), ranges=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=6))
def test_whole_means_each_sequence_once_and_in_order(first: int, ranges: list[tuple[int, int]]) -> None:
    last = ranges[-1][1] if ranges else first
    listed = [number for begin, end in ranges for number in range(begin, end + 1)]
    proper = all(begin <= end for begin, end in ranges)
    expected = proper and bool(ranges) and listed == list(range(first, last + 1))
    assert receipt(first, last, *ranges).is_whole() is expected


# --- what leaves --------------------------------------------------------------------------------------------


def test_a_birth_and_an_answer_are_written_as_the_contract_shows() -> None:
    birth = Birth(
        state="online",
        school="school-07",
        session="a" * 32,
        bootid=EPOCH,
        epoch=EPOCH,
        agent="0.1.0",
        clock="synced",
        time=TIME,
        datasets={},
        lanes={"alarm": LaneReport(last=12, settled=11)},
        owes=[EPOCH],
    )
    assert list(json.loads(msgspec.json.encode(birth))) == [
        *(
            "state",
            "school",
            "session",
            "bootid",
            "epoch",
            "agent",
            "clock",
            "time",
            "datasets",
            "lanes",
            "owes",
            "recipient",
        )
    ]
    answer = Answer(
        order="ping", school="school-07", epoch=EPOCH, number=18, outcome="done", reason="", result={}, time=TIME
    )
    assert list(json.loads(msgspec.json.encode(answer))) == [
        *("order", "school", "epoch", "number", "outcome", "reason", "result", "time")
    ]
