"""The link's life as a table, and how long to wait before the next try. Pure; docs/link.md draws it.

Alarms are sent in every state with a connection; the other lanes only when the centre has welcomed us, or has had
time to.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    OFFLINE = "offline"  # no connection; waiting for the next try
    CONNECTING = "connecting"
    GREETING = "greeting"  # the birth is sent, the welcome awaited: alarms only
    ONLINE = "online"
    PROBING = "probing"  # connected, but no receipts come: one batch at a time


class Step(StrEnum):
    TRY = "try"
    CONNECTED = "connected"
    WELCOMED = "welcomed"
    WAITED = "waited"  # no welcome came in time
    SILENT = "silent"  # a receipt is overdue
    RECEIPT = "receipt"
    LOST = "lost"


NEXT: dict[tuple[State, Step], State] = {
    (State.OFFLINE, Step.TRY): State.CONNECTING,
    (State.OFFLINE, Step.LOST): State.OFFLINE,
    (State.CONNECTING, Step.CONNECTED): State.GREETING,
    (State.CONNECTING, Step.RECEIPT): State.CONNECTING,  # the broker kept it for us since the last connection
    (State.CONNECTING, Step.LOST): State.OFFLINE,
    (State.GREETING, Step.WELCOMED): State.ONLINE,
    (State.GREETING, Step.WAITED): State.ONLINE,
    (State.GREETING, Step.SILENT): State.GREETING,
    (State.GREETING, Step.RECEIPT): State.GREETING,
    (State.GREETING, Step.LOST): State.OFFLINE,
    (State.ONLINE, Step.WELCOMED): State.ONLINE,
    (State.ONLINE, Step.RECEIPT): State.ONLINE,
    (State.ONLINE, Step.SILENT): State.PROBING,
    (State.ONLINE, Step.LOST): State.OFFLINE,
    (State.PROBING, Step.WELCOMED): State.PROBING,
    (State.PROBING, Step.RECEIPT): State.ONLINE,
    (State.PROBING, Step.SILENT): State.PROBING,
    (State.PROBING, Step.LOST): State.OFFLINE,
}
CONNECTED = frozenset({State.GREETING, State.ONLINE, State.PROBING})

BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 60.0
URGENT_S = 2.0  # the limit while an alarm waits that came a short while ago
URGENT_FOR_S = 120.0
STEADY_S = 30.0  # a connection that held so long starts the back-off anew


def step(state: State, event: Step) -> State:
    """The next state. Raises KeyError for a pair that cannot happen."""
    return NEXT[state, event]


def backoff_s(failures: int, jitter: float, *, urgent: bool = False) -> float:
    """Full jitter: anything up to a limit that doubles with each failure; jitter is in 0..1."""
    limit_s: float = min(URGENT_S if urgent else BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(failures, 10))
    return jitter * limit_s


def failures_after(before: int, *, held_s: float, receipted: bool) -> int:
    """How many failures in a row there are, now that a connection has ended.

    One that brought receipts is worth another try soon, even on a line that breaks again and again; not at once: two
    boxes with one identity throw each other out.
    """
    if held_s > STEADY_S:
        return 0
    return 1 if receipted else before + 1
