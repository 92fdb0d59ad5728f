"""A picture as the detectors ask for it: nothing behind a mask reaches them, whatever shape they take."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines.scene import GREY, Masks, Scene, inside
from drivers.frame_slot import Picture
from tests.agent.pipelines.watched import HEIGHT, WIDTH, picture, planes

LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]


def test_the_shapes() -> None:
    scene = Scene(picture(200), Masks([]))
    assert (scene.grey.shape, scene.grey.dtype) == (GREY, np.uint8)
    assert (scene.bgr.shape, scene.bgr.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert scene.grey.mean() == 200


def test_what_is_behind_a_mask_is_seen_in_no_shape() -> None:
    rng = np.random.default_rng(1)
    seen = picture(200)
    hidden = Picture(
        1, WIDTH, HEIGHT, 0, 0, True, rng.integers(0, 256, WIDTH * HEIGHT * 3 // 2, dtype=np.uint8).tobytes()
    )
    for one in (seen, hidden):
        scene = Scene(one, Masks([LEFT_HALF]))
        assert (scene.bgr[:, : WIDTH // 2 - 1] == 0).all()
        assert (scene.grey[:, : GREY[1] // 2 - 1] == 16).all()
        assert (scene.small[:, : GREY[1] // 2 - 1] == 0).all()
    assert (Scene(seen, Masks([LEFT_HALF])).bgr[:, WIDTH // 2 + 2 :] > 150).all()


@pytest.mark.parametrize(("width", "height"), [(640, 360), (640, 480), (320, 180), (160, 120)])
def test_the_small_picture_is_the_whole_one_made_small(width: int, height: int) -> None:
    rough = np.random.default_rng(4).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    whole = cv2.cvtColor(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2YUV_I420)
    scene = Scene(Picture(1, width, height, 0, 0, False, whole.tobytes()), Masks([]))
    expected = cv2.resize(scene.bgr, GREY[::-1], interpolation=cv2.INTER_AREA)
    assert scene.small.shape == (*GREY, 3)
    assert np.abs(scene.small.astype(int) - expected).mean() < 2


def test_masks_follow_a_camera_that_changes_its_size() -> None:
    masks = Masks([LEFT_HALF])
    for width, height in ((320, 180), (160, 120), (640, 480)):
        scene = Scene(Picture(1, width, height, 0, 0, False, planes(200, width, height)), masks)
        assert (scene.bgr[:, : width // 2 - 1] == 0).all()
        assert (scene.bgr[:, width // 2 + 2 :] > 0).all()


def test_a_mask_leaves_the_slots_picture_as_it_was() -> None:
    one = picture(200)
    Scene(one, Masks([LEFT_HALF]))
    assert one.pixels == planes(200)


def test_bytes_that_are_no_picture_are_an_error() -> None:
    with pytest.raises(ValueError, match="reshape"):
        Scene(Picture(1, WIDTH, HEIGHT, 0, 0, False, b"short"), Masks([]))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
def test_any_outline_is_some_pixels(outline: list[tuple[float, float]]) -> None:
    found = inside([outline], 64, 36)
    assert (found.shape, found.dtype) == ((36, 64), np.bool_)


def test_a_clock_is_hidden_from_the_detectors_and_not_from_people() -> None:
    one = picture(200)
    scene = Scene(one, Masks([LEFT_HALF]), (0.75, 0.9, 1.0, 1.0))
    below, right = HEIGHT * 9 // 10, WIDTH * 3 // 4
    assert (scene.bgr[below:, right:] == 0).all()
    assert (scene.grey[-16:, -76:] == 16).all()
    assert (scene.bgr[: below - 2, right:] > 150).all()
    assert (scene.shown[below:, right:] > 150).all()
    assert (scene.with_clock[-16:, -76:] == 200).all()
    assert (scene.shown[:, : WIDTH // 2 - 1] == 0).all()  # what is masked is masked for everybody
    assert one.pixels == planes(200)


def test_without_a_clock_there_is_one_picture_for_all() -> None:
    scene = Scene(picture(200), Masks([]))
    assert scene.shown is scene.bgr
    assert scene.with_clock is scene.grey


@given(st.tuples(*[st.floats(0, 1)] * 4), st.integers(1, 60), st.integers(1, 60))
def test_any_box_of_any_picture_can_be_hidden(sides: tuple[float, ...], wide: int, high: int) -> None:
    width, height = 2 * wide, 2 * high
    left, right = sorted(sides[:2])
    top, bottom = sorted(sides[2:])
    scene = Scene(
        Picture(1, width, height, 0, 0, False, planes(200, width, height)), Masks([]), (left, top, right, bottom)
    )
    assert (scene.shown > 150).all()
