"""From rows to proposals: each detector has its own rows, its own schedule, its camera's time and budget."""

from __future__ import annotations

import msgspec
import pytest

from agent.pipelines.measured import USUAL
from agent.pipelines.watch import Detects, Watch
from agent.sightings.rows import ScoreRow
from agent.sightings.view import Days
from agent.tuning.view import proposals, watched, written
from tests.agent.sightings.test_rows import HOUR, ROW, SEEN

CAMERA = msgspec.structs.replace(ROW, detector="", runs=0, hits=0, votes=0, told=0, looks={}, minutes={}, again={})
WATCH = Watch(sees=[Detects.FIGHT, Detects.TAMPER], budget=2.0)


def hours(row: ScoreRow, count: int) -> list[ScoreRow]:
    return [msgspec.structs.replace(row, hour=HOUR + number) for number in range(count)]


def test_rows_of_other_cameras_and_detectors_are_not_counted() -> None:
    others = [msgspec.structs.replace(ROW, camera="yard"), msgspec.structs.replace(ROW, detector="fire")]
    sightings = [SEEN, msgspec.structs.replace(SEEN, camera="yard"), msgspec.structs.replace(SEEN, detector="fire")]
    found = watched("gate", Detects.FIGHT, WATCH, Days([*hours(CAMERA, 5), *hours(ROW, 3), *others], sightings))
    assert (found.camera_h, found.hours, found.hits, found.votes) == (5.0, 3.0, 36, 6)
    assert found.scores.minutes == {5: 174, 43: 6}
    assert list(found.sightings) == [SEEN]


@pytest.mark.parametrize(
    ("words", "periods", "counted"),
    [
        ([], ["lessons", "night"], 2),
        (["lessons"], ["lessons", "night", "breaks+lessons"], 2),
        (["breaks"], ["lessons"], 0),
        (["breaks"], ["breaks+lessons+night"], 1),  # no calendar told which
        (["13:00-14:00"], ["lessons"], 1),  # 08:00 UTC is 13:00 there
        (["14:00-15:00"], ["lessons"], 0),
    ],
)
def test_hours_outside_the_schedule_of_now_are_not_counted(words: list[str], periods: list[str], counted: int) -> None:
    rows = [msgspec.structs.replace(ROW, period=period) for period in periods]
    watch = msgspec.structs.replace(WATCH, schedule={Detects.FIGHT: words})
    assert watched("gate", Detects.FIGHT, watch, Days(rows)).hours == counted


def test_each_detector_has_its_row_with_its_threshold_of_now() -> None:
    set_ = msgspec.structs.replace(WATCH, thresholds={Detects.FIGHT: 0.5})
    fight, tamper = proposals({"gate": set_}, Days(hours(CAMERA, 30)), {})
    assert (fight.detector, fight.present, fight.budget, tamper.detector, tamper.present) == (
        "fight", 0.5, 2.0, "tamper", None,
    )  # fmt: skip
    usual, _ = proposals({"gate": WATCH}, Days(), {}, budget=7.0)
    assert (usual.present, usual.budget, usual.now) == (USUAL[Detects.FIGHT], 7.0, None)


def test_what_is_written_keeps_what_is_set() -> None:
    set_ = msgspec.structs.replace(WATCH, sees=[Detects.FIGHT, Detects.FIRE], thresholds={Detects.FIRE: 0.6})
    loud = msgspec.structs.replace(ROW, minutes={43: 50}, again={})
    made = proposals({"gate": set_}, Days([*hours(CAMERA, 48), *hours(loud, 48)]), {})
    assert written(made, {"gate": set_})[1:] == ["[camera.thresholds]", "fight = 0.9526", "fire = 0.6000"]
