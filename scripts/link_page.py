"""Writes docs/link.md from the link's own state table, so that the drawing cannot lag behind the code.

Run: python scripts/link_page.py > docs/link.md     (tests/test_link_page.py compares)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.sync.link import BACKOFF_FIRST_S, BACKOFF_MAX_S, CONNECTED, NEXT, URGENT_FOR_S, URGENT_S, State, Step

STATES = {
    State.OFFLINE: ("no connection; waiting for the next try", "nothing"),
    State.CONNECTING: ("name, TCP, TLS, CONNECT, subscriptions", "nothing"),
    State.GREETING: ("the birth is sent, the welcome awaited", "alarms, also ahead"),
    State.ONLINE: ("receipts come", "everything, within the window"),
    State.PROBING: ("connected, but a receipt is overdue", "alarms, and one other batch at a time"),
}
STEPS = {
    Step.TRY: "the pause is over",
    Step.CONNECTED: "the broker has admitted us and taken our subscriptions",
    Step.WELCOMED: "the centre's welcome to this very birth has come",
    Step.WAITED: "no welcome came in time: go on without",
    Step.SILENT: "a receipt is overdue; what was in flight is given up and will be sent again",
    Step.RECEIPT: "a receipt has settled a batch",
    Step.LOST: "the connection failed or ended, whatever the reason (codes L-1xx of [errors.md](errors.md))",
}
HEAD = f"""# The link's life

One box keeps one connection to its centre for ever. Written from `agent/sync/link.py` by `scripts/link_page.py`; a pair
of state and event that is not here cannot happen, and would end the agent as a defect. What is sent and how fast stands
in [protocol.md](protocol.md#11-pace-waiting-trying-again).

The pause before a try is a random time below a limit that begins at {BACKOFF_FIRST_S:g} s, doubles with each failure
and ends at {BACKOFF_MAX_S:g} s: a city's boxes do not come back all at once. An alarm does not wait for that: it cuts
the pause short, and for {URGENT_FOR_S:g} s the limit is {URGENT_S:g} s.

"""


def page() -> str:
    """The whole page as text."""
    parts = [HEAD, "```mermaid\nstateDiagram-v2\n    [*] --> offline\n", *_arrows(), "```\n\n"]
    parts += ["| state | what it is | what is sent |\n|---|---|---|\n"]
    parts += [f"| `{state}` | {means} | {sends} |\n" for state, (means, sends) in STATES.items()]
    parts += ["\n| event | what happened |\n|---|---|\n"]
    parts += [f"| `{step}` | {happened} |\n" for step, happened in STEPS.items()]
    parts += ["\nFrom each state by each event; empty: cannot happen.\n\n", *_table()]
    connected = ", ".join(f"`{state}`" for state in State if state in CONNECTED)
    return "".join([*parts, f"\nAn alarm can be sent ahead of a stuck database in: {connected}.\n"])


def _arrows() -> Iterator[str]:
    """One arrow from a state to another, with all its events; what stays is in the table only."""
    pairs = dict.fromkeys((state, after) for (state, _), after in NEXT.items() if after is not state)
    for state, after in pairs:
        steps = [step.value for (one, step), to in NEXT.items() if (one, to) == (state, after)]
        yield f"    {state} --> {after}: {', '.join(steps)}\n"


def _table() -> Iterator[str]:
    yield f"| | {' | '.join(f'`{step}`' for step in Step)} |\n|---|{'---|' * len(Step)}\n"
    for state in State:
        cells = (NEXT.get((state, step)) for step in Step)
        yield f"| `{state}` | {' | '.join(after.value if after else '' for after in cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
