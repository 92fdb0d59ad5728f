"""The copy of an alarm that goes ahead of the database is one CloudEvent of the contract's section 7."""

from __future__ import annotations

import json

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat

from agent.model import Draft, Moment
from agent.sync.ahead import ahead_event
from tests.agent.sync.box import fire
from tests.clock import START_NS, FastClock

EPOCH = "01234567-89ab-cdef-0123-456789abcdef"
AHEAD_ID = "ahead-6f9619ff-8b86-4d01-b42d-00c04fc964ff"


def alarm(*, synced: bool = True) -> Draft:
    at = Moment(START_NS - 1_500_000, 4_200, synced)
    return msgspec.structs.replace(fire(zone=3), at=at, ahead_id=AHEAD_ID)


def copy(draft: Draft) -> dict[str, object]:
    found: dict[str, object] = json.loads(ahead_event(draft, "school-07", EPOCH, FastClock()))
    return found


def test_it_says_what_and_when_and_has_no_sequence() -> None:
    assert copy(alarm()) == {
        "specversion": "1.0",
        "id": AHEAD_ID,
        "source": f"/schools/school-07/{EPOCH}/ahead",
        "type": "kz.mektep.fire.zone.v1",
        "time": "2026-11-23T07:59:59.998500Z",
        "recordedtime": "2026-11-23T08:00:00.000000Z",
        "partitionkey": "school-07",
        "severitytext": "WARN",
        "bootid": FastClock.boot_id,
        "monotonic": "4200",
        "clock": "synced",
        "data": {
            "sensor": "panel",
            "zone": 3,
            "place": "gym",
            "state": "fire",
            "before": "",
            "codes": [37],
            "words": "fire",
            "indicative": False,
        },
    }


@pytest.mark.parametrize(("synced", "word"), [(True, "synced"), (False, "unsynced")])
def test_it_says_whether_its_time_can_be_believed(synced: bool, word: str) -> None:
    assert copy(alarm(synced=synced))["clock"] == word


def test_a_strict_reader_of_cloudevents_takes_it() -> None:
    event = JSONFormat().read(None, ahead_event(alarm(), "school-07", EPOCH, FastClock()))
    assert event.get_id() == AHEAD_ID
    assert event.get_type() == "kz.mektep.fire.zone.v1"
