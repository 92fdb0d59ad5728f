"""Writes the tables of docs/incidents.md from the code: kinds with their times, states, inputs, what follows what.

Run: python scripts/incidents_page.py     (tests/test_incidents_page.py compares)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent.incidents.kinds import MANNERS, Kind, Manner  # noqa: E402
from agent.incidents.life import NEXT, REFUSED, Act, Input, State  # noqa: E402

PAGE = ROOT / "docs/incidents.md"
BEGIN, END = "<!-- from agent/incidents -->\n", "<!-- end -->"
COLUMNS = (
    *("kind", "told at once, if certain", "told when confirmed", "last", "to answer", "reminders", "to decide"),
    *("to close", "closed after a dismissal", "one incident within", "video before, after", "lamps"),
)
STATES = {
    State.OPENED: "no longer than the commit that opens it",
    State.TOLD: "somebody is to answer; lamps and sirens show it",
    State.ACKNOWLEDGED: "somebody is on the way",
    State.CONFIRMED: "it is so; the police work with it",
    State.DISMISSED: "it is not so",
    State.CLOSED: "over",
}
INPUTS = {
    Input.TELL: "the first telling, in the commit that opens it",
    Input.ACKNOWLEDGE: "a person is on the way",
    Input.CONFIRM: "a person says that it is so",
    Input.DISMISS: "a person says that it is not so, and why",
    Input.CLOSE: "a person says that nothing is left to do",
    Input.SIGN: "another sign of the same",
    Input.CERTAIN: "a sign that makes certain what was suspected",
    Input.DEADLINE: "the time of this state is over",
}
ACTS = {
    Act.TELL: "tells the first of the chain",
    Act.PURSUE: "reminds the same, then tells the next",
    Act.UNDECIDED: "tells the next: who was on the way has not decided",
    Act.UNCLOSED: "tells the same and the next",
    Act.ALARM: "tells all again, and those who know of certain ones",
    Act.ANSWER: "records who answered, by what, after how long",
    Act.NOTE: "records another person on the way",
    Act.JOIN: "counts the sign",
    Act.CLOSE: "records who closed it",
    Act.END: "closes it by rule",
}


def page() -> str:
    """The whole page, its tables made anew."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return "".join([head, BEGIN, *_kinds(), *_life(), rest[rest.index(END) :]])


def _kinds() -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    for kind in Kind:
        yield f"| `{kind}` | {' | '.join(_cells(MANNERS[kind]))} |\n"


def _cells(one: Manner) -> Iterator[str]:
    yield ", ".join(one.at_once)
    yield ", ".join(one.confirmed)
    yield one.last
    yield _time(one.answer_s)
    yield f"{one.reminders}, every {_time(one.remind_every_s)}" if one.reminders else "none"
    yield _time(one.decide_s)
    yield _time(one.end_s)
    yield _time(one.close_s)
    yield _time(one.join_s) if one.join_s else "each is its own"
    yield f"{one.clip[0]} s, {one.clip[1]} s" if any(one.clip) else "none"
    yield "yes" if one.lights else "no"


def _time(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _life() -> Iterator[str]:
    yield "\n## The life of an incident\n\n```mermaid\nstateDiagram-v2\n    [*] --> opened\n"
    for (before, after), inputs in _arrows().items():
        yield f"    {before} --> {after}: {', '.join(inputs)}\n"
    yield "    closed --> [*]\n```\n\n| state | what it is |\n|---|---|\n"
    yield from (f"| `{state}` | {means} |\n" for state, means in STATES.items())
    yield "\n| input | what happened |\n|---|---|\n"
    yield from (f"| `{one}` | {happened} |\n" for one, happened in INPUTS.items())
    yield "\nFrom each state by each input: what follows, and what is done. In italics: the word of a refusal.\n\n"
    yield f"| | {' | '.join(f'`{one}`' for one in Input)} |\n|---|{'---|' * len(Input)}\n"
    for state in State:
        yield f"| `{state}` | {' | '.join(_follows(state, one) for one in Input)} |\n"
    yield "\n| what is done | |\n|---|---|\n"
    yield from (f"| `{act}` | {does} |\n" for act, does in ACTS.items())


def _arrows() -> dict[tuple[str, str], list[str]]:
    """From a state to another, with all inputs that lead there; what stays is in the table only."""
    found: dict[tuple[str, str], list[str]] = {}
    for (state, given), (after, _) in NEXT.items():
        if after is not state:
            found.setdefault((state.value, after.value), []).append(given.value)
    return found


def _follows(state: State, given: Input) -> str:
    if (state, given) not in NEXT:
        return f"*{REFUSED[state, given]}*"
    after, act = NEXT[state, given]
    return f"{after}: {act}"


if __name__ == "__main__":
    made = page()
    PAGE.write_text(made, encoding="utf-8")
