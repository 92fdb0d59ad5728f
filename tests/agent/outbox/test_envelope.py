"""An event's bytes: a CloudEvent as the contract says it, whatever its strings hold; and how it is issued again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec
import pytest
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from agent.events import CardSeen, Flapping, Health, SourceState, ZoneChanged, draft
from agent.model import Draft, Lane, Moment, Severity
from agent.outbox.envelope import EVENT_MAX_BYTES, Envelope, split
from agent.wall_time import rfc3339
from tests.agent.outbox.box import AT, tap

EPOCH, BOOT = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RECORDED_NS = AT.utc_ns + 5_000_000
ATTRIBUTES = {
    "specversion", "id", "sequence", "source", "type", "time", "recordedtime", "partitionkey", "severitytext",
    "bootid", "monotonic", "clock", "data",
}  # fmt: skip
TIMES_NS = st.integers(0, 4_102_444_800_000_000_000)  # to 2100
ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def envelope(lane: Lane = Lane.RECORD, epoch: str = EPOCH) -> Envelope:
    return Envelope("school-07", epoch, lane, BOOT)


def encoded(one: Draft, sequence: int = 7, recorded_ns: int = RECORDED_NS) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(envelope(one.lane).encode(one, sequence, recorded_ns))
    return found


def padded(length: int) -> Draft:
    """An event whose data has a string of that length."""
    return draft(SourceState(source="s", code="", what="x" * length, do=""), AT, type="kz.mektep.source.failed.v1")


def test_the_attributes_are_those_of_the_contract() -> None:
    event = encoded(tap(1))
    assert set(event) == ATTRIBUTES
    assert {key: value for key, value in event.items() if key != "data"} == {
        "specversion": "1.0",
        "id": "0000000000000000007",
        "sequence": "0000000000000000007",
        "source": f"/schools/school-07/{EPOCH}/record",
        "type": "kz.mektep.card.seen.v1",
        "time": "2026-11-23T08:00:00.123456Z",
        "recordedtime": "2026-11-23T08:00:00.128456Z",
        "partitionkey": "school-07",
        "severitytext": "INFO",
        "bootid": BOOT,
        "monotonic": "5000000000",
        "clock": "synced",
    }
    assert event["data"] == {"reader": "canteen-1", "form": "em4100", "card": f"{1:032x}"}


def test_the_reference_library_takes_it_as_a_cloudevent() -> None:
    event = encoded(msgspec.structs.replace(tap(1), ahead_id="ahead-1", reissue_of=f"{EPOCH}/record/3"))
    data = event.pop("data")
    event["time"] = datetime.fromisoformat(event["time"])
    assert CloudEvent(attributes=event, data=data).get_id() == "0000000000000000007"


@pytest.mark.parametrize("lane", Lane)
def test_the_source_names_school_epoch_and_lane(lane: Lane) -> None:
    event = msgspec.json.decode(envelope(lane).encode(tap(), 1, RECORDED_NS))
    assert event["source"] == f"/schools/school-07/{EPOCH}/{lane.word}"


@pytest.mark.parametrize(
    ("change", "attribute", "value"),
    [
        ({"ahead_id": "ahead-x"}, "aheadid", "ahead-x"),
        ({"reissue_of": f"{EPOCH}/alarm/4"}, "reissueof", f"{EPOCH}/alarm/4"),
        ({"severity": Severity.FATAL}, "severitytext", "FATAL"),
        ({"at": Moment(AT.utc_ns, 0, False)}, "clock", "unsynced"),
        ({"at": Moment(AT.utc_ns, 0, False)}, "monotonic", "0"),
    ],
)
def test_what_the_draft_says_stands_in_its_attribute(change: dict[str, Any], attribute: str, value: str) -> None:
    event = encoded(msgspec.structs.replace(tap(), **change))
    assert event[attribute] == value


@given(sequences=st.lists(st.integers(1, 2**53 - 1), min_size=2, max_size=20, unique=True))
def test_sequences_sort_as_text_as_they_do_as_numbers(sequences: list[int]) -> None:
    texts = [encoded(tap(), sequence)["sequence"] for sequence in sorted(sequences)]
    assert texts == sorted(texts)
    assert {len(text) for text in texts} == {19}
    assert [int(text) for text in texts] == sorted(sequences)


@given(times_ns=st.lists(st.tuples(TIMES_NS, TIMES_NS), min_size=1, max_size=8))
def test_times_are_utc_with_microseconds_also_when_they_jump(times_ns: list[tuple[int, int]]) -> None:
    same = envelope()
    for at_ns, recorded_ns in times_ns:
        one = msgspec.structs.replace(tap(), at=Moment(at_ns, 1, True))
        event = msgspec.json.decode(same.encode(one, 1, recorded_ns))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"])
        expected = [rfc3339(time_ns) or "1970-01-01T00:00:00.000000Z" for time_ns in (at_ns, recorded_ns)]
        assert [event["time"], event["recordedtime"]] == expected


@given(words=ODD, place=ODD, codes=st.lists(st.integers(0, 65535), max_size=5))
def test_odd_strings_come_back_as_they_were(words: str, place: str, codes: list[int]) -> None:
    data = ZoneChanged(sensor="p", zone=1, place=place, state="fire", before="", codes=codes, words=words)
    body = envelope(Lane.ALARM).encode(draft(data, AT), 1, RECORDED_NS)
    assert msgspec.convert(msgspec.json.decode(body)["data"], ZoneChanged) == data
    assert b"\n" not in body


def test_half_a_character_is_refused_and_not_sent_broken() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encoded(draft(CardSeen(reader="\ud800", form="", card="0" * 32), AT))


@given(value=st.floats() | st.none(), latency=st.floats())
def test_what_json_has_no_number_for_becomes_null(value: float | None, latency: float) -> None:
    data = Health(
        uptime_s=1, lanes={}, disk_free_bytes=1, wal_bytes=1, commit_p99_ms=latency, sources={}, temperature_c=value
    )
    found = encoded(draft(data, AT))["data"]
    for number, given_number in ((found["temperature_c"], value), (found["commit_p99_ms"], latency)):
        finite = given_number is not None and abs(given_number) < float("inf")
        assert number == (given_number if finite else None)


def test_an_event_is_bounded_and_the_bound_is_told() -> None:
    room = EVENT_MAX_BYTES - len(envelope(Lane.ALARM).encode(padded(0), 1, RECORDED_NS)) - 96
    body = envelope(Lane.ALARM).encode(padded(room), 1, RECORDED_NS)
    with pytest.raises(ValueError, match=r"source\.failed\.v1 of 65441 bytes"):
        envelope(Lane.ALARM).encode(padded(room + 1), 1, RECORDED_NS)
    longest = f"{EPOCH}/telemetry/{2**53 - 1}"
    again = envelope(Lane.ALARM).reissue(body, longest, 2**53 - 1, RECORDED_NS)
    assert len(again) <= EVENT_MAX_BYTES, "what was accepted can always be issued again"


def test_issued_again_it_is_the_same_happening_under_a_new_key() -> None:
    body = envelope(epoch="b" * 36).encode(msgspec.structs.replace(tap(3), ahead_id="ahead-1"), 12, RECORDED_NS)
    place = f"{'b' * 36}/record/12"
    old, new = msgspec.json.decode(body), msgspec.json.decode(envelope().reissue(body, place, 2, RECORDED_NS + 1_000))
    changed = {key for key in new if new[key] != old.get(key)}
    assert changed == {"id", "sequence", "source", "reissueof", "recordedtime"}
    assert (new["id"], new["source"], new["reissueof"]) == (f"{2:019d}", f"/schools/school-07/{EPOCH}/record", place)
    assert set(old) <= set(new)


def test_issued_twice_it_names_the_place_before() -> None:
    first = envelope(epoch="b" * 36).reissue(envelope(epoch="a" * 36).encode(tap(), 1, 1), "a/record/1", 4, 2)
    again = msgspec.json.decode(envelope().reissue(first, "b/record/4", 9, 3))
    assert again["reissueof"] == "b/record/4"


def test_issued_again_the_data_keeps_its_bytes() -> None:
    data = Flapping(source="s", type="t", count=1, first="", last="", latest={"b": 1.0, "a": [1e300, None], "ы": "\\u"})
    body = envelope(Lane.ALARM).encode(draft(data, AT), 1, RECORDED_NS)
    tail = body.partition(b'"data":')[2]
    assert envelope(Lane.ALARM).reissue(body, "x/alarm/1", 2, RECORDED_NS).count(tail[:-1]) == 1


@given(words=st.lists(ODD, min_size=1, max_size=6))
def test_a_run_splits_into_the_bytes_that_were_joined(words: list[str]) -> None:
    one = envelope(Lane.ALARM)
    bodies = [
        one.encode(
            draft(SourceState(source="s", code="", what=word, do="],[{"), AT, type="kz.mektep.source.failed.v1"), n, 1
        )
        for n, word in enumerate(words, 1)
    ]
    assert split(b",".join(bodies)) == bodies


@pytest.mark.parametrize("damaged", [b"{", b'{"a":1},', b'{"a":1}x'])
def test_a_damaged_run_does_not_split(damaged: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        split(damaged)


def test_brackets_in_brackets_are_damage() -> None:
    with pytest.raises(msgspec.DecodeError):
        split(b"[" * 50_000)
