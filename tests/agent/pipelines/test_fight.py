"""Where the movement is, what is put before the network, and the two votes: made movement, made answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines import fight
from agent.pipelines.detectors import fight_settings
from agent.pipelines.scores import share
from agent.pipelines.settings import FightSettings
from agent.pipelines.sighting import Kind, Observe, Sighting

_: Observe[fight.Look, fight.Memory, FightSettings] = fight.observe

HEIGHT, WIDTH = 360, 640


def frame(at: int, *, moves: bool = True, noise: int = 0) -> fight.Frame:
    """A grey room in which something is waved about around (430, 230)."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[:, ::40] = 140
    if moves:
        left = 400 + 25 * (at % 4)
        picture[200:260, left : left + 30] = (20, 60, 220)
    grains = np.random.default_rng(at).integers(-noise, noise + 1, picture.shape)
    return np.clip(picture.astype(int) + grains, 0, 255).astype(np.uint8)


def views(count: int, *, moves: bool = True, noise: int = 0) -> list[fight.Views | None]:
    motion, found = None, []
    for at in range(count):
        one, motion = fight.prepare(frame(at, moves=moves, noise=noise), motion)
        found.append(one)
    return found


def test_the_first_frames_say_nothing_and_then_each_does() -> None:
    found = views(8)
    assert found[:3] == [None, None, None]
    assert all(found[3:])


def test_a_frame_that_is_not_shown_is_remembered_all_the_same() -> None:
    shown, unshown = None, None
    for at in range(6):
        _, shown = fight.prepare(frame(at), shown)
        found, unshown = fight.prepare(frame(at), unshown, show=False)
        assert found is None
    assert shown is not None
    assert unshown is not None
    assert (shown.energy == unshown.energy).all()


def test_the_square_is_where_it_moves_and_no_larger_than_needed() -> None:
    last = views(10)[-1]
    assert last is not None
    left, top, right, bottom = last.box
    assert left < 0.68 < right
    assert top < 0.64 < bottom
    assert (right - left) * WIDTH == pytest.approx((bottom - top) * HEIGHT, abs=4)
    assert bottom - top < 0.5


def test_the_pictures_are_as_the_network_takes_them() -> None:
    last = views(10)[-1]
    assert last is not None
    for picture in (last.change, last.course):
        assert picture.shape == (fight.SIDE, fight.SIDE, 3)
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 255
    assert last.course[0, 0].tolist() == pytest.approx([fight.MIDDLE] * 3, abs=1)  # nothing changed in that corner
    assert last.change[0, 0].tolist() == pytest.approx([0] * 3, abs=1)


@pytest.mark.parametrize("noise", [0, 6])
def test_an_empty_room_is_not_looked_at(noise: int) -> None:
    assert not any(views(12, moves=False, noise=noise))


def test_a_stream_that_changes_its_size_begins_anew() -> None:
    _, motion = fight.prepare(frame(0), None)
    found, after = fight.prepare(np.zeros((180, 320, 3), np.uint8), motion)
    assert found is None
    assert len(after.greys) == 1


@given(st.integers(2, 400), st.integers(2, 700), st.integers(0, 255))
def test_frames_of_any_size_are_taken(height: int, width: int, level: int) -> None:
    motion = None
    for step in range(5):
        flash = np.full((height, width, 3), (level + 90 * step) % 256, np.uint8)
        found, motion = fight.prepare(flash, motion)
        assert found is None or found.change.shape == found.course.shape


def told(answers: list[float | None], settings: FightSettings | None = None) -> list[Sighting]:
    """What five answers a second lead to."""
    memory, said = None, []
    for number, logit in enumerate(answers):
        one, memory = fight.observe(fight.Look(logit, number / 5), memory, settings or FightSettings())
        said += [one] if one else []
    return said


VOTES: list[tuple[str, list[float | None], float | None]] = [
    ("strong: within two seconds", [6.0] * 30, 2.0),
    ("not strong, but it lasts", [2.0] * 60, 8.0),
    ("one strong second", [4.0] * 5 + [-2.0] * 60, None),
    ("never quite", [0.5] * 300, None),
    ("nothing moves", [None] * 300, None),
    ("no answers", [], None),
]


@pytest.mark.parametrize(("answers", "within_s"), [case[1:] for case in VOTES], ids=[case[0] for case in VOTES])
def test_the_votes(answers: list[float | None], within_s: float | None) -> None:
    said = told(answers)
    assert [one.kind for one in said] == ([Kind.FIGHT] if within_s else [])
    if within_s:
        assert said[0].since_s <= said[0].at_s <= within_s
        assert 0.5 < said[0].score <= 1
        assert said[0].detail == f"vote {said[0].score:.3f}, needs 0.881"


def test_one_fight_is_told_once_and_the_next_one_again() -> None:
    strong, calm = [6.0] * 50, [-3.0] * 50
    assert len(told([*strong, *calm, *strong])) == 1  # ten seconds apart: the same
    assert len(told([*strong, *calm * 4, *strong])) == 2


@pytest.mark.parametrize(("answers", "wants"), [([6.0], True), ([-1.0], False), ([], False), ([6.0] * 20, False)])
def test_it_wants_every_frame_while_it_suspects_what_it_has_not_told(answers: list[float], wants: bool) -> None:
    memory = fight.Memory()
    for number, logit in enumerate(answers):
        _, memory = fight.observe(fight.Look(logit, number / 5), memory, FightSettings())
    assert fight.suspects(memory, FightSettings()) is wants


def memories(answers: list[float], settings: FightSettings) -> list[fight.Memory]:
    found, memory = [], None
    for number, logit in enumerate(answers):
        _, memory = fight.observe(fight.Look(logit, number / 5), memory, settings)
        found.append(memory)
    return found


@given(st.lists(st.floats(-8, 8), min_size=2, max_size=60), st.floats(-4, 6), st.floats(-4, 6))
def test_it_tells_from_its_threshold_on_by_whichever_vote(answers: list[float], threshold: float, other: float) -> None:
    """The level of a vote is the highest threshold with which it would have held, whatever the threshold is."""
    settings = fight_settings(threshold)
    levels = [fight.level(one, settings) for one in memories(answers, settings)]
    reached = [one for one in levels if one is not None and one >= threshold]
    said = told([*answers], settings)
    assert bool(said) is bool(reached)
    if said:
        assert said[0].score == pytest.approx(share(reached[0]))
    again = [fight.level(one, fight_settings(other)) for one in memories(answers, fight_settings(other))]
    assert [one is None for one in again] == [one is None for one in levels]
    assert [one for one in again if one is not None] == pytest.approx([one for one in levels if one is not None])
