"""A fight, by how people move: two views of where most of the movement is, a network's features, a head, two votes.

Shape   prepare() takes frames, uint8, (height, width, 3), BGR, 10 a second while something moves, and gives two
        pictures of the square where most of the movement is: what changed in colour since the last frame, and three
        changes in a row in grey, brighter or darker. observe() takes what the head said, about three times a second.
How     the square makes near and far people alike in size, and leaves out what else moves. The head is linear, so the
        mean of its answers over two seconds is its answer to the mean of what was seen. A short vote can fire within
        two seconds, a long one needs less at each moment.
Not     who fights, or why; play, sport and embraces look alike to it: docs/vision/fight.md.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.scores import share
from agent.pipelines.settings import FightSettings
from agent.pipelines.sighting import Box, Kind, Sighting

Frame = NDArray[np.uint8]
Grey = NDArray[np.uint8]
Picture = NDArray[np.float32]
Energy = NDArray[np.float32]

WIDTH = 320  # of the grey frames; the height follows the view
TALLEST = 640  # of a frame in portrait
MIDDLE = 127.0  # grey level of what did not change
NOISE = 10  # grey levels: smaller differences are the sensor's
FADE = 0.9  # of the energy at each frame: about a second
KEPT = 0.55  # share of the movement that the square holds
SIDES = (0.3, 0.4, 0.5, 0.65, 0.8, 1.0)  # of the square, in shares of the shorter side of the view
STILL = 0.0015  # share of the pixels that move in an empty room: nothing to look at
FULL = 0.75  # share of a window that must have been seen
SIDE = 224  # of the pictures for the network


class Motion(msgspec.Struct, frozen=True):
    """What was seen. The arrays are never written to."""

    greys: tuple[Grey, ...]  # the last four, (rows, 320)
    frame: Frame  # the last one
    energy: Energy  # where it moved, as the greys


class Views(msgspec.Struct, frozen=True):
    """Two pictures for the network, float32, (224, 224, 3), RGB, 0..255."""

    change: Picture
    course: Picture
    box: Box


class Look(msgspec.Struct, frozen=True):
    """The head's answer to one pair of pictures; None: nothing moved."""

    logit: float | None
    at_s: float
    box: Box | None = None


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The last answers."""

    logits: tuple[tuple[float, float], ...] = ()  # (at_s, logit), oldest first
    since_s: float | None = None  # since when a vote holds
    quiet_s: float = 0.0  # when a vote last held
    told: bool = False


def prepare(frame: Frame, motion: Motion | None, *, show: bool = True) -> tuple[Views | None, Motion]:
    """Take a frame. None: not to be shown, too little moves, or too few frames were seen."""
    height, width = frame.shape[:2]
    tall = min(TALLEST, max(2, round(height * WIDTH / width)))
    small = cv2.resize(frame, (WIDTH, tall), interpolation=cv2.INTER_AREA)
    grey: Grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if motion is None or motion.frame.shape != frame.shape:
        return None, Motion((grey,), frame, np.zeros(grey.shape, np.float32))
    greys = (*motion.greys, grey)[-4:]
    moved = cv2.absdiff(greys[-2], grey)
    moves = moved > NOISE
    energy: Energy = np.float32(FADE) * motion.energy + np.where(moves, moved, 0).astype(np.float32)
    after = Motion(greys, frame, energy)
    if not show or len(greys) < 4 or (energy > NOISE).mean() < STILL:
        return None, after
    box = busiest(energy)
    return Views(_change(motion.frame, frame, box), _course(greys, box), box), after


def busiest(energy: Energy) -> Box:
    """The smallest square that holds most of the movement."""
    rows, columns = energy.shape
    smooth = np.sqrt(cv2.GaussianBlur(energy, (0, 0), 4 * rows / 180))  # the root: not only what moves most
    smooth = np.maximum(smooth - 0.25 * smooth.max(), 0)
    sums = cv2.integral(smooth)
    total = float(sums[-1, -1])
    for side in SIDES:
        edge = max(1, int(min(rows, columns) * side))
        held = sums[edge:, edge:] - sums[:-edge, edge:] - sums[edge:, :-edge] + sums[:-edge, :-edge]
        if held.max() >= KEPT * total:
            break
    top, left = (int(place) for place in np.unravel_index(int(held.argmax()), held.shape))
    return left / columns, top / rows, (left + edge) / columns, (top + edge) / rows


def _change(old: Frame, new: Frame, box: Box) -> Picture:
    step = cv2.absdiff(_cut(old, box), _cut(new, box))[..., ::-1]
    found: Picture = cv2.resize(step, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return found


def _course(greys: tuple[Grey, ...], box: Box) -> Picture:
    parts = [_cut(grey, box).astype(np.float32) for grey in greys]
    steps = np.stack([np.clip(new - old + MIDDLE, 0, 255) for old, new in pairwise(parts)], axis=-1)
    return np.asarray(cv2.resize(steps, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _cut(frame: Frame, box: Box) -> Frame:
    height, width = frame.shape[:2]
    top, left = int(box[1] * height), int(box[0] * width)
    return frame[top : max(top + 2, int(box[3] * height)), left : max(left + 2, int(box[2] * width))]


def observe(look: Look, memory: Memory | None, settings: FightSettings) -> tuple[Sighting | None, Memory]:
    """Take an answer; tell a fight once, and again only after quiet_s without a vote."""
    memory = Memory() if memory is None else memory
    logit = settings.still if look.logit is None else look.logit
    kept = (*(one for one in memory.logits if look.at_s - one[0] < settings.long_s), (look.at_s, logit))
    memory = msgspec.structs.replace(memory, logits=kept)
    reached = level(memory, settings)
    if reached is None or reached < settings.short:
        over = memory.told and look.at_s - memory.quiet_s >= settings.quiet_s
        return None, msgspec.structs.replace(memory, since_s=None, told=memory.told and not over)
    since_s = memory.since_s if memory.since_s is not None else look.at_s - settings.short_s
    memory = msgspec.structs.replace(memory, since_s=since_s, quiet_s=look.at_s)
    if memory.told:
        return None, memory
    said = Sighting(
        kind=Kind.FIGHT, score=share(reached), at_s=look.at_s, since_s=since_s, box=look.box,
        detail=f"vote {share(reached):.3f}, needs {share(settings.short):.3f}",
    )  # fmt: skip
    return said, msgspec.structs.replace(memory, told=True)


def level(memory: Memory, settings: FightSettings) -> float | None:
    """The highest `short` with which one of the votes would hold now, the long one as much below it as it is; a logit.

    None: too little was seen for either.
    """
    at_s = memory.logits[-1][0]
    spans_s = at_s - memory.logits[0][0]
    recent = [value for when_s, value in memory.logits if at_s - when_s < settings.short_s]
    reached = []
    if spans_s >= settings.short_s * FULL:
        reached.append(sum(recent) / len(recent))
    if spans_s >= settings.long_s * FULL:
        reached.append(sum(value for _, value in memory.logits) / len(memory.logits) + settings.short - settings.long)
    return max(reached, default=None)


def suspects(memory: Memory, settings: FightSettings) -> bool:
    """Whether the last answer alone would be enough, and nothing is told: then it wants every frame."""
    return bool(memory.logits) and not memory.told and memory.logits[-1][1] >= settings.long
