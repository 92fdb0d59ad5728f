"""What is hidden is hidden whole: at least as much as another hand fills, hardly more, in every plane of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.cameras.masks import Masks, Outline, hidden
from tests.drivers.outlines import LEFT

SHARE = st.floats(0, 1)
OUTLINES = st.lists(st.tuples(SHARE, SHARE), min_size=3, max_size=8)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (17, 31), (1, 1), (1920, 1080)])
@pytest.mark.parametrize("outline", [LEFT, LEFT[::-1]])
def test_half_of_a_picture_is_half_and_a_pixel(outline: Outline, width: int, height: int) -> None:
    found = hidden([outline], width, height)
    columns = found.all(axis=0)
    assert (found == columns).all()
    assert width // 2 <= columns.sum() <= width // 2 + 2


@settings(max_examples=80, deadline=None)
@given(outline=OUTLINES, size=st.tuples(st.integers(8, 160), st.integers(8, 120)))
def test_nothing_shows_that_opencv_would_have_filled(outline: list[tuple[float, float]], size: tuple[int, int]) -> None:
    """Its inside, that is: on its edge it rounds corners to whole pixels, and takes half a pixel more or less."""
    width, height = size
    other = np.zeros((height, width), np.uint8)
    corners = np.array([(round(x * width), round(y * height)) for x, y in outline], np.int32)
    cv2.fillPoly(other, [corners], (1,))
    inside = cv2.erode(np.pad(other, 2), np.ones((5, 5), np.uint8))[2:-2, 2:-2].astype(bool)
    found = hidden([outline], width, height)
    assert not (inside & ~found).any()


@settings(max_examples=80, deadline=None)
@given(outline=OUTLINES, size=st.tuples(st.integers(8, 160), st.integers(8, 120)))
@example(outline=[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], size=(64, 8))
def test_nothing_is_hidden_far_from_the_outline(outline: list[tuple[float, float]], size: tuple[int, int]) -> None:
    """Two pixels at most from those that OpenCV touches where it draws the outline eight times larger."""
    width, height = size
    large = np.zeros((height * 8, width * 8), np.uint8)
    cv2.fillPoly(large, [np.array([(round(x * width * 8), round(y * height * 8)) for x, y in outline], np.int32)], (1,))
    touched = large.reshape(height, 8, width, 8).max(axis=(1, 3))
    near = cv2.dilate(touched, np.ones((5, 5), np.uint8)).astype(bool)
    assert not (hidden([outline], width, height) & ~near).any()


def test_two_that_overlap_hide_both() -> None:
    left, right = [(0.1, 0.1), (0.6, 0.1), (0.6, 0.9), (0.1, 0.9)], [(0.4, 0.2), (0.9, 0.2), (0.9, 0.8), (0.4, 0.8)]
    found = hidden([left, right], 100, 100)
    assert found[50, 15:85].all()


def test_every_plane_is_burnt_in_its_own_size() -> None:
    masks = Masks([LEFT])
    assert (bool(masks), bool(Masks(()))) == (True, False)
    for width, height in ((64, 36), (32, 18), (640, 360), (64, 36)):
        luma = np.full((height, width), 200, np.uint8)
        blue, red = (np.full((height // 2, width // 2), 50, np.uint8) for _ in range(2))
        masks.burn(luma, blue, red)
        assert (luma[:, : width // 2] == 0).all()
        assert (luma[:, width // 2 + 2 :] == 200).all()
        for plane in (blue, red):
            assert (plane[:, : width // 4] == 128).all()
            assert (plane[:, width // 4 + 2 :] == 50).all()


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_picture_in_one_piece_is_burnt_as_its_planes_are(wide: int, high: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    planes = [rng.integers(0, 256, size, np.uint8) for size in ((2 * high, 2 * wide), *[(high, wide)] * 2)]
    picture = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(3 * high, 2 * wide)
    masks = Masks([LEFT])
    masks.burn(*planes)
    masks.burn_i420(picture)
    assert picture.tobytes() == b"".join(plane.tobytes() for plane in planes)
