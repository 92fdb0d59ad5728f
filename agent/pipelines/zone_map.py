"""A camera's picture with what is configured drawn onto it, and a grid to read coordinates off.

Grid     shares of the picture, as the configuration wants them: a line each tenth, its number at the edge.
Masks    black already; hatched, so that black is told from dark. Zones: outlined, each in a colour of its own.
Lines    an arrow from begin to end, and a short one to the side that is "in".
Words    those of the configuration alone; names are Latin there, which is all that these letters can show.
Shape    uint8, (height, width, 3), BGR; the picture is made WIDE first if it is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.sighting import Box
from agent.pipelines.watch import Line, Point, Watch

Bgr = NDArray[np.uint8]
Colour = tuple[int, int, int]
Pixel = tuple[int, int]

WIDE = 1280
EDGE = 34  # px around the picture, for the numbers of the grid
ROW = 24  # px of the legend
FONT, THIN = cv2.FONT_HERSHEY_SIMPLEX, 0.45
WHITE, BLACK, GREY, PAPER = (255, 255, 255), (0, 0, 0), (128, 128, 128), (245, 245, 245)
ZONES: tuple[Colour, ...] = ((0, 160, 255), (200, 80, 0), (60, 180, 75), (180, 30, 145), (0, 200, 200), (75, 25, 230))
LINE: Colour = (0, 0, 230)
MASK: Colour = (90, 90, 90)
CLOCK: Colour = (160, 60, 120)


def drawn(picture: Bgr, watch: Watch, clock: Box | None = None) -> Bgr:
    """A new picture: the map, its grid, its legend. `clock`: where the eyes have found the camera's own."""
    scale = max(1, -(-WIDE // picture.shape[1]))
    scene = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    _grid(scene)
    for number, mask in enumerate(watch.masks, 1):
        _mask(scene, list(mask), f"mask {number}")
    for zone, colour in zip(watch.zone, _colours(len(watch.zone)), strict=True):
        _outline(scene, list(zone.outline), colour)
        _name(scene, zone.name, _pixels(scene, list(zone.outline)).mean(axis=0), colour)
    for line in watch.line:
        _line(scene, line)
    if clock is not None:
        _outline(scene, corners(clock), CLOCK)
        _name(scene, "clock", _pixels(scene, corners(clock)).mean(axis=0), CLOCK)
    return np.vstack([_with_numbers(scene), _legend(watch, clock, scene.shape[1] + 2 * EDGE)])


def corners(box: Box) -> list[Point]:
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


# --- parts ----------------------------------------------------------------------------------------------------------


def _grid(scene: Bgr) -> None:
    height, width = scene.shape[:2]
    for tenth in range(1, 10):
        x, y = round(tenth / 10 * width), round(tenth / 10 * height)
        for colour, off in ((BLACK, 1), (WHITE, 0)):  # seen on light and on dark
            cv2.line(scene, (x + off, 0), (x + off, height), colour, 1)
            cv2.line(scene, (0, y + off), (width, y + off), colour, 1)


def _mask(scene: Bgr, outline: Sequence[Point], name: str) -> None:
    height, width = scene.shape[:2]
    corners = _pixels(scene, outline)
    inside, hatch = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [corners], (1,))
    for x in range(-height, width, 16):
        cv2.line(hatch, (x, height), (x + height, 0), (1,), 2)
    scene[(inside & hatch).astype(bool)] = MASK
    _outline(scene, outline, MASK)
    _name(scene, name, corners.mean(axis=0), MASK)


def _outline(scene: Bgr, outline: Sequence[Point], colour: Colour) -> None:
    corners = _pixels(scene, outline)
    cv2.polylines(scene, [corners], True, WHITE, 4, cv2.LINE_AA)
    cv2.polylines(scene, [corners], True, colour, 2, cv2.LINE_AA)
    for corner in corners:
        cv2.circle(scene, _pixel(corner), 4, colour, -1, cv2.LINE_AA)


def _line(scene: Bgr, line: Line) -> None:
    begin, end = _pixels(scene, [line.begin, line.end]).astype(float)
    for colour, thick in ((WHITE, 5), (LINE, 2)):
        cv2.arrowedLine(scene, _pixel(begin), _pixel(end), colour, thick, cv2.LINE_AA, tipLength=0.04)
    middle, along = (begin + end) / 2, end - begin
    right = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1.0)  # rows count downwards
    for colour, thick in ((WHITE, 5), (LINE, 2)):
        cv2.arrowedLine(scene, _pixel(middle), _pixel(middle + 40 * right), colour, thick, cv2.LINE_AA, tipLength=0.3)
    _name(scene, "in", middle + 56 * right, LINE)
    _name(scene, line.name, middle - 24 * right, LINE)


def _name(scene: Bgr, name: str, middle: NDArray[np.floating], colour: Colour) -> None:
    """On a plate of its colour, within the picture."""
    (wide, high), _ = cv2.getTextSize(name, FONT, THIN, 1)
    height, width = scene.shape[:2]
    x = min(max(4, round(float(middle[0]) - wide / 2)), max(4, width - wide - 4))
    y = min(max(high + 4, round(float(middle[1]) + high / 2)), max(high + 4, height - 4))
    cv2.rectangle(scene, (x - 4, y - high - 4), (x + wide + 4, y + 5), colour, -1)
    cv2.putText(scene, name, (x, y), FONT, THIN, WHITE, 1, cv2.LINE_AA)


def _with_numbers(scene: Bgr) -> Bgr:
    height, width = scene.shape[:2]
    framed = cv2.copyMakeBorder(scene, EDGE, EDGE, EDGE, EDGE, cv2.BORDER_CONSTANT, value=PAPER)
    for tenth in range(11):
        number = f"{tenth / 10:.1f}"
        (wide, high), _ = cv2.getTextSize(number, FONT, THIN, 1)
        x, y = EDGE + round(tenth / 10 * width), EDGE + round(tenth / 10 * height)
        for at in (
            (x - wide // 2, EDGE - 8), (x - wide // 2, EDGE + height + 8 + high),
            (EDGE - 6 - wide, y + high // 2), (EDGE + width + 5, y + high // 2),
        ):  # fmt: skip
            cv2.putText(framed, number, at, FONT, THIN, BLACK, 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def _legend(watch: Watch, clock: Box | None, width: int) -> Bgr:
    rows = list(_rows(watch, clock))
    sheet = np.full((ROW * (len(rows) + 1), width, 3), 245, np.uint8)
    for number, (colour, words) in enumerate(rows):
        y = ROW * number + ROW // 2
        cv2.rectangle(sheet, (EDGE, y - 6), (EDGE + 24, y + 6), colour, -1)
        cv2.putText(sheet, words, (EDGE + 34, y + 5), FONT, THIN, BLACK, 1, cv2.LINE_AA)
    return sheet


def _rows(watch: Watch, clock: Box | None) -> Iterator[tuple[Colour, str]]:
    every = ", ".join(one.value for one in watch.sees) or "-"
    times = {name: f" ({', '.join(when)})" for name, when in watch.schedule.items()}
    yield WHITE, f"sees: {', '.join(one.value + times.get(one, '') for one in watch.sees) or '-'}"
    for number, mask in enumerate(watch.masks, 1):
        yield MASK, f"mask {number}: {_points(list(mask))}"
    if clock is not None:
        yield CLOCK, f"clock, found by itself; detectors do not see it: {_points(corners(clock))}"
    elif not watch.clock_mask:
        yield CLOCK, "clock: not looked for (clock_mask = false)"
    for zone, colour in zip(watch.zone, _colours(len(watch.zone)), strict=True):
        sees = ", ".join(one.value for one in zone.sees) or every
        yield colour, f"zone {zone.name} ({sees}): {_points(list(zone.outline))}"
    for line in watch.line:
        yield LINE, f"line {line.name}: {_points([line.begin, line.end])}"


def _points(points: Sequence[Point], most: int = 8) -> str:
    said = "  ".join(f"{x:.2f},{y:.2f}" for x, y in points[:most])
    return said + (f"  +{len(points) - most}" if len(points) > most else "")


def _colours(count: int) -> Iterator[Colour]:
    for number in range(count):
        yield ZONES[number % len(ZONES)]


def _pixels(scene: Bgr, points: Sequence[Point]) -> NDArray[np.int32]:
    height, width = scene.shape[:2]
    return np.array([(round(x * width), round(y * height)) for x, y in points], np.int32)


def _pixel(point: NDArray[np.floating] | NDArray[np.int32]) -> Pixel:
    return round(float(point[0])), round(float(point[1]))
