"""The live view of a camera on the ribbon connector: its small picture, masks burnt in, encoded in its own cell.

PyAV    picamera2 comes with it. It is loaded once the camera works, not when somebody looks: that takes a while. It is
        imported in the cell alone, as numpy is.
Each    time that somebody begins to look has a place of its own for the newest picture: a thread that is about to end
        takes none from the next one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drivers.driver import Clock

if TYPE_CHECKING:
    from drivers.cameras.anew import Anew
    from drivers.cameras.masks import Outline
    from drivers.cameras.newest import Newest
    from drivers.cameras.raw_feed import Planes
    from drivers.cameras.ring import Followed, OnOver


class CsiLive:
    """Of one camera. `hurry` is called when somebody begins to look."""

    def __init__(self, outlines: Sequence[Outline], clock: Clock, hurry: Callable[[], None]) -> None:
        self._newest: Newest | None = None
        self._hurry = hurry
        self._outlines = outlines
        self._clock = clock
        self._anew: Anew | None = None
        self._making = threading.Lock()

    @property
    def pause_s(self) -> float:
        """How long after a picture the next one is wanted; where nobody has looked yet, others say that."""
        return self._newest.pause_s if self._newest is not None else math.inf

    def take(self, small: Planes) -> None:
        """A picture, in the camera's thread."""
        if self._newest is not None:
            self._newest.put(small)

    def look(self, *, masked: bool, on_over: OnOver) -> Followed | str:
        """What one view follows; or the word why there is none."""
        if masked and not self._outlines:
            return "masked"
        return self._anew.look(on_over) if self.prepare() and self._anew is not None else "no_encoder"

    def prepare(self) -> bool:
        """Load what is needed; whether pictures can be encoded here. From any thread."""
        try:
            from drivers.cameras.anew import Anew
            from drivers.cameras.encoder import can_encode
        except ImportError:
            return False
        with self._making:
            if self._anew is None and can_encode():
                self._anew = Anew(self._fresh, self._outlines, self._clock)
            return self._anew is not None

    def _fresh(self) -> Newest:
        from drivers.cameras.newest import Newest

        self._newest = Newest(self._hurry)
        return self._newest

    def close(self) -> None:
        """Waits for the thread that encodes."""
        if self._anew is not None:
            self._anew.close()
