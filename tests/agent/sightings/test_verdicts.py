"""What a person said of a sighting: the last word counts, and an incident's word is that of all that it joined."""

from __future__ import annotations

import msgspec
import pytest

from agent.sightings import rows
from agent.sightings.verdicts import Verdict, record_verdict, record_verdict_of
from tests.agent.sightings.test_rows import SEEN, transaction
from tests.clock import START_NS

MINUTE_NS = 60_000_000_000


def test_the_last_word_counts() -> None:
    one = transaction()
    id_ = rows.add_sighting(one, SEEN)
    for verdict in (Verdict.DISMISSED, Verdict.CONFIRMED, Verdict.CONFIRMED):
        record_verdict(one, id_, verdict, START_NS)
    assert [row.verdict for row in rows.sightings(one.execute, 0)] == ["confirmed"]


def test_of_one_that_is_forgotten_nothing_is_kept() -> None:
    one = transaction()
    record_verdict(one, 77, Verdict.CONFIRMED, START_NS)
    assert one.execute("select count(*) from sighting_verdict").fetchone() == (0,)


@pytest.mark.parametrize(
    ("change", "hit"),
    [
        ({}, True),
        ({"at_ns": START_NS + MINUTE_NS}, True),
        ({"at_ns": START_NS - 1}, False),
        ({"at_ns": START_NS + MINUTE_NS + 1}, False),
        ({"camera": "yard"}, False),
        ({"kind": "fire"}, False),
    ],
)
def test_an_incidents_word_is_of_what_its_camera_told_of_its_kind_within_its_time(
    change: dict[str, object], hit: bool
) -> None:
    one = transaction()
    id_ = rows.add_sighting(one, msgspec.structs.replace(SEEN, **change))
    found = record_verdict_of(
        one, "gate", "fight", first_ns=START_NS, last_ns=START_NS + MINUTE_NS, verdict=Verdict.DISMISSED, at_ns=START_NS
    )
    assert found == ([id_] if hit else [])
    assert [row.verdict for row in rows.sightings(one.execute, 0)] == ["dismissed" if hit else ""]
