"""Whether what a box says of its ledger is so: its checkpoints and statements against the leaves that we hold. Pure.

A verdict is one of VERIFIED, PENDING (not all the leaves are here yet), `differs: WHY`, `fork: WHY`. It never decides
whether an event is stored.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

import msgspec

from centre.ledger_entry import Line
from centre.plain import plain

VERIFIED, PENDING, DIFFERS, FORK = "verified", "pending", "differs", "fork"
NAMED_MAX = 5  # differences of one statement that are told
UNLIKE_OURS = f"{DIFFERS}: its root is not that of the leaves that came"
FORKED = f"{FORK}: the box signed two histories; this root is not that of the leaves that came"


class SaidLine(msgspec.Struct, frozen=True):
    kind: str
    day: str
    what: str
    tenge: int
    count: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a statement."""

    day: str
    first: int
    end: int
    root_first: str
    root_end: str
    lines: list[SaidLine]
    meals: int
    meals_tenge: int
    visits: int
    visits_tenge: int
    suspicions: int

    def sums(self) -> dict[Line, int]:
        found: dict[Line, int] = {}
        for one in self.lines:
            key = (one.kind, one.day, one.what, one.tenge)
            found[key] = found.get(key, 0) + one.count
        return found


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What we hold where a statement stands."""

    idx: int  # of the statement's own leaf
    first: int  # where it must begin
    root_first: bytes
    root_end: bytes
    sums: Mapping[Line, int]


def kind_of(verdict: str) -> str:
    return verdict.partition(":")[0]


def differs(why: str) -> str:
    return f"{DIFFERS}: {plain(why)}"


def of_statement(said: Said, truth: Truth) -> str:
    """The verdict on a statement."""
    wrong: list[str] = []
    if said.first != truth.first:
        wrong.append(f"it begins at leaf {said.first}, and must at {truth.first}")
    elif said.root_first != _base64(truth.root_first):
        wrong.append(f"the root before leaf {said.first} is another")
    if said.end != truth.idx:
        wrong.append(f"it ends before leaf {said.end}, and stands at {truth.idx}")
    elif said.root_end != _base64(truth.root_end):
        wrong.append(f"the root before leaf {said.end} is another")
    wrong += differences(said.sums(), truth.sums)
    wrong += [f"its total of {name} is not that of its lines" for name in _wrong_totals(said)]
    if len(wrong) > NAMED_MAX:
        wrong = [*wrong[:NAMED_MAX], f"and {len(wrong) - NAMED_MAX} more"]
    return differs("; ".join(wrong)) if wrong else VERIFIED


def differences(said: Mapping[Line, int], held: Mapping[Line, int]) -> list[str]:
    """In words, line by line."""
    return [
        f"{kind} of {day or 'no day'}, {what or 'no programme'}, {tenge} tenge: "
        f"the statement says {said.get(line, 0)}, the leaves {held.get(line, 0)}"
        for line in sorted(said.keys() | held.keys())
        if said.get(line, 0) != held.get(line, 0)
        for kind, day, what, tenge in [line]
    ]


def of_checkpoint(root: bytes, ours: bytes, *, settled: bool, others: bool) -> str:
    """`settled`: a checkpoint of this size or beyond was verified; `others`: another root was signed for this size."""
    if root == ours:
        return VERIFIED
    return FORKED if settled or others else UNLIKE_OURS


def _wrong_totals(said: Said) -> list[str]:
    count: dict[str, int] = {}
    tenge: dict[str, int] = {}
    for one in said.lines:
        count[one.kind] = count.get(one.kind, 0) + one.count
        tenge[one.kind] = tenge.get(one.kind, 0) + one.count * one.tenge
    right = {
        "meals": _meals(count),
        "meals_tenge": _meals(tenge),
        "visits": count.get("visit", 0),
        "visits_tenge": tenge.get("visit", 0),
        "suspicions": count.get("suspicion", 0),
    }
    return [name for name, value in right.items() if getattr(said, name) != value]


def _meals(sums: Mapping[str, int]) -> int:
    """A meal that got its day only moves; what was forgotten costs nothing yet."""
    return sums.get("granted", 0) + sums.get("forgotten", 0) - sums.get("reversed", 0) - sums.get("not_counted", 0)


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode()
