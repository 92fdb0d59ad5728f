"""In a blurred picture nobody is to be recognised: no pixel of a box is left, and where boxes fail, none at all.

golden/ holds what came out when somebody looked at it; MEKTEP_GOLDEN=1 writes it anew, to be looked at again.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pipelines.blur import LADDER, TALL, Box, Colours, blurred, mosaic, step, widened
from drivers.readings import BLOCKS

GOLDEN = Path(__file__).with_name("golden")
WIDTH, HEIGHT = 320, 180


def noise(width: int, height: int, seed: int = 1) -> Colours:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def colours(picture: Colours) -> int:
    return len(np.unique(picture.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)))


def person(picture: Colours, left: int, top: int, high: int) -> Box:
    """Somebody drawn with a face that could be told from another; returns the box."""
    wide, head = high // 3, high // 7
    middle = left + wide // 2
    cv2.rectangle(picture, (left, top + head), (left + wide, top + high * 3 // 5), (150, 60, 40), -1)
    for leg in (left + wide // 8, left + wide * 5 // 8):
        cv2.rectangle(picture, (leg, top + high * 3 // 5), (leg + wide // 4, top + high), (60, 50, 50), -1)
    cv2.circle(picture, (middle, top + head // 2), head // 2 + 1, (150, 180, 220), -1)
    for eye in (-head // 5, head // 5):
        cv2.circle(picture, (middle + eye, top + head * 2 // 5), max(1, head // 12), (40, 20, 10), -1)
    cv2.ellipse(picture, (middle, top + head * 3 // 5), (head // 4, head // 8), 0, 0, 180, (40, 40, 150), 1)
    return left / WIDTH, top / HEIGHT, (left + wide) / WIDTH, (top + high) / HEIGHT


def corridor() -> tuple[Colours, list[Box]]:
    picture = np.full((HEIGHT, WIDTH, 3), (200, 205, 205), np.uint8)
    cv2.fillPoly(picture, [np.array([(0, 180), (110, 80), (210, 80), (320, 180)], np.int32)], (120, 130, 140))
    for x, y, tall in ((40, 40, 90), (75, 55, 55), (265, 40, 90)):
        cv2.rectangle(picture, (x, y), (x + tall // 3, y + tall), (90, 110, 150), -1)
    cv2.rectangle(picture, (140, 8), (215, 22), (255, 255, 255), -1)
    cv2.putText(picture, "EXIT 3", (146, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 120, 0), 1, cv2.LINE_AA)
    return picture, [person(picture, 120, 60, 80), person(picture, 190, 75, 40), person(picture, 225, 30, 145)]


# --- properties -----------------------------------------------------------------------------------------------------

SHARES = st.floats(-0.2, 1.2)
SIZES = st.tuples(st.integers(1, 90), st.integers(1, 70))
BOXES = st.tuples(SHARES, SHARES, SHARES, SHARES).map(
    lambda one: (min(one[0], one[2]), min(one[1], one[3]), max(one[0], one[2]), max(one[1], one[3]))
)


@settings(max_examples=80, deadline=None)
@given(size=SIZES, boxes=st.lists(BOXES, max_size=4), seed=st.integers(0, 9))
def test_of_a_box_nothing_is_left_but_blocks(size: tuple[int, int], boxes: list[Box], seed: int) -> None:
    picture = noise(*size, seed=seed)
    before = picture.copy()
    made = blurred(picture, boxes)
    assert (made.shape, made.dtype) == (picture.shape, np.uint8)
    assert (picture == before).all()
    most = 1 if len(boxes) == 1 else 4 * len(boxes)  # where boxes lie over each other, larger blocks cut a block
    for box in boxes:
        left, top, right, bottom = widened(box, *size)
        if right > left and bottom > top:
            cell = step(max(right - left, bottom - top) / TALL)
            for y in range(top // cell * cell, bottom, cell):  # whole blocks of the grid, or of larger ones over them
                for x in range(left // cell * cell, right, cell):
                    assert colours(made[y : y + cell, x : x + cell]) <= most


@settings(max_examples=50, deadline=None)
@given(size=st.tuples(st.integers(24, 90), st.integers(24, 70)), seed=st.integers(0, 99))
def test_two_pictures_with_the_same_means_come_out_the_same(size: tuple[int, int], seed: int) -> None:
    """Nothing but a block's mean comes through: its pixels change places, and nothing changes."""
    width, height = (side // 24 * 24 for side in size)
    picture = noise(width, height, seed)
    box = (0.3, 0.3, 0.6, 0.8)
    left, top, right, bottom = widened(box, width, height)
    cell = step(max(right - left, bottom - top) / TALL)
    shuffled, rng = picture.copy(), np.random.default_rng(seed)
    y, x = top // cell * cell, left // cell * cell
    block = shuffled[y : y + cell, x : x + cell]
    block[:] = rng.permutation(block.reshape(-1, 3)).reshape(block.shape)
    one, other = blurred(picture, [box]), blurred(shuffled, [box])
    assert (one[y : y + cell, x : x + cell] == other[y : y + cell, x : x + cell]).all()


@settings(max_examples=30, deadline=None)
@given(size=SIZES, cell=st.sampled_from(LADDER))
def test_no_block_shows_a_single_pixel(size: tuple[int, int], cell: int) -> None:
    """Also where the edge cuts a block: it takes in what lies beside it. Black and white pixels in turn become grey."""
    width, height = size
    turns = (np.indices((height, width)).sum(axis=0) % 2 * 255).astype(np.uint8)
    made = mosaic(np.repeat(turns[:, :, None], 3, axis=2), cell)
    if width > 1 and height > 1 and cell > 2:
        assert 0 < made.min() <= made.max() < 255


@pytest.mark.parametrize(
    "people",
    [None, [(0.1, 0.1, math.nan, 0.5)], [(0.5, 0.5, 0.1, 0.9)], [(0.0, 0.0, math.inf, 1.0)]],
    ids=["no detector", "no number", "turned round", "without end"],
)
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (480, 640), (321, 181), (16, 9), (1, 1)])
def test_where_nobody_knows_the_boxes_the_whole_picture_is_a_few_blocks(
    size: tuple[int, int], people: list[Box] | None
) -> None:
    longer, shorter = max(size), min(size)
    assert colours(blurred(noise(*size), people)) <= BLOCKS * math.ceil(shorter / math.ceil(longer / BLOCKS))


def test_a_face_of_somebody_who_stands_is_a_block_or_two() -> None:
    for high in (0.15, 0.3, 0.6, 1.0):
        left, top, right, bottom = widened((0.4, 0.0, 0.4 + high / 3, high), 640, 360)
        face_px = high * 360 / 7
        assert face_px / step(max(right - left, bottom - top) / TALL) < 1.5


def test_who_stands_still_shows_no_more_in_many_stills() -> None:
    """The grid is the picture's, not the box's: a box that trembles gives the same blocks."""
    picture = noise(640, 360)
    cells = set()
    for tremble in range(12):
        off = tremble / 1000
        made = blurred(picture, [(0.4 + off, 0.2 - off, 0.55 + off, 0.9)])
        cells.add(made[144:192, 288:336].tobytes())
    assert len(cells) == 1


# --- pictures ---------------------------------------------------------------------------------------------------------


def scene(name: str) -> Colours:
    picture, people = corridor()
    found = {"people": people, "missed": people[:1], "nobody": [], "unknown": None}
    return blurred(picture, found[name]) if name != "seen" else picture


@pytest.mark.parametrize("name", ["seen", "people", "missed", "nobody", "unknown"])
def test_it_looks_as_it_did_when_somebody_looked(name: str) -> None:
    path = GOLDEN / f"{name}.png"
    made = scene(name)
    if os.environ.get("MEKTEP_GOLDEN"):
        cv2.imwrite(str(path), made)
    golden = cv2.imread(str(path))
    assert golden is not None
    assert np.abs(made.astype(int) - golden).max() <= 2  # another OpenCV may round otherwise
