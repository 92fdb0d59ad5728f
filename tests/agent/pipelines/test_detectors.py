"""Each line of the table is a detector that takes real scenes: what it says, when it looks, what it counts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.pipelines.detectors import PLANS, Looker, People, fire_settings, usable
from agent.pipelines.motion import NOTHING, Motion
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Masks, Scene
from agent.pipelines.scores import logit, share
from agent.pipelines.settings import FireSettings
from agent.pipelines.sighting import Kind, Sighting
from agent.pipelines.watch import Detects, Line, Watch
from tests.agent.pipelines.made_models import made
from tests.agent.pipelines.watched import HEIGHT, WIDTH, picture

RNG = np.random.default_rng(1)
ROOM = RNG.integers(60, 180, (9, 16)).repeat(20, axis=0).repeat(20, axis=1).astype(np.uint8)
CLOTH = RNG.integers(20, 40, (90, 160)).repeat(2, axis=0).repeat(2, axis=1).astype(np.uint8)
EVERYWHERE = Motion(~NOTHING)


def noisy(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.clip(shown + RNG.normal(0, 2, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)


def crowd(at: int) -> NDArray[np.uint8]:
    """Things that move about."""
    shown = ROOM.copy()
    for number in range(4):
        left = (70 * number + 9 * at) % (WIDTH - 50)
        shown[50:150, left : left + 40] = 30 + 50 * number
    return noisy(shown)


def scene(shown: NDArray[np.uint8], at_s: float, motion: Motion | None = None) -> Scene:
    found = Scene(picture(shown, at_s=at_s), Masks([]))
    found.motion = motion or Motion()
    return found


def looker(name: Detects, folder: Path, watch: Watch | None = None, **biases: float) -> Looker:
    networks = Networks(made(folder / "models", **biases))
    usable(PLANS, {name}, networks)
    return PLANS[name].make(watch or Watch(sees=[name]), networks)


@pytest.mark.parametrize("name", Detects)
def test_an_empty_room_is_nothing_to_tell(name: Detects) -> None:
    networks = Networks()
    usable(PLANS, {name}, networks)
    one = PLANS[name].make(Watch(sees=[name]), networks)
    for at in range(20):
        assert one.look(scene(noisy(ROOM), 1 + at * 0.5)) == []
    assert not one.suspects()


def test_a_camera_that_is_covered_is_suspected_and_told_within_ten_seconds(tmp_path: Path) -> None:
    one = looker(Detects.TAMPER, tmp_path)
    told: list[Sighting] = []
    suspected = False
    for at in range(60):
        suspected = suspected or one.suspects()
        told += one.look(scene(noisy(ROOM if at < 30 else CLOTH), at * 0.5))
    (sighting,) = told
    assert sighting.kind in (Kind.COVERED, Kind.TURNED)
    assert suspected
    assert 15 <= sighting.at_s <= 25


def test_a_fight_is_told_when_the_vote_holds_and_once(tmp_path: Path) -> None:
    one = looker(Detects.FIGHT, tmp_path, fight=4.0)
    told = [said for at in range(60) for said in one.look(scene(crowd(at), at * 0.1))]
    (sighting,) = told
    assert (sighting.kind, sighting.box is not None) == (Kind.FIGHT, True)
    assert 1.0 <= sighting.at_s <= 3.0
    assert not one.suspects()


def test_a_threshold_of_the_configuration_is_the_one_that_counts(tmp_path: Path) -> None:
    watch = Watch(sees=[Detects.FIGHT], thresholds={Detects.FIGHT: 0.999})
    one = looker(Detects.FIGHT, tmp_path, watch, fight=4.0)
    assert [said for at in range(60) for said in one.look(scene(crowd(at), at * 0.1))] == []
    assert logit(0.999) > 4.0 > logit(0.9)


@pytest.mark.parametrize(("off", "told"), [(-0.001, 1), (0.001, 0)])
def test_what_it_scores_says_which_threshold_would_have_told_it(tmp_path: Path, off: float, told: int) -> None:
    one = looker(Detects.FIGHT, tmp_path, fight=2.0)
    votes, looks = [], []
    for at in range(40):
        one.look(scene(crowd(at), at * 0.1))
        scored = one.scored()
        votes += [scored.vote] if scored and scored.vote is not None else []
        looks += [scored.look] if scored and scored.look is not None else []
    assert looks == pytest.approx([share(2.0)] * len(looks))
    assert len(looks) >= 10
    watch = Watch(sees=[Detects.FIGHT], thresholds={Detects.FIGHT: max(votes) + off})
    other = looker(Detects.FIGHT, tmp_path / "again", watch, fight=2.0)
    assert len([said for at in range(40) for said in other.look(scene(crowd(at), at * 0.1))]) == told


def test_a_threshold_for_fire_is_one_for_smoke_too(tmp_path: Path) -> None:
    assert fire_settings(FireSettings().fire) == FireSettings()
    assert fire_settings(FireSettings().fire + 2.0).smoke == pytest.approx(FireSettings().smoke + 2.0)
    one = looker(Detects.FIRE, tmp_path, smoke=3.0)
    one.look(scene(flame(0), 0.0, EVERYWHERE))
    scored = one.scored()
    assert scored is not None
    assert scored.look == pytest.approx(share(3.0 - FireSettings().smoke + FireSettings().fire))
    assert scored.vote is None  # one look is no vote


@pytest.mark.parametrize("name", [Detects.TAMPER, Detects.PEOPLE])
def test_a_detector_without_a_scale_scores_nothing(tmp_path: Path, name: Detects) -> None:
    one = looker(name, tmp_path)
    one.look(scene(ROOM, 0.0, EVERYWHERE))
    assert one.scored() is None


def test_one_network_looks_at_a_picture_and_the_others_at_the_next(tmp_path: Path) -> None:
    seen = scene(crowd(1), 1.0, EVERYWHERE)
    assert (seen.take_network(), seen.take_network()) == (True, False)
    one = looker(Detects.FIRE, tmp_path, fire=3.0)
    one.look(seen)
    assert one._memory is None  # type: ignore[attr-defined]
    one.look(scene(crowd(2), 1.1, EVERYWHERE))
    assert one._memory is not None  # type: ignore[attr-defined]


def test_after_a_gap_movement_begins_anew(tmp_path: Path) -> None:
    one = looker(Detects.FIGHT, tmp_path, fight=4.0)
    assert [said for at in range(20) for said in one.look(scene(crowd(9 * at), at * 1.0))] == []


def flame(at: int) -> NDArray[np.uint8]:
    """Something bright that is never still."""
    shown = ROOM.copy()
    shown[80:110, 150:180] = RNG.integers(205, 256, (30, 30))
    return shown


def test_something_bright_that_flickers_is_looked_at_though_nothing_moves_and_told_in_time(tmp_path: Path) -> None:
    one = looker(Detects.FIRE, tmp_path, fire=3.0)
    told = [said for at in range(40) for said in one.look(scene(flame(at), at * 0.2))]
    (sighting,) = told
    assert sighting.kind is Kind.FIRE
    assert sighting.at_s <= 5.0
    assert not one.suspects()


@pytest.mark.parametrize(("motion", "looks"), [(Motion(), 1), (EVERYWHERE, 10)])
def test_a_still_room_is_looked_at_seldom(tmp_path: Path, motion: Motion, looks: int) -> None:
    one = looker(Detects.FIRE, tmp_path, fire=3.0)
    asked: list[int] = []
    things = one._networks.backbone.things  # type: ignore[attr-defined]
    one._networks.backbone.things = lambda parts: (asked.append(len(parts)), things(parts))[1]  # type: ignore[attr-defined]
    for at in range(40):
        one.look(scene(noisy(ROOM), at * 0.2, motion))
    assert len(asked) == looks


class Walks(Networks):
    """Somebody walks from left to right and back, as the pose network would say it."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0

    @cached_property
    def pose(self) -> Any:
        return self

    def poses(self, _frame: NDArray[np.uint8]) -> NDArray[np.float32]:
        row = np.zeros((1, 56), np.float32)
        left = 0.02 * (self.at % 40 if self.at % 80 < 40 else 40 - self.at % 40)
        row[0, 51:] = (0.2, left, 0.9, left + 0.15, 0.9)
        self.at += 1
        return row


@pytest.mark.parametrize(("lines", "counts"), [(True, (1, 1)), (False, (0, 0))])
def test_who_crosses_a_line_is_counted_by_direction(lines: bool, counts: tuple[int, int]) -> None:
    line = Line(name="door", begin=(0.5, 1.0), end=(0.5, 0.0))  # looking up the picture: in is to the right
    one = People(Watch(sees=[Detects.PEOPLE], line=[line] if lines else []), Walks())
    assert one.counted().people == -1
    for at in range(80):
        one.look(scene(ROOM, at * 0.2))
    assert (one.counted().entered, one.counted().left) == counts
    assert one.counted().people == 1
