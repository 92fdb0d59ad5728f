"""Alarms a week against the threshold, a panel for each detector of each camera: where it is, where it should be.

Axes    thresholds as logits, so that the high ones lie apart; alarms a week as logarithms, and a row for none.
Drawn   the expected number as a line, up to its upper 95 % bound as a band; budget, thresholds, what people confirmed.
Words   Latin: these letters can show no others.
Shape   uint8, (height, width, 3), BGR.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.rates import most
from agent.pipelines.scores import BINS, LOWEST, WIDTH, logit
from agent.tuning.proposal import Proposal

Bgr = NDArray[np.uint8]
Colour = tuple[int, int, int]

FONT = cv2.FONT_HERSHEY_SIMPLEX
SMALL, LARGE = 0.45, 0.55
PANEL_W, PANEL_H = 640, 390
LEFT, RIGHT, TOP, BOTTOM = 64, 72, 92, 56  # around a panel's axes
HEAD = 66  # of the sheet
LEAST = 0.1  # alarms a week: where the logarithms begin; below it lies none
NONE_PX = 32  # of the row for none
FIRST, LAST = -2.0, LOWEST + WIDTH * BINS  # logits that are shown
TICKS = (0.12, 0.27, 0.5, 0.73, 0.88, 0.95, 0.98, 0.993, 0.998)
PAPER, INK, GRID, FAINT = (255, 255, 255), (40, 40, 40), (225, 225, 225), (110, 110, 110)
LINE, BAND = (150, 70, 20), (243, 222, 196)
PRESENT, PROPOSED, BUDGET, CONFIRMED = (20, 110, 230), (60, 140, 20), (60, 60, 200), (150, 30, 140)


class Axes(msgspec.Struct, frozen=True):
    """Of one panel: its corner on the sheet, and the highest number of alarms."""

    left: int
    top: int
    most: float

    @property
    def width(self) -> int:
        return PANEL_W - LEFT - RIGHT

    @property
    def height(self) -> int:
        return PANEL_H - TOP - BOTTOM

    def x(self, answer: float) -> int:
        """Of a logit."""
        share = (min(LAST, max(FIRST, answer)) - FIRST) / (LAST - FIRST)
        return self.left + LEFT + round(share * self.width)

    def y(self, week: float) -> int:
        """Of so many alarms a week."""
        bottom = self.top + TOP + self.height
        if week < LEAST:
            return bottom - NONE_PX // 2
        share = math.log(min(week, self.most) / LEAST) / math.log(self.most / LEAST)
        return bottom - NONE_PX - round(share * (self.height - NONE_PX))


def drawn(proposals: Sequence[Proposal], title: str) -> Bgr:
    """A sheet with a panel for each that has a scale."""
    shown = [one for one in proposals if one.false]
    columns = min(2, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    sheet = np.full((HEAD + rows * PANEL_H, max(columns * PANEL_W, PANEL_W + 160), 3), PAPER, np.uint8)
    _head(sheet, title)
    if not shown:
        _text(sheet, "nothing to draw: no detector with a score has been watched yet", (24, HEAD + 40), FAINT)
    for place, one in enumerate(shown):
        _panel(sheet, one, place % columns * PANEL_W, HEAD + place // columns * PANEL_H)
    return sheet


def _head(sheet: Bgr, title: str) -> None:
    _text(sheet, title, (24, 26), INK, LARGE)
    x = 24
    for colour, words in (
        (LINE, "expected"), (BAND, "upper 95 % bound"), (BUDGET, "budget"), (PRESENT, "now"), (PROPOSED, "proposed"),
        (CONFIRMED, "lowest that was confirmed"),
    ):  # fmt: skip
        cv2.rectangle(sheet, (x, 41), (x + 18, 53), colour, -1)
        _text(sheet, words, (x + 25, 52), INK)
        x += 25 + _wide(words) + 22


def _panel(sheet: Bgr, one: Proposal, left: int, top: int) -> None:
    weeks = max(one.weeks, 1e-6)
    expected = [count / weeks for count in one.false]
    bound = [most(count) / weeks for count in one.false]
    highest = max(10.0, 10 ** math.ceil(math.log10(max(*bound, one.budget, 1.0))))
    axes = Axes(left, top, highest)
    _text(sheet, f"{one.camera}  {one.detector}", (left + LEFT, top + 22), INK, LARGE)
    words = f"{one.hours:.0f} h watched, {one.told} told, {one.dismissed} dismissed, {one.confirmed} confirmed"
    _text(sheet, words, (left + PANEL_W - RIGHT - _wide(words), top + 22), FAINT)
    _band(sheet, axes, bound)
    _grid(sheet, axes)
    _steps(sheet, axes, expected)
    _budget(sheet, axes, one.budget)
    if one.present is not None:
        _threshold(sheet, axes, one.present, PRESENT, "now", 40)
    if one.proposed is not None and one.is_change:
        _threshold(sheet, axes, one.proposed, PROPOSED, "proposed", 58)
    if one.kept is not None:
        _kept(sheet, axes, one.kept)


def _band(sheet: Bgr, axes: Axes, bound: Sequence[float]) -> None:
    corners = _corners(axes, bound)
    floor = axes.top + TOP + axes.height
    outline = [*corners, (corners[-1][0], floor), (corners[0][0], floor)]
    cv2.fillPoly(sheet, [np.array(outline, np.int32)], BAND)


def _steps(sheet: Bgr, axes: Axes, expected: Sequence[float]) -> None:
    cv2.polylines(sheet, [np.array(_corners(axes, expected), np.int32)], False, LINE, 2, cv2.LINE_AA)


def _corners(axes: Axes, weekly: Sequence[float]) -> list[tuple[int, int]]:
    """A stair: each bin's number from its beginning to its end."""
    found = []
    for place in range(round((FIRST - LOWEST) / WIDTH), BINS):
        begin = LOWEST + WIDTH * place
        found += [(axes.x(begin), axes.y(weekly[place])), (axes.x(begin + WIDTH), axes.y(weekly[place]))]
    return found


def _grid(sheet: Bgr, axes: Axes) -> None:
    left, right = axes.x(FIRST), axes.x(LAST)
    top, floor = axes.top + TOP, axes.top + TOP + axes.height
    for power in range(-1, round(math.log10(axes.most)) + 1):
        y = axes.y(10.0**power)
        cv2.line(sheet, (left, y), (right, y), GRID, 1)
        words = f"{10.0**power:g}"
        _text(sheet, words, (left - 8 - _wide(words), y + 5), FAINT)
    _text(sheet, "0", (left - 8 - _wide("0"), axes.y(0) + 5), FAINT)
    _text(sheet, "a week", (left - 8 - _wide("a week"), top - 14), FAINT)
    for score in TICKS:
        x, words = axes.x(logit(score)), f"{score:g}"
        cv2.line(sheet, (x, top), (x, floor), GRID, 1)
        cv2.line(sheet, (x, floor), (x, floor + 4), INK, 1)
        _text(sheet, words, (x - _wide(words) // 2, floor + 20), FAINT)
    cv2.line(sheet, (left, floor), (right, floor), INK, 1)
    cv2.line(sheet, (left, top), (left, floor), INK, 1)
    words = "threshold"
    _text(sheet, words, ((left + right - _wide(words)) // 2, floor + 42), FAINT)


def _budget(sheet: Bgr, axes: Axes, budget: float) -> None:
    y, left, right = axes.y(budget), axes.x(FIRST), axes.x(LAST)
    for x in range(left, right, 12):
        cv2.line(sheet, (x, y), (min(x + 6, right), y), BUDGET, 1, cv2.LINE_AA)
    _text(sheet, f"{budget:g}", (right + 8, y + 5), BUDGET)


def _threshold(sheet: Bgr, axes: Axes, score: float, colour: Colour, name: str, down: int) -> None:
    """A line, and its name in a row of its own above the axes."""
    x, floor = axes.x(logit(score)), axes.top + TOP + axes.height
    cv2.line(sheet, (x, axes.top + down + 4), (x, floor), colour, 2)
    words = f"{name} {score:.4f}"
    wide = _wide(words)
    left = x + 7 if x + 7 + wide <= axes.left + PANEL_W - 4 else x - 7 - wide
    _text(sheet, words, (left, axes.top + down + 8), colour)


def _kept(sheet: Bgr, axes: Axes, score: float) -> None:
    """The lowest that somebody confirmed: no threshold above it."""
    x, top, floor = axes.x(logit(score)), axes.top + TOP, axes.top + TOP + axes.height
    cv2.fillPoly(sheet, [np.array([(x, top), (x - 6, top - 10), (x + 6, top - 10)], np.int32)], CONFIRMED, cv2.LINE_AA)
    for y in range(top, floor, 8):
        cv2.line(sheet, (x, y), (x, min(y + 3, floor)), CONFIRMED, 1)


def _text(sheet: Bgr, words: str, at: tuple[int, int], colour: Colour, size: float = SMALL) -> None:
    cv2.putText(sheet, words, at, FONT, size, colour, 1, cv2.LINE_AA)


def _wide(words: str, size: float = SMALL) -> int:
    (wide, _), _ = cv2.getTextSize(words, FONT, size, 1)
    return int(wide)
