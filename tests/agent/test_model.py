"""The nouns: lanes stand in their order and under their words, facts do not change, a batch counts its events."""

from __future__ import annotations

import msgspec
import pytest

from agent.model import Batch, Draft, Lane, Moment, Place, Severity


@pytest.mark.parametrize(
    ("lane", "number", "word"), [(Lane.ALARM, 0, "alarm"), (Lane.RECORD, 1, "record"), (Lane.TELEMETRY, 2, "telemetry")]
)
def test_a_lane_keeps_its_number_on_disk_and_its_word_on_the_wire(lane: Lane, number: int, word: str) -> None:
    assert (int(lane), lane.word) == (number, word)


def test_lanes_are_sent_in_the_order_of_their_numbers() -> None:
    assert sorted(Lane) == [Lane.ALARM, Lane.RECORD, Lane.TELEMETRY]


def test_severities_are_the_words_of_the_contract() -> None:
    assert [severity.value for severity in Severity] == ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


@pytest.mark.parametrize(("first", "last", "count"), [(1, 1, 1), (7, 9, 3), (1, 2000, 2000)])
def test_a_batch_counts_both_ends(first: int, last: int, count: int) -> None:
    assert Batch(epoch="e", lane=Lane.RECORD, first=first, last=last, body=b"[]").count == count


def test_places_sort_by_epoch_lane_and_sequence() -> None:
    places = [
        Place("a", Lane.ALARM, 2),
        Place("a", Lane.ALARM, 10),
        Place("a", Lane.TELEMETRY, 1),
        Place("b", Lane.ALARM, 1),
    ]
    places.reverse()
    assert sorted(places) == places[::-1]


@pytest.mark.parametrize("noun", [Moment, Draft, Place, Batch])
def test_facts_do_not_change(noun: type[msgspec.Struct]) -> None:
    assert noun.__struct_config__.frozen
