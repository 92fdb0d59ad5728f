"""What a person does with a button: one report a press; a button that stays pressed is a fault, not a report. Pure.

It takes the settled contact (drivers/sensors/bounce.py). A press counts once it was held for hold_ns; one within
AGAIN_NS after a report belongs to it; one that lasts STUCK_NS is a button that jams, or wires that touch. A button
found pressed at the first look, or after flapping, is no report: nobody saw it being pressed.
"""

from __future__ import annotations

from enum import StrEnum

AGAIN_NS = 3_000_000_000  # who is frightened presses again and again: that is one report
STUCK_NS = 30_000_000_000


class State(StrEnum):
    UP = "up"
    DOWN = "down"  # pressed, but not long enough yet
    HELD = "held"  # this press was reported, or is none
    STUCK = "stuck"


class Step(StrEnum):
    PRESS = "press"
    RELEASE = "release"
    LONG_ENOUGH = "long_enough"
    TOO_LONG = "too_long"


NEXT = {
    (State.UP, Step.PRESS): State.DOWN,
    (State.DOWN, Step.RELEASE): State.UP,  # too short: noise
    (State.DOWN, Step.LONG_ENOUGH): State.HELD,  # a report, unless one was just made
    (State.HELD, Step.RELEASE): State.UP,
    (State.HELD, Step.TOO_LONG): State.STUCK,
    (State.STUCK, Step.RELEASE): State.UP,
}


class Press:
    """One button."""

    def __init__(self, hold_ns: int) -> None:
        self.state = State.UP
        self.again = 0  # presses that belonged to the report before
        self.short = 0  # presses that were noise
        self._hold_ns = hold_ns
        self._pressed_ns = 0
        self._reported_ns: int | None = None

    def find(self, down: bool, now_ns: int) -> None:
        """As it is found: at the first look, and after flapping."""
        self.state = State.HELD if down else State.UP
        self._pressed_ns = now_ns

    def move(self, down: bool, now_ns: int) -> None:
        """The contact has settled in its other state, in which it is since then."""
        if down:
            self._pressed_ns = now_ns
        elif self.state is State.DOWN:
            self.short += 1
        self.state = NEXT[self.state, Step.PRESS if down else Step.RELEASE]

    def look(self, now_ns: int) -> bool:
        """Let time pass. True: a person has pressed it, now."""
        held_ns = now_ns - self._pressed_ns
        if self.state is State.DOWN and held_ns >= self._hold_ns:
            self.state = NEXT[self.state, Step.LONG_ENOUGH]
            return self._report(now_ns)
        if self.state is State.HELD and held_ns >= STUCK_NS:
            self.state = NEXT[self.state, Step.TOO_LONG]
        return False

    def _report(self, now_ns: int) -> bool:
        if self._reported_ns is not None and now_ns - self._reported_ns < AGAIN_NS:
            self.again += 1
            return False
        self._reported_ns = now_ns
        return True
