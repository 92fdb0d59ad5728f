"""A picture for a person: from either source the same, masks black, and people in blocks unless it was asked for."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from agent.pipelines import shown
from agent.pipelines.blur import ROUGH, rough_block
from agent.pipelines.watch import Watch
from drivers.frame_slot import Picture

WIDTH, HEIGHT = 320, 180
HALF = Watch(masks=[[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]])


def scene() -> shown.Bgr:
    picture = np.full((HEIGHT, WIDTH, 3), (40, 160, 220), np.uint8)
    cv2.circle(picture, (240, 90), 40, (250, 250, 250), -1)
    return picture


def in_slot(picture: shown.Bgr) -> Picture:
    pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes()
    return Picture(1, WIDTH, HEIGHT, at_ns=5, monotonic_ns=6, moving=False, pixels=pixels)


def in_jpeg(picture: shown.Bgr) -> bytes:
    return shown.encoded(picture, ".jpg")


def test_both_sources_give_the_picture() -> None:
    for found in (shown.of_slot(in_slot(scene()), Watch()), shown.of_jpeg(in_jpeg(scene()), Watch())):
        assert found.shape == (HEIGHT, WIDTH, 3)
        assert np.abs(found.astype(int) - scene()).mean() < 4


def test_masks_are_black_in_both() -> None:
    for found in (shown.of_slot(in_slot(scene()), HALF), shown.of_jpeg(in_jpeg(scene()), HALF)):
        assert found[:, : WIDTH // 2].max() < 4
        assert found[:, WIDTH // 2 + 4 :].mean() > 100


def test_unless_it_is_asked_for_there_are_blocks() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    assert shown.for_eyes(picture, plain=True) is picture
    made = shown.for_eyes(picture, plain=False)
    size = math.ceil(WIDTH / ROUGH)
    assert all((made[y : y + size, x : x + size] == made[y, x]).all() for y in (0, 77) for x in (0, 161, 315))


@pytest.mark.parametrize("form", shown.FORMS)
def test_every_form_can_be_read_again(form: str) -> None:
    assert shown.of_jpeg(shown.encoded(scene(), form), Watch()).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a", bytes(1000)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        shown.of_jpeg(data, Watch())


def test_a_terminal_gets_one_pixel_a_block_and_red_first() -> None:
    few, blurred = shown.blocks(scene()), shown.for_eyes(scene(), plain=False)
    assert max(few.shape) <= ROUGH
    size = rough_block(scene())
    assert few.shape == (math.ceil(HEIGHT / size), math.ceil(WIDTH / size), 3)
    assert few[0, 0].tolist() == blurred[0, 0].tolist()[::-1] == [220, 160, 40]
    again = np.repeat(np.repeat(few, size, axis=0), size, axis=1)[:HEIGHT, :WIDTH, ::-1]
    assert np.array_equal(again, blurred), "nothing is in it that the blurred picture does not show"
