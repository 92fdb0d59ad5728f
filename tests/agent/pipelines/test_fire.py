"""Where it flickers like a flame, and the vote: made pictures, made answers."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines import fire
from agent.pipelines.detectors import fire_settings
from agent.pipelines.fire import Logits
from agent.pipelines.scores import share
from agent.pipelines.settings import FireSettings
from agent.pipelines.sighting import Kind, Observe, Sighting

_: Observe[fire.Look, fire.Memory, FireSettings] = fire.observe

FLAME, RED, GREY = (60, 150, 250), (30, 30, 220), (120, 120, 120)


def flickered(colour: tuple[int, int, int], *, moves: bool) -> fire.Flicker:
    """Two seconds of a grey room with a spot at the lower right."""
    flicker, rng = None, np.random.default_rng(3)
    for _step in range(10):
        picture = np.full((360, 640, 3), 100, np.uint8)
        tall = 60 + int(rng.integers(-25, 25)) if moves else 60
        picture[280 - tall : 280, 480:540] = colour
        flicker = fire.prepare(picture, flicker)
    assert flicker is not None
    return flicker


def test_what_flickers_and_is_warm_is_a_place_to_look_at() -> None:
    box = fire.place(flickered(FLAME, moves=True))
    assert box is not None
    left, top, right, bottom = box
    assert left < 0.78 < right
    assert top < 0.7 < bottom
    assert right - left <= 0.5


@pytest.mark.parametrize(("colour", "moves"), [(FLAME, False), (RED, False), (GREY, True)])
def test_what_is_still_or_cold_is_none(colour: tuple[int, int, int], moves: bool) -> None:
    assert fire.place(flickered(colour, moves=moves)) is None


def test_where_nothing_flickers_the_parts_of_the_view_take_turns() -> None:
    frame = np.random.default_rng(1).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    given_crops = [fire.crops(frame, fire.place(flickered(GREY, moves=True)), turn) for turn in range(6)]
    assert given_crops[0].whole is frame
    assert {one.place for one in given_crops} == {None}
    assert {one.tile.shape for one in given_crops} == {(216, 384, 3)}
    assert given_crops[0].tile.tobytes() == given_crops[5].tile.tobytes() != given_crops[1].tile.tobytes()


def test_where_something_does_the_place_and_what_is_around_it_are_looked_at() -> None:
    frame = np.random.default_rng(1).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    found = fire.crops(frame, fire.place(flickered(FLAME, moves=True)), 0)
    assert found.place is not None
    assert found.box is not None
    assert found.place.tobytes() == fire.cut(frame, found.box).tobytes()
    assert found.tile.shape == (216, 384, 3)
    left, top, right, bottom = fire.around(found.box)
    assert left <= found.box[0] < found.box[2] <= right
    assert top <= found.box[1] < found.box[3] <= bottom


@given(st.tuples(*[st.floats(0, 0.7)] * 2), st.floats(0.01, 0.3))
def test_what_is_around_a_place_lies_in_the_view_and_holds_it(corner: tuple[float, float], edge: float) -> None:
    left, top, right, bottom = fire.around((*corner, corner[0] + edge, corner[1] + edge))
    assert -1e-9 <= left <= corner[0] + 1e-9
    assert -1e-9 <= top <= corner[1] + 1e-9
    assert corner[0] + edge - 1e-9 <= right <= 1 + 1e-9
    assert corner[1] + edge - 1e-9 <= bottom <= 1 + 1e-9


def test_a_small_frame_is_taken_as_it_is() -> None:
    small = np.random.default_rng(2).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    for one, other in zip(*(msgspec.structs.astuple(fire.prepare(of, None)) for of in (small, large)), strict=True):
        assert np.array_equal(one, other)


@given(st.integers(1, 300), st.integers(1, 300), st.tuples(*[st.floats(0, 0.9)] * 2))
def test_a_cut_is_never_empty(height: int, width: int, corner: tuple[float, float]) -> None:
    frame = np.zeros((height, width, 3), np.uint8)
    assert fire.cut(frame, (*corner, corner[0] + 0.1, corner[1] + 0.1)).size > 0


NONE = Logits(-4.0, -4.0, -4.0)
BURNS, SMOKES, TENDED = Logits(3.0, -2.0, -1.0), Logits(-3.0, 4.0, -3.0), Logits(0.8, -4.0, 2.5)
FLARES = Logits(-0.3, -4.0, -1.0)
Answers = tuple[Logits, Logits | None]  # of the whole view, of the place


def told(answers: list[Answers], settings: FireSettings | None = None) -> list[Sighting]:
    """What an answer a second leads to."""
    memory, said = None, []
    for at_s, (whole, place) in enumerate(answers):
        around = NONE if place is None else whole
        look = fire.Look(whole, around, place, (0.1, 0.1, 0.3, 0.3), float(at_s))
        one, memory = fire.observe(look, memory, settings or FireSettings())
        said += [one] if one else []
    return said


QUIET: list[Answers] = [(NONE, None)] * 20
VOTES: list[tuple[str, list[Answers], list[Kind]]] = [
    ("nothing", QUIET, []),
    ("a fire from the first second", [(BURNS, BURNS)] * 10, [Kind.FIRE]),
    ("a fire that begins", [*QUIET, *[(BURNS, BURNS)] * 10], [Kind.FIRE]),
    ("one look at headlights", [*QUIET, (BURNS, BURNS), *QUIET], []),
    ("a red jacket: like a flame from near alone", [(NONE, Logits(2.0, -4.0, -4.0))] * 20, []),
    ("warm light, nothing flickers", [(Logits(3.0, -4.0, -4.0), None)] * 20, []),
    ("a candle", [(NONE, TENDED)] * 20, [Kind.FLAME]),
    ("a candle that flares", [*[(NONE, TENDED)] * 9, *[(FLARES, FLARES)] * 20], [Kind.FLAME]),
    ("a candle that sets fire", [*[(NONE, TENDED)] * 9, *[(BURNS, BURNS)] * 9], [Kind.FLAME, Kind.FIRE]),
    ("smoke that comes", [*QUIET, *[(SMOKES, None)] * 10], [Kind.SMOKE]),
    ("a view that always looks like smoke", [(SMOKES, None)] * 60, []),
]


@pytest.mark.parametrize(("answers", "kinds"), [case[1:] for case in VOTES], ids=[case[0] for case in VOTES])
def test_the_vote(answers: list[Answers], kinds: list[Kind]) -> None:
    assert [one.kind for one in told(answers)] == kinds


def test_a_fire_is_told_within_four_seconds_with_its_place() -> None:
    said = told([*QUIET, *[(BURNS, BURNS)] * 10])[0]
    assert 0 <= said.at_s - len(QUIET) <= 4
    assert said.box == (0.1, 0.1, 0.3, 0.3)
    assert said.detail == f"vote {said.score:.3f}, needs {share(FireSettings().fire):.3f}"


def test_the_same_fire_is_told_once_and_another_one_later_again() -> None:
    burns: list[Answers] = [(BURNS, BURNS)] * 10
    assert len(told([*burns, *QUIET, *burns])) == 1
    assert len(told([*burns, *QUIET * 4, *burns])) == 2


@pytest.mark.parametrize(
    ("whole", "looks", "wants"), [(NONE, 1, False), (BURNS, 1, True), (SMOKES, 1, True), (BURNS, 9, False)]
)
def test_it_wants_more_looks_while_it_suspects_what_it_has_not_told(whole: Logits, looks: int, wants: bool) -> None:
    _, memory = fire.observe(fire.Look(NONE, NONE, None, None, 0.0), None, FireSettings())
    for at_s in range(1, 1 + looks):
        _, memory = fire.observe(fire.Look(whole, whole, whole, None, float(at_s)), memory, FireSettings())
    assert fire.suspects(memory, FireSettings()) is wants


def test_a_view_that_always_looks_like_smoke_is_not_suspected() -> None:
    _, memory = fire.observe(fire.Look(SMOKES, NONE, None, None, 0.0), None, FireSettings())
    assert not fire.suspects(memory, FireSettings())


def test_nothing_seen_is_nothing_suspected() -> None:
    assert not fire.suspects(fire.Memory(), FireSettings())


TENTHS = st.integers(-60, 60).map(lambda number: number / 10)


@given(
    st.lists(st.tuples(*[TENTHS] * 3).map(lambda three: Logits(*three)), min_size=1, max_size=30),
    TENTHS.map(lambda tenths: tenths + 0.0123),  # no mean of a few tenths is as good as equal to it
)
def test_it_tells_from_its_threshold_on_whatever_it_is(answers: list[Logits], threshold: float) -> None:
    """The level of a vote is the highest threshold with which flames, smoke or a tended flame would have been told."""
    settings, memory, levels = fire_settings(threshold), None, []
    for at_s, whole in enumerate(answers):
        _, memory = fire.observe(fire.Look(whole, whole, whole, None, float(at_s)), memory, settings)
        levels.append(fire.level(memory, settings))
        assert fire.look_level(memory, settings) >= max(whole.fire, fire.NOWHERE) - 1e-6
    reached = [one for one in levels if one is not None and one >= threshold]
    said = told([(whole, whole) for whole in answers], settings)
    assert bool(said) is bool(reached)
    if said:
        assert share(threshold) - 1e-6 <= said[0].score <= share(max(reached)) + 1e-6
