"""A contact's state out of what is seen of it: settled after it was still, flapping while it changes too much. Pure.

A change counts when nothing moved for the settling time. CHANGES_MOST settled changes in CHANGES_NS, or UNSETTLED_NS
without any rest, is more than anybody can mean: FLAPPING is told once, and the state again when nothing moved for
QUIET_NS.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from drivers.readings import ContactState

CHANGES_MOST = 6
CHANGES_NS = 10_000_000_000
UNSETTLED_NS = 2_000_000_000
QUIET_NS = 5_000_000_000


class Phase(StrEnum):
    STEADY = "steady"
    MOVING = "moving"  # not still long enough yet
    FLAPPING = "flapping"


class Step(StrEnum):
    MOVED = "moved"  # another state, or an edge back and forth
    SETTLED = "settled"  # still for as long as the phase asks for
    TOO_MUCH = "too_much"


NEXT = {
    (Phase.STEADY, Step.MOVED): Phase.MOVING,
    (Phase.MOVING, Step.MOVED): Phase.MOVING,
    (Phase.MOVING, Step.SETTLED): Phase.STEADY,  # told, if it is another state than before
    (Phase.MOVING, Step.TOO_MUCH): Phase.FLAPPING,  # told
    (Phase.FLAPPING, Step.MOVED): Phase.FLAPPING,
    (Phase.FLAPPING, Step.SETTLED): Phase.STEADY,  # told
}


class Bounce:
    """One contact. The caller says what it sees and when; it gets what is to be told, or None."""

    def __init__(self, settle_ns: int) -> None:
        self.phase = Phase.STEADY
        self.told: ContactState | None = None
        self.noise = 0  # movements that ended where they began
        self._still_ns = {Phase.MOVING: settle_ns, Phase.FLAPPING: QUIET_NS}
        self._seen: ContactState | None = None
        self.moved_ns = 0  # since when it is still
        self._restless_ns = 0  # since when it has not settled
        self._changes: deque[int] = deque(maxlen=CHANGES_MOST)

    def see(self, state: ContactState, now_ns: int, *, moved: bool = False) -> ContactState | None:
        """What to tell of a look; `moved`: there was an edge since the last one, though the state may be the same."""
        if moved or state is not self._seen:
            self._move(state, now_ns)
        step = self._step(now_ns)
        if step is None:
            return None
        self.phase = NEXT[self.phase, step]
        return self._tell(ContactState.FLAPPING if self.phase is Phase.FLAPPING else state, now_ns)

    def _move(self, state: ContactState, now_ns: int) -> None:
        if self.phase is Phase.STEADY:
            self._restless_ns = now_ns
        self.phase = NEXT[self.phase, Step.MOVED]
        self._seen, self.moved_ns = state, now_ns

    def _step(self, now_ns: int) -> Step | None:
        """What time has brought."""
        if self.phase is Phase.STEADY:
            return None
        if now_ns - self.moved_ns >= self._still_ns[self.phase]:
            often = self.phase is Phase.MOVING and self._seen is not self.told and self._often(now_ns)
            return Step.TOO_MUCH if often else Step.SETTLED
        restless = self.phase is Phase.MOVING and now_ns - self._restless_ns >= UNSETTLED_NS
        return Step.TOO_MUCH if restless else None

    def _often(self, now_ns: int) -> bool:
        return len(self._changes) == CHANGES_MOST and now_ns - self._changes[0] < CHANGES_NS

    def _tell(self, state: ContactState, now_ns: int) -> ContactState | None:
        if state is self.told:
            self.noise += 1
            return None
        if ContactState.FLAPPING in (state, self.told):
            self._changes.clear()
        else:
            self._changes.append(now_ns)
        self.told = state
        return state
