"""Covered, frozen, clear, on made pictures of a room and all that changes it: noise, clock, lights, passers-by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.cameras.watch import COLUMNS, ROWS, Grey, Settings, Watch, grey_of
from drivers.readings import PictureState

CLEAR, FROZEN, COVERED = PictureState.CLEAR, PictureState.FROZEN, PictureState.COVERED
Scene = Callable[[int, "Noise"], NDArray[np.float64]]  # the second, the noise -> grey levels


class Noise:
    """A sensor's: normal, new in each picture."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._grains = self._rng.normal(0, 1, (ROWS, COLUMNS))

    def __call__(self, levels: float) -> NDArray[np.float64]:
        moved = np.roll(self._grains, self._rng.integers(ROWS * COLUMNS))
        return moved * levels * self._rng.choice((-1, 1))


def room(seed: int = 5) -> NDArray[np.float64]:
    """Walls, doors, furniture: about a third of it plain."""
    rng = np.random.default_rng(seed)
    picture = np.linspace(90, 150, COLUMNS)[None, :] + np.linspace(-20, 20, ROWS)[:, None]
    for _ in range(60):
        row, column = rng.integers(40, ROWS - 10), rng.integers(0, COLUMNS - 10)
        picture[row : row + rng.integers(8, 60), column : column + rng.integers(4, 40)] += rng.integers(-50, 50)
    return picture


ROOM = room()


def live(second: int, noise: Noise) -> NDArray[np.float64]:
    return ROOM + noise(0.4)


def quiet_night(second: int, noise: Noise) -> NDArray[np.float64]:
    """An empty corridor by infrared: nothing moves for hours but what is left of the noise."""
    return ROOM * 0.3 + 12 + noise(0.12)


def still(second: int, noise: Noise) -> NDArray[np.float64]:
    return ROOM


def with_clock(scene: Scene) -> Scene:
    def ticking(second: int, noise: Noise) -> NDArray[np.float64]:
        picture = scene(second, noise).copy()
        for place in range(19):  # 2026-11-23 08:00:00
            digit = second if place > 15 else place
            picture[6:16, 8 + place * 6 : 12 + place * 6] = np.random.default_rng(digit).integers(0, 2, (10, 4)) * 240
        return picture

    return ticking


def lights_off(second: int, noise: Noise) -> NDArray[np.float64]:
    return ROOM * 0.15 + noise(1.5)


def hand(second: int, noise: Noise) -> NDArray[np.float64]:
    return np.linspace(60, 110, COLUMNS)[None, :] + noise(1)


def bag(second: int, noise: Noise) -> NDArray[np.float64]:
    """Most of the picture, an edge stays free."""
    picture = live(second, noise)
    picture[:, : COLUMNS * 9 // 10] = hand(second, noise)[:, : COLUMNS * 9 // 10]
    return picture


def black(second: int, noise: Noise) -> NDArray[np.float64]:
    return np.abs(noise(2))


def passer_by(second: int, noise: Noise) -> NDArray[np.float64]:
    picture = live(second, noise)
    picture[20:, 80:250] = 70 + noise(1.0)[20:, 80:250]
    return picture


def turned(second: int, noise: Noise) -> NDArray[np.float64]:
    return room(77) + noise(0.4)


def seen(watch: Watch, *parts: tuple[int, Scene], every_s: int = 1) -> list[tuple[int, PictureState]]:
    """Show scenes for so many seconds each: what was told, and when."""
    noise, told, second = Noise(), [], 0
    for seconds, scene in parts:
        for _ in range(0, seconds, every_s):
            grey = np.clip(scene(second, noise), 0, 255).round().astype(np.uint8)
            state = watch.look(grey, float(second))
            if state is not None:
                told.append((second, state))
            second += every_s
    return told


@pytest.mark.parametrize("scene", [live, quiet_night, with_clock(live), with_clock(quiet_night)])
@pytest.mark.parametrize("every_s", [1, 4, 10])
def test_a_live_picture_is_clear_for_ever(scene: Scene, every_s: int) -> None:
    assert seen(Watch(Settings()), (150, scene), every_s=every_s) == [(every_s, CLEAR)]


@pytest.mark.parametrize("every_s", [1, 4, 10])
@pytest.mark.parametrize("scene", [still, with_clock(still)])
def test_a_frozen_picture_is_told_after_a_minute_though_its_clock_ticks(scene: Scene, every_s: int) -> None:
    told = seen(Watch(Settings()), (20, live), (100, scene), (60, live), every_s=every_s)
    assert [state for _, state in told] == [CLEAR, FROZEN, CLEAR]
    (_, _), (froze_s, _), (back_s, _) = told
    assert 80 <= froze_s <= 80 + 2 * every_s
    assert 120 <= back_s <= 120 + 4 * every_s


def test_a_picture_that_stands_still_from_the_start_is_never_told_as_clear() -> None:
    """Not after each reconnect of a frozen camera either."""
    assert seen(Watch(Settings()), (90, still)) == [(60, FROZEN)]


def test_a_picture_in_which_nothing_could_show_life_is_clear() -> None:
    """Clipped black but for a strip: nothing can be said of its life."""

    def strip(second: int, noise: Noise) -> NDArray[np.float64]:
        return np.where(np.arange(ROWS)[:, None] // 20 == 5, ROOM, 0)

    assert seen(Watch(Settings()), (300, strip), every_s=10) == [(10, CLEAR)]


def test_one_new_picture_of_a_frozen_camera_is_no_life() -> None:
    hiccup = (1, live)
    told = seen(Watch(Settings()), (10, live), (90, still), hiccup, (100, still))
    assert [state for _, state in told] == [CLEAR, FROZEN]


@pytest.mark.parametrize("cover", [hand, bag, black])
def test_a_covered_picture_is_told_when_it_lasts_and_again_when_it_is_free(cover: Scene) -> None:
    told = seen(Watch(Settings()), (30, live), (40, cover), (30, live))
    assert told == [(1, CLEAR), (40, COVERED), (73, CLEAR)]


def test_a_camera_that_is_covered_from_the_start_is_told() -> None:
    assert seen(Watch(Settings()), (20, hand)) == [(10, COVERED)]


@pytest.mark.parametrize(
    "parts",
    [
        [(30, live), (9, hand), (30, live)],  # a hand that wipes the dust off
        [(30, live), (3, passer_by), (30, live)],
        [(30, live), (60, passer_by)],  # half of the picture is left
        [(30, live), (90, lights_off), (30, live)],
        [(30, live), (60, turned)],  # another picture, but one
    ],
)
def test_what_happens_every_day_covers_nothing(parts: list[tuple[int, Scene]]) -> None:
    assert [state for _, state in seen(Watch(Settings()), *parts)] == [CLEAR]


def test_a_camera_without_infrared_may_be_told_that_black_is_no_cover() -> None:
    watch = Watch(Settings(dark_is_covered=False))
    assert seen(watch, (30, live), (60, black), (30, live)) == [(1, CLEAR)]


def test_votes_cannot_be_bought_by_time_alone() -> None:
    watch = Watch(Settings())
    told = seen(watch, (60, live), (30, hand), every_s=15)  # two looks in half a minute
    assert [state for _, state in told] == [CLEAR]


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(180, 320\)"):
        Watch(Settings()).look(np.zeros((240, 320), np.uint8), 0.0)


@pytest.mark.parametrize("shape", [(180, 320), (240, 320), (720, 1280), (1080, 1920), (481, 641), (90, 160), (1, 1)])
def test_a_luma_plane_of_any_size_becomes_a_grey_picture_of_the_same_brightness(shape: tuple[int, int]) -> None:
    luma = np.broadcast_to(np.linspace(0, 250, shape[1]).astype(np.uint8), shape)
    grey = grey_of(luma)
    assert (grey.shape, grey.dtype) == ((ROWS, COLUMNS), np.uint8)
    assert abs(float(grey.mean()) - float(luma.mean())) < 2


@quick(max_examples=30)
@given(data=st.data())
def test_any_pictures_in_any_rhythm_give_a_state_and_no_crash(data: st.DataObject) -> None:
    """Nor a second word of the same state."""
    watch, before = Watch(Settings(covered_s=2, frozen_s=4)), None
    pool: list[Grey] = [
        np.zeros((ROWS, COLUMNS), np.uint8),
        np.full((ROWS, COLUMNS), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (ROWS, COLUMNS), dtype=np.uint8),
        ROOM.astype(np.uint8),
    ]
    for picture, at_s in data.draw(st.lists(st.tuples(st.sampled_from(pool), st.floats(0, 1e6)), max_size=12)):
        state = watch.look(picture, at_s)
        assert state is None or state is not before
        before = state or before
        assert watch.state is before
