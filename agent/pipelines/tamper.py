"""Whether a camera still shows its place: covered, sprayed, dark, turned, out of focus.

Shape   Look: a grey picture, uint8, (180, 320), twice a second. Kinds COVERED, TURNED, DEFOCUSED; told once, and again
        only after the picture was itself in between.
How     the place is what stays: the fine detail of the picture, averaged over a minute, in 9 by 16 cells. The detail
        of the last two seconds is compared with it, cell by cell, by correlation: a change of light scales the detail
        and leaves the correlation; a passer-by is gone before the vote ends.
Not     frozen pictures: drivers/cameras/watch.py sees them, where no scaler has touched the pixels.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.settings import TamperSettings
from agent.pipelines.sighting import Kind, Sighting

Grey = NDArray[np.uint8]
Detail = NDArray[np.float32]

ROWS, COLUMNS = 180, 320
CELL = 10  # pixels of the half-size picture

RICH = 4.0  # mean square of a cell's detail, grey levels squared: more than a compressed flat wall shows
RICH_CELLS = 16  # a place with fewer cells of detail cannot be told from another
NOISE_TIMES, NOISE_MOST, PLAINEST = 4.0, 9.0, 15  # a rich cell stands out from the plainest 15 % of the cells
EMPTY = 0.35  # energy that a cell keeps when a hand, tape or paint is before it
KNOWN = 0.6  # correlation of the coarse pictures: the place is still before the camera
LIT, DIM = 0.15, 0.4  # lights out: some cells are still the place, all with little energy
STRONGEST = 24  # cells that show how sharp the picture can be
NOW = 4  # looks: noise and people in motion are averaged out over them
FLOOR, FAINT = 0.1, 0.006  # energy that a cell must keep, in itself and of what it had, to be itself in the dark
SAME = 0.35  # correlation of a cell with itself, noise and people taken into account


class Look(msgspec.Struct, frozen=True):
    """A picture and its time, which never goes back."""

    grey: Grey
    at_s: float


class Seen(msgspec.Struct, frozen=True):
    """What is kept of one look."""

    detail: Detail  # (90, 160)
    coarse: Detail  # (36, 64)
    sharp: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The arrays are never written to: a copy of the struct is enough."""

    place: Detail  # (90, 160)
    coarse: Detail  # (36, 64)
    sharp: float  # finest detail over coarse detail, of the place
    last: tuple[Seen, ...]  # the last NOW looks, newest last
    born_s: float
    at_s: float
    verdict: Kind | None = None
    since_s: float = 0.0
    told: Kind | None = None


class Measures(msgspec.Struct, frozen=True):
    """What is left of the place. Shares of the cells that had detail, but sharp and dimmed."""

    rich: int  # cells of the place that have detail
    same: float  # still show the place
    empty: float  # show nothing instead
    coarse: float  # correlation of the coarse pictures
    sharp: float  # finest over coarse detail, 1 = as the place
    dimmed: float  # energy left in the cells that are the same, 1 = as the place


def observe(look: Look, memory: Memory | None, settings: TamperSettings) -> tuple[Sighting | None, Memory]:
    """Take a picture."""
    seen = _seen(look.grey)
    if memory is None:
        return None, Memory(
            place=seen.detail, coarse=seen.coarse, sharp=seen.sharp, last=(seen,), born_s=look.at_s, at_s=look.at_s
        )
    past_s = max(0.0, look.at_s - memory.at_s)
    memory = msgspec.structs.replace(memory, last=(*memory.last, seen)[-NOW:], at_s=look.at_s)
    if look.at_s - memory.born_s < settings.settle_s:
        return None, _learn(memory, past_s, settings.settle_s)
    found = measure(memory)
    verdict = judge(found, settings)
    if verdict is not None:
        return _vote(memory, verdict, settings.vote_s, settings)
    if partly(found, settings):
        return _vote(memory, Kind.COVERED, settings.partly_s, settings)
    return _vote(_learn(memory, past_s, settings.memory_s), None, settings.vote_s, settings)


def suspects(memory: Memory) -> bool:
    """Whether something is wrong that is not told yet: then it wants two looks a second."""
    return memory.verdict is not None and memory.told is None


def measure(memory: Memory) -> Measures:
    """Compare the last seconds with the place."""
    now = _mean(memory.last)
    before, after = _energy(memory.place), _energy(now.detail)
    rich = before > max(RICH, NOISE_TIMES * min(float(np.percentile(before, PLAINEST)), NOISE_MOST))
    count = int(rich.sum())
    if count < RICH_CELLS:
        return Measures(count, 1.0, 0.0, 1.0, 1.0, 1.0)
    alike = _cells(memory.place * now.detail).mean(axis=(1, 3)) / np.sqrt(before * after + 1e-3)
    same = (alike >= SAME) & (after >= np.maximum(FLOOR, FAINT * before)) & rich
    empty = ~same & (after < EMPTY * before) & rich
    left = float(np.median(after[same] / before[same])) if same.any() else 0.0
    return Measures(
        count,
        float(same.sum() / count),
        float(empty.sum() / count),
        _correlation(memory.coarse, now.coarse),
        now.sharp / max(memory.sharp, 1e-6),
        left,
    )


def judge(found: Measures, settings: TamperSettings) -> Kind | None:
    """What one comparison says, before any vote."""
    if found.rich < RICH_CELLS:
        return None
    if found.sharp < settings.sharp and found.coarse > KNOWN:
        return Kind.DEFOCUSED
    lost = 1.0 - found.same
    if lost >= settings.turned and found.empty < lost / 2:
        return Kind.TURNED
    if lost >= settings.covered and found.empty >= lost / 2 and not (found.same > LIT and found.dimmed < DIM):
        return Kind.COVERED
    return None


def partly(found: Measures, settings: TamperSettings) -> bool:
    """Whether paint or tape may hide a part, while the rest is lit as before."""
    return found.empty >= settings.partly and found.dimmed > DIM


def _vote(
    memory: Memory, verdict: Kind | None, vote_s: float, settings: TamperSettings
) -> tuple[Sighting | None, Memory]:
    """Something wrong is told once it has stood for long enough, by the name that fits at that moment."""
    if (verdict is None) != (memory.verdict is None):
        memory = msgspec.structs.replace(memory, since_s=memory.at_s)
    memory = msgspec.structs.replace(memory, verdict=verdict)
    stood_s = memory.at_s - memory.since_s
    if verdict is None:
        told = None if stood_s >= settings.vote_s else memory.told
        return None, msgspec.structs.replace(memory, told=told)
    if memory.told is not None or stood_s < vote_s:
        return None, memory
    said = Sighting(
        kind=verdict, score=1.0, at_s=memory.at_s, since_s=memory.since_s,
        detail=f"so for {stood_s:.1f} s, needs {vote_s:g} s",
    )  # fmt: skip
    return said, msgspec.structs.replace(memory, told=verdict)


def _learn(memory: Memory, past_s: float, memory_s: float) -> Memory:
    """The place follows what is seen."""
    far, now = 1.0 - float(np.exp(-past_s / memory_s)), memory.last[-1]
    return msgspec.structs.replace(
        memory,
        place=_mix(memory.place, now.detail, far),
        coarse=_mix(memory.coarse, now.coarse, far),
        sharp=memory.sharp + far * (now.sharp - memory.sharp),
    )


def _seen(grey: Grey) -> Seen:
    """Detail of the half-size picture, the coarse picture without its mean, and finest detail over coarse."""
    if grey.shape != (ROWS, COLUMNS) or grey.dtype != np.uint8:
        raise ValueError(f"a grey picture is uint8, ({ROWS}, {COLUMNS}), not {grey.dtype}, {grey.shape}")
    full = grey.astype(np.float32)
    half = cv2.resize(full, (COLUMNS // 2, ROWS // 2), interpolation=cv2.INTER_AREA)
    detail = half - cv2.blur(half, (5, 5))
    small = cv2.resize(full, (64, 36), interpolation=cv2.INTER_AREA)
    coarse = small - cv2.blur(small, (9, 9))
    fine = full - cv2.blur(full, (3, 3))
    strongest = np.sort(_cells(fine * fine, 2 * CELL).mean(axis=(1, 3)), axis=None)[-STRONGEST:]
    return Seen(detail, coarse, float(strongest.mean()) / (float((coarse * coarse).mean()) + 1.0))


def _mean(looks: tuple[Seen, ...]) -> Seen:
    share = np.float32(1 / len(looks))
    return Seen(
        sum((look.detail for look in looks[1:]), looks[0].detail) * share,
        sum((look.coarse for look in looks[1:]), looks[0].coarse) * share,
        sum(look.sharp for look in looks) / len(looks),
    )


def _cells(picture: Detail, cell: int = CELL) -> Detail:
    """(rows, cell, columns, cell): reduce over axes 1 and 3."""
    height, width = picture.shape
    return picture.reshape(height // cell, cell, width // cell, cell)


def _energy(detail: Detail) -> Detail:
    energy: Detail = _cells(detail * detail).mean(axis=(1, 3))
    return energy


def _correlation(one: Detail, other: Detail) -> float:
    return float((one * other).mean() / np.sqrt((one * one).mean() * (other * other).mean() + 1e-3))


def _mix(old: Detail, new: Detail, share: float) -> Detail:
    mixed: Detail = old + np.float32(share) * (new - old)
    return mixed
