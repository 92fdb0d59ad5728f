"""One detector at one camera: when it is due, what it is counted, and that its failure ends nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.pipelines.detectors import Plan
from agent.pipelines.duty import GOOD_RUNS, PAUSE_MAX_S, PAUSE_S, Duty
from agent.pipelines.motion import NOTHING, Motion
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.scores import Scored, bin_of
from agent.pipelines.sighting import Kind, Sighting
from agent.pipelines.watch import Detects, Watch
from drivers.readings import Scores
from tests.agent.pipelines.watched import Filled, picture


class Odd:
    """A detector that does as the test says."""

    made = 0
    fails = False
    says: list[Sighting]
    suspicious = False
    scores: Scored | None = None

    def __init__(self, watch: Watch, networks: Networks) -> None:
        Odd.made += 1

    def look(self, scene: Scene) -> list[Sighting]:
        if Odd.fails:
            raise ZeroDivisionError("a defect")
        return list(Odd.says)

    def suspects(self) -> bool:
        return Odd.suspicious

    def scored(self) -> Scored | None:
        return Odd.scores


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Odd.made, Odd.fails, Odd.says, Odd.suspicious, Odd.scores = 0, False, [], False, None


def duty(folder: Path, *, moving: bool = False, zones: dict[str, np.ndarray] | None = None) -> Duty:  # type: ignore[type-arg]
    plan = Plan(every_s=1.0, moving=moving, make=Odd)
    return Duty(Detects.FIGHT, plan, Filled(folder, "gate").camera, zones or {}, Networks())


def scene(at_s: float, *, awake: bool = True, column: int | None = None) -> Scene:
    made = Scene(picture(at_s=at_s, moving=awake), Masks([]))
    if column is not None:
        cells = NOTHING.copy()
        cells[4, column] = True
        made.motion = Motion(cells)
    return made


def test_it_is_due_at_its_own_rate(tmp_path: Path) -> None:
    one = duty(tmp_path)
    ran = []
    for tick in range(20):
        if one.due(scene(tick / 4)):
            one.run(scene(tick / 4))
            ran.append(tick / 4)
    assert ran == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert one.worked.runs == len(ran)
    assert one.worked.ms > 0


@pytest.mark.parametrize(
    ("awake", "column", "zone_column", "due"),
    [
        (True, 3, None, True),
        (True, None, None, False),
        (False, 3, None, False),
        (True, 3, 3, True),
        (True, 3, 9, False),
    ],
)
def test_one_that_needs_movement_waits_for_it_where_it_looks(
    tmp_path: Path, awake: bool, column: int | None, zone_column: int | None, due: bool
) -> None:
    cells = NOTHING.copy()
    if zone_column is not None:
        cells[:, zone_column] = True
    one = duty(tmp_path, moving=True, zones={"stairs": cells} if zone_column is not None else None)
    assert one.due(scene(1.0, awake=awake, column=column)) is due


def test_a_suspicion_is_followed_though_nothing_moves(tmp_path: Path) -> None:
    one = duty(tmp_path, moving=True)
    Odd.suspicious = True
    one.run(scene(1.0))
    assert one.due(scene(2.0))
    assert one.worked.hits == 1


def test_a_suspicion_that_comes_to_nothing_wants_no_more_pictures_until_it_has_ceased(tmp_path: Path) -> None:
    one = duty(tmp_path, moving=True)
    Odd.suspicious = True
    wanted = []
    for at in range(60):
        if one.due(scene(float(at), column=3)):
            one.run(scene(float(at)))
        wanted.append(one.wants_more(scene(float(at))))
    assert wanted == [True] * 20 + [False] * 40
    Odd.suspicious = False
    one.run(scene(60.0))
    Odd.suspicious = True
    one.run(scene(61.0))
    assert one.wants_more(scene(62.0))


def test_what_it_says_is_given_on_and_counted(tmp_path: Path) -> None:
    Odd.says = [Sighting(kind=Kind.FIGHT, score=0.9, at_s=1.0, since_s=0.0)]
    one = duty(tmp_path)
    assert one.run(scene(1.0)) == Odd.says
    one.told()
    assert (one.worked.runs, one.worked.hits, one.worked.votes, one.worked.told) == (1, 1, 1, 1)


def test_what_it_scores_is_kept_over_a_failure(tmp_path: Path) -> None:
    one = duty(tmp_path)
    Odd.scores = Scored(0.2, 0.9)
    one.run(scene(1.0))
    Odd.fails = True
    one.run(scene(30.0))
    Odd.fails, Odd.scores = False, Scored(0.2, None)
    one.run(scene(61.0))
    Odd.scores = None
    one.run(scene(62.0))
    assert one.worked.scores == Scores(looks={bin_of(0.2): 2}, minutes={bin_of(0.9): 1})


def test_one_that_throws_is_off_is_told_and_is_tried_again_with_a_growing_pause(tmp_path: Path) -> None:
    one = duty(tmp_path)
    Odd.fails = True
    at_s, pauses = 1.0, []
    for _ in range(8):
        assert one.due(scene(at_s))
        assert one.run(scene(at_s)) == []
        assert one.trouble is not None
        off_s = at_s
        while not one.due(scene(at_s)):
            at_s += 1.0
        pauses.append(at_s - off_s)
    assert pauses == [min(PAUSE_S * 2**n, PAUSE_MAX_S) for n in range(8)]
    assert (one.trouble.code, one.trouble.camera, one.trouble.detector) == ("V-301", "gate", "fight")
    assert "ZeroDivisionError: a defect (test_duty.py:" in one.trouble.what
    assert Odd.made == 8  # a memory that it failed on is not used again


def test_one_that_works_again_says_so_and_its_pauses_begin_anew(tmp_path: Path) -> None:
    one = duty(tmp_path)
    at_s = 0.0
    for _ in range(3):
        Odd.fails = True
        one.run(scene(at_s))
        Odd.fails = False
        for _ in range(GOOD_RUNS):
            at_s += PAUSE_S
            assert one.due(scene(at_s))  # never away for longer than the first pause
            one.run(scene(at_s))
        assert one.trouble is None
