"""A clock in the picture is found by its beat; lamps, flames, people and what moves in the middle are no clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.pipelines.clock_overlay import DOUBT_S, JUDGE_S, MOST, SPAN_S, Memory, observe
from agent.pipelines.sighting import Box

WIDTH, HEIGHT = 640, 360
BEGAN = 5 * 3600 + 14 * 60 + 1.37  # of the camera's day
Bgr = NDArray[np.uint8]
Draw = Callable[[Bgr, float], None]
TOP, BOTTOM = (380, 24), (20, 350)


def room() -> NDArray[np.float32]:
    coarse = np.random.default_rng(1).integers(60, 200, (12, 20)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def clock(
    at: tuple[int, int] = TOP, size: float = 0.5, *, form: str = "%Y-%m-%d %H:%M:%S", outline: bool = True
) -> Draw:
    def draw(picture: Bgr, at_s: float) -> None:
        text = time.strftime(form, time.gmtime(1_795_564_800 + BEGAN + at_s))
        for colour, thick in ((0, 3), (255, 1)) if outline else ((255, 1),):
            cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (colour,) * 3, thick, cv2.LINE_AA)

    return draw


def lamp(period_s: float) -> Draw:
    def draw(picture: Bgr, at_s: float) -> None:
        cv2.circle(picture, (100, 20), 6, (255,) * 3 if (at_s + 0.3) % period_s < period_s / 2 else (40,) * 3, -1)

    return draw


def dimmer(picture: Bgr, at_s: float) -> None:
    """A light that grows over ten seconds, again and again."""
    cv2.circle(picture, (100, 20), 8, (int(25 * ((at_s + 0.3) % 10)),) * 3, -1)


def flame(at: tuple[int, int], from_s: float = 0.0) -> Draw:
    rng = np.random.default_rng(7)

    def draw(picture: Bgr, at_s: float) -> None:
        for _ in range(6 if at_s >= from_s else 0):
            middle = (at[0] + int(rng.normal(0, 5)), at[1] + int(rng.normal(0, 6)))
            size = (int(abs(rng.normal(4, 2))) + 1, int(abs(rng.normal(7, 3))) + 1)
            cv2.ellipse(picture, middle, size, 0, 0, 360, (80, 200, 255), -1)

    return draw


def walker(picture: Bgr, at_s: float) -> None:
    """To and fro, through both edges."""
    x = int(300 + 280 * np.sin(at_s / 7))
    picture[:, x - 30 : x + 30] = 30


def second_hand(picture: Bgr, at_s: float) -> None:
    angle = 2 * np.pi * int(at_s + 0.37) / 60
    end = (round(100 + 12 * np.sin(angle)), round(18 - 12 * np.cos(angle)))
    cv2.line(picture, (100, 18), end, (255,) * 3, 2, cv2.LINE_AA)


def seen(*draws: Draw, seconds: float, apart_s: float = 1.0) -> Iterator[tuple[float, Memory]]:
    """What comes of each picture: a room with noise, compressed as a camera does."""
    rng, here, memory, at_s = np.random.default_rng(1), room(), None, 0.0
    while at_s < seconds:
        noisy = np.clip(here + rng.normal(0, 3, (HEIGHT, 1)) + rng.normal(0, 3, WIDTH), 0, 255).astype(np.uint8)
        picture = np.asarray(cv2.cvtColor(noisy, cv2.COLOR_GRAY2BGR), np.uint8)
        for draw in draws:
            draw(picture, at_s)
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
        luma = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        grey = np.asarray(cv2.resize(luma, (320, 180), interpolation=cv2.INTER_AREA), np.uint8)
        memory = observe(grey, 1000 + at_s + rng.normal(0, 0.04), memory)
        yield at_s, memory
        at_s += apart_s


def boxes(*draws: Draw, seconds: float = 56.0, apart_s: float = 1.0) -> list[Box]:
    return [memory.box for _, memory in seen(*draws, seconds=seconds, apart_s=apart_s) if memory.box is not None]


def of_the_seconds(draw: Draw) -> Box:
    """Where the pictures of ten seconds differ."""
    pictures = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(10)]
    for at_s, picture in enumerate(pictures):
        draw(picture, float(at_s))
    rows, columns = np.nonzero(np.ptp(np.stack(pictures), axis=0).any(axis=2))
    return columns.min() / WIDTH, rows.min() / HEIGHT, columns.max() / WIDTH, rows.max() / HEIGHT


CLOCKS = [
    ("small", clock(size=0.35), 1.0),
    ("large, below", clock(BOTTOM, 1.0), 1.0),
    ("without an outline", clock(outline=False), 1.0),
    ("the time alone", clock((250, 24), form="%H:%M:%S"), 1.0),
    ("the date behind it", clock((20, 24), form="%H:%M:%S  %d-%m-%Y"), 1.0),
    ("a keyframe each two seconds", clock(), 2.0),
    ("a keyframe each four seconds", clock(), 4.0),
]


@pytest.mark.parametrize(("draw", "apart_s"), [one[1:] for one in CLOCKS], ids=[one[0] for one in CLOCKS])
def test_a_clock_is_found_where_its_seconds_are(draw: Draw, apart_s: float) -> None:
    found = boxes(draw, seconds=100 if apart_s > 2 else 56, apart_s=apart_s)
    (left, top, right, bottom), (first, above, last, below) = found[0], of_the_seconds(draw)
    assert left <= first
    assert top <= above
    assert right >= last
    assert bottom >= below
    assert (right - left) * (bottom - top) <= MOST


NO_CLOCKS: list[tuple[str, list[Draw]]] = [
    *((f"a lamp, {period_s} s", [lamp(period_s)]) for period_s in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0)),
    ("a dimmer, 10 s", [dimmer]),
    ("a flame at the edge", [flame((100, 20))]),
    ("a flame at the lower edge", [flame((300, 345))]),
    ("somebody who walks", [walker]),
    ("a clock with hands", [second_hand]),
    ("a clock in the middle", [clock((300, 180))]),
    ("a clock without seconds", [clock(form="%Y-%m-%d %H:%M")]),
    ("a clock, a flame behind its letters", [flame((500, 20)), clock()]),
    ("a clock, a flame on its seconds", [clock(), flame((545, 20))]),
]


@pytest.mark.parametrize("draws", [one[1] for one in NO_CLOCKS], ids=[one[0] for one in NO_CLOCKS])
def test_what_is_no_clock_is_not_hidden(draws: list[Draw]) -> None:
    assert boxes(*draws) == []


@pytest.mark.parametrize("x", [500, 530, 545])
def test_a_flame_that_begins_behind_a_clock_is_seen_at_once(x: int) -> None:
    """It is hidden for as long as it takes to judge anew."""
    burns_s = 56.0
    story = list(seen(flame((x, 20), burns_s), clock(), seconds=66.0))
    before = [memory.box for at_s, memory in story if SPAN_S + JUDGE_S <= at_s < burns_s]
    assert all(before), "no clock: the test shows nothing"
    hidden = [at_s for at_s, memory in story if at_s >= burns_s and memory.box is not None]
    assert max(hidden, default=burns_s) - burns_s <= 2 * DOUBT_S


def test_time_that_goes_back_is_another_source() -> None:
    grey = np.zeros((180, 320), np.uint8)
    memory = observe(grey, 100.0, observe(grey, 99.0, None))
    assert [at_s for at_s, _ in memory.samples] == [99.0, 100.0]
    assert observe(grey, 100.5, memory) is memory
    assert [at_s for at_s, _ in observe(grey, 50.0, memory).samples] == [50.0]
