"""Which line of a statement an event counts in: by its kind, the school's day, programme or club, and tenge.

Computed  from what an entry shows too, so that statements can be checked after a child's record was erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Line = tuple[str, str, str, int]  # kind, day, programme or club or rule, tenge for one


def _granted(data: Mapping[str, Any]) -> Line:
    if data["operator"]:
        return "forgotten", data["day"], data["programme"], data["tenge"]
    return "granted", data["day"], data["programme"], data["tenge"]


def _reversed(data: Mapping[str, Any]) -> Line:
    return "reversed", data["day"], data["programme"], data["tenge"]


def _dated(data: Mapping[str, Any]) -> Line:
    kind = "dated" if data["counted"] else "not_counted"
    return kind, data["day"], data["programme"], data["tenge"]


def _visit(data: Mapping[str, Any]) -> Line:
    return "visit" if data["counted"] else "visit_not_counted", data["day"], data["club"], data["tenge"]


def _suspicion(data: Mapping[str, Any]) -> Line:
    return "suspicion", data["day"], data["rule"], 0


LINES: dict[str, Callable[[Mapping[str, Any]], Line]] = {
    "kz.mektep.meal.granted.v1": _granted,
    "kz.mektep.meal.reversed.v1": _reversed,
    "kz.mektep.meal.dated.v1": _dated,
    "kz.mektep.club.visit.v1": _visit,
    "kz.mektep.suspicion.v1": _suspicion,
}

COUNTS_IN: dict[str, tuple[str, int]] = {  # kind -> in which sum, and whether it adds or takes away
    "granted": ("meals", 1),
    "forgotten": ("meals", 1),
    "reversed": ("meals", -1),
    "dated": ("", 0),  # moves a granted one from no day to its day
    "not_counted": ("meals", -1),
    "visit": ("visits", 1),
    "visit_not_counted": ("", 0),
    "suspicion": ("suspicions", 1),
}


def line_of(type_: str, data: Mapping[str, Any]) -> Line | None:
    """The line, or None for what no statement counts."""
    line = LINES.get(type_)
    return line(data) if line else None


def sums(lines: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """What a statement says in all, from kind, tenge and count of its lines; the names are those of its fields."""
    found = dict.fromkeys(("meals", "meals_tenge", "visits", "visits_tenge", "suspicions"), 0)
    for kind, tenge, count in lines:
        name, sign = COUNTS_IN[kind]
        if name:
            found[name] += sign * count
        if f"{name}_tenge" in found:
            found[f"{name}_tenge"] += sign * count * tenge
    return found
