"""Statements against the leaves that they state: counted again here, from docs/ledger.md alone.

Range   a statement covers the leaves from the end of the one before to its own; nothing lies between, nothing is left
        out of an epoch that ended with one.
Lines   each kind, day, programme or club, and tenge: as many as there are leaves; suspicions as many as were told.
Totals  meals and visits, and what they cost, by the lines.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

PREFIX = "kz.mektep."
GRANTED, REVERSED, DATED = f"{PREFIX}meal.granted.v1", f"{PREFIX}meal.reversed.v1", f"{PREFIX}meal.dated.v1"
VISIT, SUSPICION, STATEMENT = f"{PREFIX}club.visit.v1", f"{PREFIX}suspicion.v1", f"{PREFIX}ledger.statement.v1"
SIGN = {"granted": 1, "forgotten": 1, "reversed": -1, "not_counted": -1}
Event = dict[str, Any]


class Line(NamedTuple):
    """What leaves of one kind have in common."""

    kind: str
    day: str
    what: str
    tenge: int


class Sum(NamedTuple):
    """Of statements, or of leaves."""

    meals: int = 0
    meals_tenge: int = 0
    visits: int = 0
    visits_tenge: int = 0
    suspicions: int = 0


def line_of(event: Event) -> Line | None:
    """In which line an event counts; None for what no statement counts."""
    data = event["data"]
    match event["type"]:
        case "kz.mektep.meal.granted.v1":
            return Line("forgotten" if data.get("operator") else "granted", *_meal(data))
        case "kz.mektep.meal.reversed.v1":
            return Line("reversed", *_meal(data))
        case "kz.mektep.meal.dated.v1":
            return Line("dated" if data["counted"] else "not_counted", *_meal(data))
        case "kz.mektep.club.visit.v1":
            kind = "visit" if data["counted"] else "visit_not_counted"
            return Line(kind, data["day"], data["club"], data["tenge"])
        case "kz.mektep.suspicion.v1":
            return Line("suspicion", data["day"], data["rule"], 0)
    return None


def _meal(data: dict[str, Any]) -> tuple[str, str, int]:
    return data["day"], data["programme"], data["tenge"]


def summed(lines: Counter[Line]) -> Sum:
    meals = sum(SIGN.get(line.kind, 0) * count for line, count in lines.items())
    tenge = sum(SIGN.get(line.kind, 0) * line.tenge * count for line, count in lines.items())
    visits = sum(count for line, count in lines.items() if line.kind == "visit")
    visits_tenge = sum(line.tenge * count for line, count in lines.items() if line.kind == "visit")
    return Sum(meals, tenge, visits, visits_tenge, sum(n for line, n in lines.items() if line.kind == "suspicion"))


def added(sums: list[Sum]) -> Sum:
    return Sum(*(sum(column) for column in zip(*sums, strict=True))) if sums else Sum()


def of(events: list[Event]) -> list[Event]:
    """The data of all statements, in the order of the epochs and of their leaves."""
    return [event["data"] for event in events if event["type"] == STATEMENT]


def wrong(events: list[Event]) -> list[str]:
    """Each way in which a statement differs from what it states, in words."""
    found: list[str] = []
    for epoch, own in by_epoch(events).items():
        first, told = 0, 0
        for at, event in enumerate(own):
            if event["type"] == STATEMENT:
                found += [f"{epoch[:8]}: {what}" for what in _one(event, own[told:at], first)]
                first, told = int(event["leaf"]) + 1, at + 1
    return found


def unstated(events: list[Event]) -> dict[str, Counter[Line]]:
    """What no statement has taken up, by epoch."""
    left: dict[str, Counter[Line]] = {}
    for epoch, own in by_epoch(events).items():
        last = max((at for at, event in enumerate(own) if event["type"] == STATEMENT), default=-1)
        left[epoch] = lines_of(own[last + 1 :])
    return left


def lines_of(events: list[Event]) -> Counter[Line]:
    return Counter(line for event in events if (line := line_of(event)) is not None)


def by_epoch(events: list[Event]) -> dict[str, list[Event]]:
    """The record lane of each epoch, in order: every leaf is in it, and what else a statement counts."""
    found: dict[str, list[Event]] = {}
    for event in events:
        epoch, lane = event["source"].split("/")[-2:]
        if lane == "record":
            found.setdefault(epoch, []).append(event)
    return {epoch: sorted(own, key=lambda event: int(event["sequence"])) for epoch, own in found.items()}


def _one(event: Event, covered: list[Event], first: int) -> list[str]:
    data, name = event["data"], f"statement of {event['data']['day']}"
    end = int(event["leaf"])
    leaves = [int(one["leaf"]) for one in covered if "leaf" in one]
    found = []
    if (data["first"], data["end"]) != (first, end):
        found.append(f"{name} says leaves {data['first']} to {data['end']}, and it stands for {first} to {end}")
    if leaves != list(range(first, end)):
        found.append(f"{name}: the centre holds {len(leaves)} leaves of {first} to {end}, or in another order")
    said = Counter({Line(one["kind"], one["day"], one["what"], one["tenge"]): one["count"] for one in data["lines"]})
    counted = lines_of(covered)
    for line in sorted(said.keys() | counted.keys()):
        if said[line] != counted[line]:
            what = " ".join(filter(None, (line.kind, line.day or "undated", line.what)))
            found.append(f"{name} says {said[line]} {what} at {line.tenge} tenge, and there are {counted[line]}")
    totals = Sum(*(data[field] for field in Sum._fields))
    if totals != summed(said):
        found.append(f"{name} adds up to {totals}, and its lines to {summed(said)}")
    return found
