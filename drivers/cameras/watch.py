"""Whether a camera's picture can be used, by its own pixels: clear, covered or frozen.

Shape   grey pictures, uint8, (180, 320), about one a second: look() returns the new state, None if it is the old one.
How     the picture is cut into 9 by 16 cells. Covered: the fine detail that the cells had is gone, or there is none at
        all. Frozen: for a minute nearly all cells stay as they are to the last bit; a clock drawn over the picture may
        go on. A live sensor is never so still, even in an empty corridor: its noise reaches the cells.
Not     who covered it; whether the picture is sharp or looks elsewhere; packets and connections (reader.py).

numpy alone: the CSI camera's cell runs under Debian's own Python.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from drivers.readings import PictureState

Grey = NDArray[np.uint8]
Detail = NDArray[np.float32]
Cells = NDArray[np.bool_]
Pixel = TypeVar("Pixel", bound=np.generic)

ROWS, COLUMNS = 180, 320
CELL = 20  # pixels, each way: 9 by 16 cells; the smallest clock overlay covers about six of them
HALF = CELL // 2  # of a cell in the half-size picture, where detail is looked for: noise is half as strong there

DETAIL = 2.25  # mean square of a cell's detail, in grey levels: 1.5 levels, more than a compressed flat wall shows
NOISE_TIMES = 4.0  # a cell with detail stands out so far above the plainest cells, which show the noise
NOISE_MOST = 36.0  # where even the plainest cells show more than this, it is no noise but a rich picture
PLAINEST = 15  # per cent of the cells: somewhere in nearly every picture is a bare wall, a floor or the sky
BARE_CELLS = 5  # a picture with no more cells of detail shows nothing
LOST = 0.7  # of the cells that had detail: a passer-by takes half of a picture, a bag over the camera all of it
LOST_ENERGY = 0.35  # of the detail's energy: a turned camera keeps more, a hand or tape keeps noise alone
ALIKE = 0.3  # correlation with what a cell showed before: by it a room is known again after the lights went out
KNOWN_CELLS = 12  # with fewer cells of detail before, nothing can be said of a loss
DARK = 20.0  # mean grey level of a picture that is black

ABLE_VARIANCE = 0.25  # a cell that is clipped black or white shows no noise, alive or not
STILL_CELLS = 24  # at least so many that could show life show none
TOUCHED_CELLS = 22  # 15 % of the picture: date, time and a line of text above a frozen picture
FROZEN_LOOKS = 5
COVERED_LOOKS = 3
CLEAR_S, CLEAR_LOOKS = 3.0, 3  # from covered: a hand on its way back is no clear picture
LIVES = 3  # from frozen: one picture that differs from both its neighbours is a hiccup of the encoder


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ from camera to camera."""

    covered_s: float = 10.0  # somebody who walks past or waves is gone by then; tape stays
    frozen_s: float = 60.0  # cameras send a whole picture each 1 to 10 s: several of them must be the same
    dark_is_covered: bool = True  # False: a camera without infrared in a room where the lights go out
    memory_s: float = 60.0  # how fast the picture it compares with follows the day


class Watch:
    """Looks at one camera. Not thread-safe: one thread looks."""

    def __init__(self, settings: Settings) -> None:
        self.state: PictureState | None = None
        self._settings = settings
        self._known = _Known(settings.memory_s)
        self._life = _Life()
        self._verdict = PictureState.CLEAR
        self._since_s = 0.0
        self._votes = 0

    def look(self, grey: Grey, at_s: float) -> PictureState | None:
        """Take a picture; at_s never goes back within one watch. The state if it is another than before, else None."""
        if grey.shape != (ROWS, COLUMNS) or grey.dtype != np.uint8:
            raise ValueError(f"a grey picture is uint8, ({ROWS}, {COLUMNS}), not {grey.dtype}, {grey.shape}")
        verdict = self._judge(grey, at_s)
        if verdict is not self._verdict or self._votes == 0:
            self._verdict, self._since_s, self._votes = verdict, at_s, 0
        self._votes += 1
        if verdict is self.state or not self._settled(at_s):
            return None
        self.state = verdict
        return verdict

    def _judge(self, grey: Grey, at_s: float) -> PictureState:
        detail = _detail(grey)
        self._life.look(grey, at_s)
        if self._covered(grey, detail):
            return PictureState.COVERED
        if self._frozen():
            return PictureState.FROZEN
        if self.state is not PictureState.COVERED or self._votes >= CLEAR_LOOKS:
            self._known.learn(detail, at_s)
        return PictureState.CLEAR

    def _covered(self, grey: Grey, detail: Detail) -> bool:
        bare = int(_rich(_energy(detail)).sum()) <= BARE_CELLS
        if bare and not self._settings.dark_is_covered and grey.mean() < DARK:
            return False
        return (bare and not self._known.recognises(detail)) or self._known.lost(detail)

    def _frozen(self) -> bool:
        life = self._life
        if self.state is PictureState.FROZEN:
            return life.lives < LIVES
        still = life.still_s >= self._settings.frozen_s and life.looks >= FROZEN_LOOKS
        if still:
            life.lives = 0
        return still

    def _settled(self, at_s: float) -> bool:
        """Whether the verdict has stood long enough to be told."""
        for_s = at_s - self._since_s
        if self._verdict is PictureState.COVERED:
            return for_s >= self._settings.covered_s and self._votes >= COVERED_LOOKS
        if self.state is PictureState.COVERED:
            return for_s >= CLEAR_S and self._votes >= CLEAR_LOOKS
        if self.state is None and self._verdict is PictureState.CLEAR:
            return self._life.lives > 0 or not self._life.can_tell  # a frozen picture looks clear too
        return True  # frozen has been still for long already


class _Known:
    """What the cells showed while the picture was clear."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._detail: Detail | None = None
        self._at_s = 0.0

    def learn(self, detail: Detail, at_s: float) -> None:
        if self._detail is None:
            self._detail = detail
        else:
            share = 1.0 - np.exp(-max(0.0, at_s - self._at_s) / self._memory_s)
            self._detail += np.float32(share) * (detail - self._detail)
        self._at_s = at_s

    def lost(self, detail: Detail) -> bool:
        """Whether most cells that had detail have neither as much nor the same any more."""
        if self._detail is None:
            return False
        before = _energy(self._detail)
        rich = _rich(before)
        if rich.sum() < KNOWN_CELLS:
            return False
        gone = (_energy(detail) < LOST_ENERGY * before) & (_alike(detail, self._detail) < ALIKE)
        return bool(gone[rich].mean() >= LOST)

    def recognises(self, detail: Detail) -> bool:
        """Whether a picture without much detail still shows the place: the lights went out."""
        if self._detail is None:
            return False
        rich = _rich(_energy(self._detail))
        return bool(rich.sum() >= KNOWN_CELLS and (_alike(detail, self._detail)[rich] >= ALIKE).mean() > 1 - LOST)


class _Life:
    """For how long the picture has stood still, but for a small part of it."""

    def __init__(self) -> None:
        self.still_s = 0.0
        self.looks = 0
        self.lives = 0  # how often life was seen since it was last set to 0
        self.can_tell = True  # False: too few cells could show life
        self._before: Grey | None = None
        self._touched: Cells = np.zeros((ROWS // CELL, COLUMNS // CELL), np.bool_)
        self._since_s = 0.0

    def look(self, grey: Grey, at_s: float) -> None:
        if self._before is None or at_s < self._since_s:
            self._begin(at_s)
        else:
            self._touched |= (_cells(grey != self._before, CELL)).any(axis=(1, 3))
            able = _cells(grey, CELL).var(axis=(1, 3), dtype=np.float32) >= ABLE_VARIANCE
            self.can_tell = bool((able & ~self._touched).sum() >= STILL_CELLS)
            if self._touched.sum() > TOUCHED_CELLS:
                self.lives += 1
                self._begin(at_s)
            elif not self.can_tell:
                self._begin(at_s)
        self._before = grey.copy()
        self.looks += 1
        self.still_s = at_s - self._since_s

    def _begin(self, at_s: float) -> None:
        self._touched[:] = False
        self._since_s = at_s
        self.looks = 0


def grey_of(luma: NDArray[np.uint8]) -> Grey:
    """A luma plane of any size, uint8, (height, width), as a grey picture: each pixel the mean of its own."""
    height, width = luma.shape
    if height < ROWS or width < COLUMNS:
        luma = luma[np.ix_(np.arange(ROWS) * height // ROWS, np.arange(COLUMNS) * width // COLUMNS)]
        return np.ascontiguousarray(luma) if luma.shape == (ROWS, COLUMNS) else grey_of(luma)
    rows = np.arange(ROWS + 1) * height // ROWS
    columns = np.arange(COLUMNS + 1) * width // COLUMNS
    sums = np.add.reduceat(luma, rows[:-1], axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns[:-1], axis=1)
    grey: Grey = (sums // (np.diff(rows)[:, None] * np.diff(columns))).astype(np.uint8)
    return grey


def _cells(picture: NDArray[Pixel], cell: int) -> NDArray[Pixel]:
    """(rows, cell, columns, cell): reduce over axes 1 and 3."""
    height, width = picture.shape
    return picture.reshape(height // cell, cell, width // cell, cell)


def _detail(grey: Grey) -> Detail:
    """float32, (90, 160): half the size, without what changes slowly over the picture."""
    half: Detail = _cells(grey, 2).mean(axis=(1, 3), dtype=np.float32)
    return half - _blurred(_blurred(half).T).T


def _blurred(picture: Detail) -> Detail:
    """Mean of five neighbours along the rows; the edge repeated."""
    wide = np.pad(picture, ((0, 0), (2, 2)), mode="edge")
    width = picture.shape[1]
    total: Detail = wide[:, :width].copy()
    for shift in range(1, 5):
        total += wide[:, shift : shift + width]
    return total / np.float32(5)


def _energy(detail: Detail) -> Detail:
    energy: Detail = _cells(detail * detail, HALF).mean(axis=(1, 3))
    return energy


def _rich(energy: Detail) -> Cells:
    """Which cells have detail that is no noise."""
    noise = min(float(np.percentile(energy, PLAINEST)), NOISE_MOST / NOISE_TIMES)
    return energy > max(DETAIL, NOISE_TIMES * noise)


def _alike(one: Detail, other: Detail) -> Detail:
    """Correlation of two pictures' detail, cell by cell."""
    both = _cells(one * other, HALF).mean(axis=(1, 3))
    return np.asarray(both / np.sqrt(_energy(one) * _energy(other) + np.float32(1e-6)), dtype=np.float32)
