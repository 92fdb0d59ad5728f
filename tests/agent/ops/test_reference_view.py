"""Version, age and counts of the datasets, and whether they still hold at a moment."""

from __future__ import annotations

import json
from pathlib import Path

from agent.ops.reference_view import dataset_views
from agent.ops.status import DatasetView
from agent.reference import Reference
from agent.wall_time import utc_ns_of
from tests.agent.evidence.pictures import RECIPIENT
from tests.agent.sealed import CALENDAR, CARDS, sealed
from tests.clock import FastClock

ISSUED = "2027-05-20T08:00:00.000000Z"


async def held(folder: Path) -> Reference:
    made = Reference(folder, FastClock())
    await made.put("recipients", 3, json.dumps({"snapshot": [RECIPIENT]}).encode(), ISSUED)
    await made.put("cards", 5, sealed(CARDS, made.recipient), ISSUED)
    await made.put("calendar", 7, json.dumps(CALENDAR).encode(), ISSUED)
    return made


async def test_each_dataset_is_told_with_its_counts(tmp_path: Path) -> None:
    found = dataset_views(await held(tmp_path), utc_ns_of("2027-05-21T08:00:00Z"))
    assert found == {
        "recipients": DatasetView(version="3", issued=ISSUED),
        "cards": DatasetView(
            version="5", issued=ISSUED, counts={"classes": 1, "pupils": 1, "staff": 0, "numbers": 1, "blocked": 0}
        ),
        "calendar": DatasetView(
            version="7", issued=ISSUED, counts={"shifts": 1, "holidays": 0}, ends="2027-05-25", utc_offset_min=300
        ),
    }
    assert dataset_views(Reference(tmp_path / "none", FastClock()), 0) == {}


async def test_what_is_old_or_has_ended_says_so(tmp_path: Path) -> None:
    reference = await held(tmp_path)
    evening = dataset_views(reference, utc_ns_of("2027-05-25T18:59:00Z"))  # 23:59 at the school
    assert (evening["calendar"].ended, evening["cards"].stale) == (False, False)
    morning = dataset_views(reference, utc_ns_of("2027-05-25T19:00:00Z"))
    assert (morning["calendar"].ended, morning["cards"].ended) == (True, False)
    later = dataset_views(reference, utc_ns_of("2027-06-03T08:00:01Z"))
    assert [name for name, one in later.items() if one.stale] == ["calendar", "cards"]


async def test_a_new_dataset_is_counted_anew(tmp_path: Path) -> None:
    reference = await held(tmp_path)
    dataset_views(reference, 0)
    await reference.put("cards", 6, sealed(CARDS | {"pupils": []}, reference.recipient), ISSUED)
    assert dataset_views(reference, 0)["cards"].counts["pupils"] == 0
