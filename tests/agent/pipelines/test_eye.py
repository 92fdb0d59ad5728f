"""The eye on one camera: newest picture, masks, zones, repeats, wishes; pictures that are none cost nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.pipelines.detectors import Plan
from agent.pipelines.eye import AGAIN_S, CLOCK, OFF_NS, STILLS, Eye
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Scene
from agent.pipelines.scores import Scored
from agent.pipelines.sighting import Box, Kind, Sighting
from agent.pipelines.watch import Detects, Watch, Zone
from drivers.frame_slot import FrameSlot
from drivers.readings import Noticed
from tests.agent.pipelines.watched import HEIGHT, WIDTH, Filled, walker
from tests.clock import FastClock

LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
RIGHT = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]


class Sees:
    """A detector that says at each picture where the test wants it."""

    def __init__(self, box: Box | None = None, *, suspicious: bool = False, kind: Kind = Kind.FIGHT) -> None:
        self.box = box
        self.kind = kind
        self.suspicious = suspicious
        self.scenes: list[Scene] = []

    def look(self, scene: Scene) -> list[Sighting]:
        self.scenes.append(scene)
        return [Sighting(kind=self.kind, score=0.91, at_s=scene.at_s, since_s=scene.at_s - 2, box=self.box)]

    def suspects(self) -> bool:
        return self.suspicious

    def scored(self) -> Scored | None:
        return None

    @property
    def plans(self) -> Mapping[Detects, Plan]:
        return {Detects.FIGHT: Plan(every_s=0.0, moving=False, make=lambda *_: self)}


class Looking:
    """A camera that the test fills and its eye, on a clock of the test's."""

    def __init__(self, folder: Path, watch: Watch, plans: Mapping[Detects, Plan]) -> None:
        self.clock = FastClock()
        self.filled = Filled(folder, "gate", watch)
        self.reader = FrameSlot.open(self.filled.camera.slot)
        self.eye = Eye(self.filled.camera, self.reader, plans, Networks(), self.clock)

    def see(self, luma: int | np.ndarray = 120, *, after_s: float = 0.2, moving: bool = True) -> list[Noticed]:  # type: ignore[type-arg]
        self.clock.advance(after_s)
        self.filled.put(luma, at_s=self.clock.monotonic_ns() / 1e9, moving=moving)
        picture = self.eye.newest()
        assert picture is not None
        return self.eye.look(picture)


def fights(*, zone: list[Zone] | None = None, masks: list[list[tuple[float, float]]] | None = None) -> Watch:
    return Watch(sees=[Detects.FIGHT], zone=zone or [], masks=masks or [])


def test_what_is_noticed_tells_all_that_a_person_needs(tmp_path: Path) -> None:
    sees = Sees((0.1, 0.2, 0.3, 0.4))
    (notice,) = Looking(tmp_path, fights(), sees.plans).see(walker(60))
    assert (notice.camera, notice.detector, notice.kind, notice.zone) == ("gate", "fight", "fight", "")
    assert (notice.score, notice.lasted_s, notice.box) == (0.91, 2.0, (0.1, 0.2, 0.3, 0.4))
    for data in (notice.jpeg, notice.blurred):
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (HEIGHT, WIDTH, 3)
    assert len(notice.blurred) < len(notice.jpeg)


def test_what_is_behind_a_mask_is_in_no_detector_and_in_no_still(tmp_path: Path) -> None:
    sees = Sees()
    looking = Looking(tmp_path, fights(masks=[LEFT]), sees.plans)
    looking.see(walker(20))
    (notice,) = looking.see(walker(60), after_s=AGAIN_S)
    looking.see(walker(90))
    assert not any(scene.motion.any() for scene in sees.scenes)  # it moved behind the mask alone
    assert (sees.scenes[-1].bgr[:, : WIDTH // 2 - 1] == 0).all()
    for data in (notice.jpeg, notice.blurred):
        still = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert still[:, : WIDTH // 2 - 16].max() < 20
        assert still[:, WIDTH // 2 + 16 :].min() > 60


@pytest.mark.parametrize(
    ("box", "named", "zone"),
    [
        ((0.6, 0.1, 0.9, 0.9), ["fight"], "right"),
        ((0.1, 0.1, 0.3, 0.9), ["fight"], None),
        ((0.1, 0.1, 0.3, 0.9), ["tamper"], ""),  # the zone is another detector's
    ],
)
def test_a_zone_tells_where_and_what_lies_outside_is_not_told(
    tmp_path: Path, box: Box, named: list[str], zone: str | None
) -> None:
    watch = fights(zone=[Zone(name="right", outline=RIGHT, sees=[Detects(one) for one in named])])
    found = Looking(tmp_path, watch, Sees(box).plans).see()
    assert [notice.zone for notice in found] == ([] if zone is None else [zone])


def test_what_has_no_box_is_the_whole_cameras(tmp_path: Path) -> None:
    watch = fights(zone=[Zone(name="left", outline=LEFT), Zone(name="right", outline=RIGHT)])
    looking = Looking(tmp_path, watch, Sees().plans)
    looking.see(walker(200))
    (notice,) = looking.see(walker(240), after_s=AGAIN_S)
    assert notice.zone == ""


def test_what_its_detector_tells_once_is_told_wherever_it_says_it_is(tmp_path: Path) -> None:
    watch = fights(zone=[Zone(name="right", outline=RIGHT)])
    (notice,) = Looking(tmp_path, watch, Sees((0.1, 0.1, 0.3, 0.9), kind=Kind.LYING).plans).see()
    assert notice.zone == ""


def test_stills_are_counted_with_what_hiding_people_cost(tmp_path: Path) -> None:
    looking = Looking(tmp_path, fights(), Sees((0, 0, 1, 1)).plans)
    assert STILLS not in looking.eye.looked().detectors
    looking.see()
    looking.see(after_s=AGAIN_S)
    stills = looking.eye.looked().detectors[STILLS]
    assert (stills.runs, stills.told) == (2, 0)
    assert stills.ms > 0


class Ticks:
    """A room with the seconds in a corner; everything else stands still."""

    def __init__(self, looking: Looking) -> None:
        self.looking = looking

    def second(self, number: int) -> list[Noticed]:
        room = np.full((HEIGHT, WIDTH), 120, np.uint8)
        cv2.putText(room, f"{number % 60:02}", (260, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255,), 1, cv2.LINE_AA)
        return self.looking.see(room, after_s=1.0, moving=False)


@pytest.mark.parametrize("clock_mask", [True, False])
def test_the_cameras_clock_is_no_movement_and_stands_in_the_still(tmp_path: Path, clock_mask: bool) -> None:
    sees = Sees((0, 0, 1, 1))
    ticks = Ticks(Looking(tmp_path, Watch(sees=[Detects.FIGHT], clock_mask=clock_mask), sees.plans))
    told = [notice for number in range(75) for notice in ticks.second(number)]
    moves = [scene.motion.any() for scene in sees.scenes]
    assert any(moves[:40]), "it moves: else the test shows nothing"
    assert any(moves[-10:]) is not clock_mask
    looked = ticks.looking.eye.looked()
    assert (looked.clock is not None) is clock_mask
    assert (looked.detectors[CLOCK].runs if clock_mask else 0) == (75 if clock_mask else 0)
    still = cv2.imdecode(np.frombuffer(told[-1].jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert still[:20, 255:290].max() > 200


def test_a_detector_that_rests_does_not_look_until_it_is_its_time(tmp_path: Path) -> None:
    sees = Sees(suspicious=True)
    looking = Looking(tmp_path, fights(), sees.plans)
    looking.see()
    looking.eye.rest(["fight", "fire"])
    for _ in range(3):
        assert looking.see(after_s=AGAIN_S) == []
    assert not looking.filled.slot.wished(looking.clock.monotonic_ns())  # and asks for no picture
    assert looking.eye.looked().resting == ("fight",)
    looking.eye.rest([])
    assert looking.see(after_s=AGAIN_S)
    assert (len(sees.scenes), looking.eye.looked().resting) == (2, ())


def test_the_same_at_the_same_place_is_told_once_in_a_minute(tmp_path: Path) -> None:
    looking = Looking(tmp_path, fights(), Sees((0, 0, 1, 1)).plans)
    told = [bool(looking.see(after_s=1.0)) for _ in range(150)]
    assert [at for at, one in enumerate(told) if one] == [0, 60, 120]
    worked = looking.eye.looked().detectors["fight"]
    assert (worked.runs, worked.hits, worked.told) == (150, 150, 3)


@pytest.mark.parametrize("kind", [Kind.COVERED, Kind.TURNED, Kind.DEFOCUSED, Kind.CROWD, Kind.LYING, Kind.PRESENCE])
def test_what_its_detector_tells_once_is_never_dropped(tmp_path: Path, kind: Kind) -> None:
    """A lens that is covered again within the minute would else stay covered unheard."""
    looking = Looking(tmp_path, fights(), Sees((0, 0, 1, 1), kind=kind).plans)
    assert all(looking.see(after_s=20.0) for _ in range(3))


def test_pictures_that_were_replaced_are_skipped_and_counted(tmp_path: Path) -> None:
    looking = Looking(tmp_path, fights(), Sees().plans)
    for _ in range(3):
        for late in range(4):
            looking.filled.put(at_s=1.0 + late)
        looking.see()
    assert looking.eye.newest() is None
    found = looking.eye.looked()
    assert (found.pictures, found.skipped) == (3, 8)  # before the first nobody counts
    assert (looking.eye.looked().pictures, looking.eye.looked().skipped) == (0, 0)


def test_how_late_a_look_was_is_told(tmp_path: Path) -> None:
    looking = Looking(tmp_path, fights(), Sees().plans)
    looking.filled.put(at_s=looking.clock.monotonic_ns() / 1e9)
    looking.clock.advance(0.25)
    assert looking.eye.newest() is not None
    assert looking.eye.looked().late_ms == pytest.approx(250)


def test_a_suspicion_that_grows_wants_every_picture(tmp_path: Path) -> None:
    sees = Sees(suspicious=True)
    looking = Looking(tmp_path, fights(), sees.plans)
    looking.see()
    now_ns = looking.clock.monotonic_ns()
    assert looking.filled.slot.wished(now_ns + 2_900_000_000)
    assert not looking.filled.slot.wished(now_ns + 3_100_000_000)


def test_pictures_that_are_none_are_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Looking(tmp_path, fights(), Sees().plans)
    with monkeypatch.context() as broken:
        broken.setattr("agent.pipelines.eye.between", lambda *_: 1 / 0)
        looking.see()
        assert looking.see() == []
    (trouble,) = looking.eye.troubles()
    assert (trouble.code, trouble.camera, trouble.detector) == ("V-303", "gate", "")
    looking.filled.put(at_s=9.0)
    assert looking.eye.newest() is None  # left alone for a while
    looking.clock.advance(OFF_NS / 1e9)
    looking.see()
    assert looking.eye.troubles() == []


def test_a_detector_that_is_not_there_yet_is_left_out(tmp_path: Path) -> None:
    looking = Looking(tmp_path, Watch(sees=[Detects.TAMPER, Detects.FIGHT]), Sees().plans)
    looking.see()
    assert list(looking.eye.looked().detectors) == ["fight", STILLS, CLOCK]
