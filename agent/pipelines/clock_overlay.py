"""Where a camera draws its clock into the picture: the digit of the seconds, told by its beat, and the time beside it.

Shape   grey pictures, uint8, (180, 320), about one a second; out comes the clock's box in shares of the picture.
How     a digit of seconds shows the same each ten seconds and ten different things in between. Nothing else does: a
        flame never shows the same twice, a lamp that blinks shows two things. Each pixel near the upper and the lower
        edge is asked how much of its change those ten seconds explain; those that are explained must be of a digit's
        size and differ between all seconds; and beside them nothing may change but from one ten to the next.
Doubt   is against the clock. It is judged anew each DOUBT_S: when something else moves there, somebody behind the
        letters or a flame, there is no clock any more, until it alone has moved for most of a minute.
Not     a clock without seconds, which moves once a minute; one in the middle of the picture.
Pure    numpy and OpenCV; no clock, no file.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.sighting import Box

Grey = NDArray[np.uint8]
Values = NDArray[np.float32]  # (samples, pixels)
Cells = NDArray[np.bool_]  # rows and columns of the two strips
Labels = NDArray[np.int64]  # of each sample: its second, modulo ten; -1: too near a change to say

ROWS, COLUMNS = 180, 320
STRIP = 27  # rows at either edge: 15 %
KEPT = 64  # samples: a minute
APART_S = 0.9
JUDGE_S, DOUBT_S = 10.0, 3.0  # between two judgements, and while there is a clock
SPAN_S = 40.0  # of the samples, at least
PHASES = 10  # that the camera's seconds may begin at
NEAR = 0.15  # of a second: so near its end the picture may show the one or the other
VISITS, LABELS = 3, 5  # each second seen so often, so many of the ten: a keyframe each two seconds shows five
CHANGES = 24  # grey levels in a minute: what is written changes by more
EXPLAINED = 0.9  # share of a pixel's change
FLIPS, DIFFERS = 0.25, 0.03  # of the contrast: between two seconds some pixel, and all of them in the mean
HIGH, WIDE = (4, 18), (2, 16)  # px of a digit
PIXELS = 6
TIME_WIDE = 8 * WIDE[1]
BEFORE, AFTER = 7, 1  # digits' widths that belong to the time, before and after that of the seconds
MOVED, STILL = 14, 0.03  # grey levels; share of the pixels beside the digit that may change in between
MOST = 0.04  # of the picture


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The last minute at the edges. The arrays are never written to."""

    samples: tuple[tuple[float, Grey], ...] = ()  # (at_s, the two strips one above the other), oldest first
    judged_s: float = float("-inf")
    box: Box | None = None


def is_due(at_s: float, memory: Memory | None) -> bool:
    """Whether it wants a picture of this moment."""
    last_s = memory.samples[-1][0] if memory is not None and memory.samples else float("-inf")
    return at_s >= last_s + APART_S or at_s < last_s


def observe(grey: Grey, at_s: float, memory: Memory | None) -> Memory:
    """Take a picture; `box` is where the clock is."""
    if memory is not None and not is_due(at_s, memory):
        return memory
    if memory is None or (memory.samples and at_s < memory.samples[-1][0]):
        memory = Memory()  # time went back: another source
    strips = np.vstack([grey[:STRIP], grey[-STRIP:]])
    samples = (*memory.samples, (at_s, strips))[-KEPT:]
    if at_s - memory.judged_s < (DOUBT_S if memory.box else JUDGE_S):
        return msgspec.structs.replace(memory, samples=samples)
    return Memory(samples=samples, judged_s=at_s, box=_find(samples))


def _find(samples: tuple[tuple[float, Grey], ...]) -> Box | None:
    times = np.array([at_s for at_s, _ in samples])
    if times[-1] - times[0] < SPAN_S:
        return None
    pictures = np.stack([strips for _, strips in samples])
    changing = _small(np.ptp(pictures, axis=0) > CHANGES)
    if np.count_nonzero(changing) < PIXELS:
        return None
    values = pictures[:, changing].astype(np.float32)
    labels, explained = max((_explained(values, times, phase / PHASES) for phase in range(PHASES)), key=_count)
    if labels is None:
        return None
    ticks = np.zeros(changing.shape, np.uint8)
    ticks[changing] = explained > EXPLAINED
    for digit in _digits(ticks):
        if _ticks(pictures[:, digit].astype(np.float32), labels):
            box = _time(digit)
            if box is not None and _is_still_beside(pictures, times, labels, digit, box):
                return _shares(box)
    return None


def _small(changing: Cells) -> Cells:
    """Without the heaps that are larger than a time: somebody who walks there, a light that was switched."""
    near = cv2.dilate(changing.astype(np.uint8), np.ones((3, 3), np.uint8))
    _, heaps, about, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    wide, high = about[:, cv2.CC_STAT_WIDTH], about[:, cv2.CC_STAT_HEIGHT]
    fits = np.asarray((wide <= TIME_WIDE) & (high <= HIGH[1] + 4), np.bool_)
    fits[0] = False  # what does not change
    return np.asarray(changing & fits[heaps], np.bool_)


def _explained(values: Values, times: NDArray[np.float64], phase: float) -> tuple[Labels | None, Values]:
    """How much of each pixel's change the seconds explain, if they begin there; None: too few are seen often enough."""
    whole, part = np.divmod(times + phase, 1.0)
    labels = np.where((part < NEAR) | (part > 1 - NEAR), -1, whole.astype(np.int64) % 10)
    often = [label for label in range(10) if (labels == label).sum() >= VISITS]
    nothing = np.zeros(values.shape[1], np.float32)
    if len(often) < LABELS:
        return None, nothing
    labels = np.where(np.isin(labels, often), labels, -1)
    known = values[labels >= 0]
    total = ((known - known.mean(axis=0)) ** 2).sum(axis=0)
    within = sum(
        (((one := values[labels == label]) - one.mean(axis=0)) ** 2).sum(axis=0) for label in often
    )  # of the seconds that look alike
    return labels, np.asarray(1 - within / np.maximum(total, 1.0), np.float32)


def _count(found: tuple[Labels | None, Values]) -> int:
    return int((found[1] > EXPLAINED).sum())


def _digits(ticks: NDArray[np.uint8]) -> list[Cells]:
    """Heaps of pixels of a digit's size, the largest first; each as (rows, columns) of the strips."""
    near = np.asarray(cv2.dilate(ticks, np.ones((3, 3), np.uint8)), np.uint8)
    near[STRIP - 1 : STRIP + 1] = ticks[STRIP - 1 : STRIP + 1]  # the strips do not touch
    count, heaps, _, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    found = []
    for heap in range(1, count):
        digit = (heaps == heap) & ticks.astype(bool)
        rows, columns = np.nonzero(digit)
        high, wide = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
        if rows.size >= PIXELS and HIGH[0] <= high <= HIGH[1] and WIDE[0] <= wide <= min(WIDE[1], high + 1):
            found.append(digit)
    return sorted(found, key=lambda one: -int(one.sum()))


def _ticks(values: Values, labels: Labels) -> bool:
    """Whether it shows something else in each of the seconds: a lamp does not."""
    means = np.stack([values[labels == label].mean(axis=0) for label in np.unique(labels[labels >= 0])])
    contrast = float(np.ptp(means))
    return all(
        (apart := np.abs(one - other)).max() > FLIPS * contrast and apart.mean() > DIFFERS * contrast
        for one, other in combinations(means, 2)
    )


def _time(digit: Cells) -> tuple[int, int, int, int] | None:
    """The box of the whole time in the strips: left, top, right, bottom; None if that is more than a clock takes."""
    rows, columns = np.nonzero(digit)
    wide = max(int(np.ptp(columns)) + 2, (int(np.ptp(rows)) + 1) // 2)
    lower = rows[0] >= STRIP
    top, bottom = (STRIP, 2 * STRIP) if lower else (0, STRIP)
    box = (
        max(0, int(columns.min()) - BEFORE * wide),
        max(top, int(rows.min()) - 2),
        min(COLUMNS, int(columns.max()) + 1 + AFTER * wide),
        min(bottom, int(rows.max()) + 3),
    )
    return box if (box[2] - box[0]) * (box[3] - box[1]) <= MOST * ROWS * COLUMNS else None


def _is_still_beside(
    pictures: NDArray[np.uint8],
    times: NDArray[np.float64],
    labels: Labels,
    digit: Cells,
    box: tuple[int, int, int, int],
) -> bool:
    """Whether nothing changes beside the digit, but at one of the ten seconds: there it goes from nine to zero."""
    left, top, right, bottom = box
    cut = pictures[:, top:bottom, left:right].astype(np.int16)
    rows, columns = np.nonzero(digit)
    first_row, first_column = max(0, rows.min() - 2), max(0, columns.min() - 2)
    beside = np.ones(digit.shape, np.bool_)
    beside[first_row : rows.max() + 3, first_column : columns.max() + 3] = False
    beside = beside[top:bottom, left:right]
    at_zero = set(range(10))  # which of the seconds may be zero
    for now, later in pairwise(np.nonzero(labels >= 0)[0]):
        if (np.abs(cut[later] - cut[now]) > MOVED)[beside].mean() > STILL:
            past = min(10, round(times[later] - times[now]))
            at_zero &= {(int(labels[now]) + step) % 10 for step in range(1, past + 1)}
    return bool(at_zero)


def _shares(box: tuple[int, int, int, int]) -> Box:
    left, top, right, bottom = box
    off = ROWS - 2 * STRIP if top >= STRIP else 0
    return left / COLUMNS, (top + off) / ROWS, right / COLUMNS, (bottom + off) / ROWS
