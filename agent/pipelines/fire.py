"""Fire and smoke: where it flickers like a flame, a network's features of that place and of the whole view, a vote.

Shape   prepare() takes frames, uint8, (height, width, 3), BGR, about 5 a second, and keeps what flickers; crops() cuts
        what to put before the network, about once a second: the whole view, the place that is most like a flame, and
        what is around it; where there is none, one part of the view in turn. observe() takes what the head said.
How     a flame is bright, warm and never still, and stays where it is; the head has seen flames, smoke, candles and
        what is none of them. Fire is what the place and its surroundings say together: a lamp or a red jacket is like a
        flame from near, dust and haze from far. Smoke is judged by the whole view, and against what the head says of
        this view on other days: a grey room is no smoke. A small steady flame that the head knows as tended is FLAME.
Not     proof: a certified fire panel stays the authority. docs/vision/fire.md says what it misses.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.scores import share
from agent.pipelines.settings import FireSettings
from agent.pipelines.sighting import Box, Kind, Sighting

Frame = NDArray[np.uint8]
Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]

ROWS, COLUMNS = 180, 320
AREA = cv2.INTER_AREA
FADE = 0.75  # of what flickers, at each frame: about a second
STEADY, LIVELY = 3.0, 10.0  # grey levels from frame to frame: a still picture's, and more than that
SMALLEST = 0.01  # heat of a place worth a look
WIDE = 15  # pixels that heat is gathered from
EDGE_LEAST, EDGE_MOST = 44, 180  # of the square around a place
TILES: tuple[Box, ...] = (
    (0.0, 0.0, 0.6, 0.6),
    (0.4, 0.0, 1.0, 0.6),
    (0.0, 0.4, 0.6, 1.0),
    (0.4, 0.4, 1.0, 1.0),
    (0.2, 0.2, 0.8, 0.8),
)
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
AROUND = 0.6  # of the view, like a tile: the part around a place
LEVELS = np.arange(256, dtype=np.float32)
REDDER = (255 * np.clip((LEVELS - 25) / 50, 0, 1)).round().astype(np.uint8)  # by red less blue
BRIGHT_RED = (255 * np.clip((LEVELS - 110) / 60, 0, 1)).round().astype(np.uint8)
WHITE = (255 * 0.7 * np.clip((LEVELS - 215) / 25, 0, 1)).round().astype(np.uint8)  # by brightness
LEAST_RED, LEAST_GREEN = (np.ceil(LEVELS * part).astype(np.uint8) for part in (0.97, 0.85))  # of green, of blue


class Flicker(msgspec.Struct, frozen=True):
    """What flickers, of one camera. The arrays, (180, 320), are never written to."""

    luma: Grey
    moved: Plane  # grey levels from frame to frame
    warm: Plane  # 0..255, how much it is like a flame by its colour


class Crops(msgspec.Struct, frozen=True):
    """What to look at, uint8, BGR, any size; place is None where nothing flickers."""

    whole: Frame
    tile: Frame  # around the place, or one part of the view in turn
    place: Frame | None
    box: Box | None


class Logits(msgspec.Struct, frozen=True):
    """What the head said of one picture."""

    fire: float
    smoke: float
    flame: float


class Look(msgspec.Struct, frozen=True):
    """What the head said, once a second."""

    whole: Logits
    tile: Logits
    place: Logits | None
    box: Box | None
    at_s: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The last answers, and what the head is used to say of this view."""

    last: tuple[tuple[float, float, float, float], ...] = ()  # (at_s, fire, smoke, flame), oldest first
    usual_smoke: float | None = None
    told: tuple[tuple[Kind, float], ...] = ()  # what was told, and when it last held


def prepare(frame: Frame, flicker: Flicker | None) -> Flicker:
    """Take a frame; one of (180, 320) is not scaled."""
    small = frame if frame.shape[:2] == (ROWS, COLUMNS) else cv2.resize(frame, (COLUMNS, ROWS), interpolation=AREA)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    warm = _warm(np.asarray(small, np.uint8), luma)
    if flicker is None:
        return Flicker(luma, np.zeros(luma.shape, np.float32), warm.astype(np.float32))
    moved, lasting = flicker.moved.copy(), flicker.warm.copy()
    cv2.accumulateWeighted(cv2.absdiff(luma, flicker.luma), moved, 1 - FADE)
    cv2.accumulateWeighted(warm, lasting, 1 - FADE)
    return Flicker(luma, moved, lasting)


def crops(frame: Frame, box: Box | None, turn: int) -> Crops:
    """Cut what to look at, by the place() that was found; turn counts the looks."""
    if box is None:
        return Crops(frame, cut(frame, TILES[turn % len(TILES)]), None, None)
    return Crops(frame, cut(frame, around(box)), cut(frame, box), box)


def around(box: Box) -> Box:
    """A part of the view, as large as a tile, with the place in its middle, or as near to it as the edges allow."""
    left, top = (
        min(max((low + high - AROUND) / 2, 0.0), 1 - AROUND) for low, high in ((box[0], box[2]), (box[1], box[3]))
    )
    return left, top, left + AROUND, top + AROUND


def place(flicker: Flicker) -> Box | None:
    """The square around what is most like a flame."""
    lively = np.clip((flicker.moved - STEADY) * (1 / LIVELY), 0, 1)
    heat = cv2.blur(cv2.multiply(flicker.warm, lively, scale=1 / 255), (WIDE, WIDE))
    _, most, _, (column, row) = cv2.minMaxLoc(heat)
    if most < SMALLEST:
        return None
    _, parts, found, _ = cv2.connectedComponentsWithStats((heat > 0.35 * most).astype(np.uint8))
    left, top, wide, tall = (int(number) for number in found[parts[row, column]][:4])
    edge = int(np.clip(max(wide, tall) * 1.6, EDGE_LEAST, EDGE_MOST))
    x = int(np.clip(left + wide / 2 - edge / 2, 0, COLUMNS - edge))
    y = int(np.clip(top + tall / 2 - edge / 2, 0, ROWS - edge))
    return x / COLUMNS, y / ROWS, (x + edge) / COLUMNS, (y + edge) / ROWS


def cut(frame: Frame, box: Box) -> Frame:
    """A part of a frame."""
    height, width = frame.shape[:2]
    rows = slice(int(box[1] * height), max(int(box[1] * height) + 2, int(box[3] * height)))
    return frame[rows, int(box[0] * width) : max(int(box[0] * width) + 2, int(box[2] * width))]


def _warm(small: Frame, luma: Grey) -> Grey:
    """How much each pixel is like a flame by colour alone, 0..255: warm and bright, or nearly white."""
    blue, green, red = cv2.split(small)
    warm = cv2.multiply(cv2.LUT(cv2.subtract(red, blue), REDDER), cv2.LUT(red, BRIGHT_RED), scale=1 / 255)
    like = cv2.bitwise_and(
        cv2.compare(red, cv2.LUT(green, LEAST_RED), cv2.CMP_GE),
        cv2.compare(green, cv2.LUT(blue, LEAST_GREEN), cv2.CMP_GE),
    )
    return np.asarray(cv2.max(cv2.bitwise_and(warm, like), cv2.LUT(luma, WHITE)), np.uint8)


def observe(look: Look, memory: Memory | None, settings: FireSettings) -> tuple[Sighting | None, Memory]:
    """Take an answer."""
    memory = Memory() if memory is None else memory
    memory = _remember(look, memory, settings)
    holds = [kind for kind in (Kind.FIRE, Kind.SMOKE, Kind.FLAME) if _holds(kind, memory, settings)]
    if Kind.FIRE in holds and Kind.FLAME in holds and _mean(memory, FLAME) > _mean(memory, FIRE):
        holds.remove(Kind.FIRE)
    if Kind.FIRE in holds and Kind.FLAME in holds:
        holds.remove(Kind.FLAME)
    tended = Kind.FLAME in dict(memory.told) and _mean(memory, FIRE) < settings.fire + settings.tended_more
    if Kind.FIRE in holds and tended:
        holds.remove(Kind.FIRE)
    kept = tuple((kind, look.at_s if kind in holds else at_s) for kind, at_s in memory.told)
    memory = msgspec.structs.replace(memory, told=tuple(one for one in kept if look.at_s - one[1] < settings.quiet_s))
    new = [kind for kind in holds if kind not in dict(memory.told)]
    if not new:
        return None, memory
    reached = settings.fire + (_over(new[0], memory, settings) or 0.0)
    said = Sighting(
        kind=new[0], score=share(reached), at_s=look.at_s, since_s=memory.last[0][0], box=look.box,
        detail=f"vote {share(reached):.3f}, needs {share(settings.fire):.3f}",
    )  # fmt: skip
    return said, msgspec.structs.replace(memory, told=(*memory.told, (new[0], look.at_s)))


def suspects(memory: Memory, settings: FireSettings) -> bool:
    """Whether the last look alone spoke for something that is not told: then it wants a look each second."""
    if not memory.last:
        return False
    _, fire, smoke, flame = memory.last[-1]
    limits = {
        Kind.FIRE: fire >= settings.fire,
        Kind.SMOKE: smoke >= settings.smoke and smoke - (memory.usual_smoke or 0.0) >= settings.smoke_more,
        Kind.FLAME: flame >= settings.flame,
    }
    return any(over and kind not in dict(memory.told) for kind, over in limits.items())


FIRE, SMOKE, FLAME = 1, 2, 3  # in Memory.last
NOWHERE = -6.0  # what counts for a place where there is none: nothing flickers


def score(look: Look) -> tuple[float, float, float]:
    """Fire, smoke, tended flame, of one look: fire by the mean of the place and of what is around it."""
    fires = [look.tile.fire if look.place else max(look.whole.fire, look.tile.fire)]
    fires.append(NOWHERE if look.place is None else look.place.fire)
    flame = max(look.whole.flame, NOWHERE if look.place is None else look.place.flame)
    return sum(max(one, NOWHERE) for one in fires) / 2, look.whole.smoke, flame


def _remember(look: Look, memory: Memory, settings: FireSettings) -> Memory:
    fire, smoke, flame = score(look)
    usual = smoke if memory.usual_smoke is None else memory.usual_smoke
    if memory.last:
        past_s = max(0.0, look.at_s - memory.last[-1][0])
        usual += (1 - float(np.exp(-past_s / settings.usual_s))) * (smoke - usual)
    last = (*(one for one in memory.last if look.at_s - one[0] < settings.vote_s), (look.at_s, fire, smoke, flame))
    return msgspec.structs.replace(memory, last=last, usual_smoke=usual)


def level(memory: Memory, settings: FireSettings) -> float | None:
    """The highest `fire` with which the vote would hold now, smoke and flame as far from it as they are; a logit.

    None: too few looks for any.
    """
    over = (_over(kind, memory, settings) for kind in (Kind.FIRE, Kind.SMOKE, Kind.FLAME))
    most = max((one for one in over if one is not None), default=None)
    return None if most is None else settings.fire + most


def look_level(memory: Memory, settings: FireSettings) -> float:
    """The same of the last look alone."""
    _, fire, smoke, flame = memory.last[-1]
    return settings.fire + max(fire - settings.fire, smoke - settings.smoke, flame - settings.flame)


def _holds(kind: Kind, memory: Memory, settings: FireSettings) -> bool:
    over = _over(kind, memory, settings)
    return over is not None and over >= 0


def _over(kind: Kind, memory: Memory, settings: FireSettings) -> float | None:
    """How far above what is enough; None: too few looks, or no more smoke than is usual."""
    if len(memory.last) < settings.looks:
        return None
    if kind is Kind.FIRE:
        return _mean(memory, FIRE) - settings.fire
    if kind is Kind.FLAME:
        return _mean(memory, FLAME) - settings.flame
    smoke, usual = _mean(memory, SMOKE), memory.usual_smoke
    return smoke - settings.smoke if usual is not None and smoke - usual >= settings.smoke_more else None


def _mean(memory: Memory, part: int) -> float:
    return sum(one[part] for one in memory.last) / len(memory.last)
