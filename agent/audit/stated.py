"""Daily statements against the leaves that they state: which leaves, what they add up to, the totals, the roots.

Lines    are counted anew from the leaves since the statement before. Suspicions are no leaves: their lines are only
         added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from agent.audit.findings import Facts, Finding, Findings, at_leaf
from agent.audit.leaf import Leaf, shown
from agent.ledger.lines import Line, sums
from agent.school_events import Statement

SUSPICION = "suspicion"


class Stated:
    """Follows one log."""

    def __init__(self, epoch: str, findings: Findings) -> None:
        self.epoch = epoch
        self.tally: Counter[Line] = Counter()  # of the leaves since the last statement
        self.first = 0  # index behind the last statement
        self.whole = True  # whether each leaf since then could be read
        self.lines: Counter[Line] = Counter()  # of all leaves
        self.statements: list[Leaf] = []
        self.unchecked = 0  # statements of leaves that are not all here
        self._findings = findings

    def statement(self, leaf: Leaf) -> None:
        """A statement ends what the leaves before it began."""
        said: Statement = leaf.data
        if (said.first, said.end) != (self.first, leaf.index):
            facts: Facts = {
                "first": said.first, "end": said.end, "from": self.first, "to": leaf.index,
            }  # fmt: skip
            self._add("A-141", leaf, facts)
        if self.whole:
            for line, told, counted in _differences(said, self.tally):
                self._add("A-143", leaf, _words(line) | {"told": told, "counted": counted})
        else:
            self.unchecked += 1
        for name, told, counted in _wrong_totals(said):
            self._add("A-144", leaf, {"name": name, "told": told, "counted": counted})
        self.statements.append(leaf)
        self._end(leaf.index + 1)

    def compare_roots(self, roots: Mapping[int, str]) -> None:
        """The roots that statements say, by the sizes of the log."""
        for leaf in self.statements:
            said: Statement = leaf.data
            for size, root in ((said.first, said.root_first), (said.end, said.root_end)):
                found = roots.get(size, root)
                if found != root:
                    self._add("A-142", leaf, {"size": size, "told": shown(root), "counted": found})

    def finish(self, size: int) -> None:
        """The log ends here; what was counted since the last statement is not stated."""
        count = sum(self.tally.values())
        if count:
            told = sums((kind, tenge, count) for (kind, _, _, tenge), count in self.tally.items())
            facts: Facts = {"count": count, "tenge": told["meals_tenge"] + told["visits_tenge"]}
            finding = Finding(code="A-163", epoch=self.epoch, first=self.first, last=size - 1, facts=facts)
            self._findings.add(finding)
        self._end(size)

    def _end(self, first: int) -> None:
        self.lines.update(self.tally)
        self.tally.clear()
        self.first, self.whole = first, True

    def _add(self, code: str, leaf: Leaf, facts: Facts) -> None:
        self._findings.add(at_leaf(code, self.epoch, leaf, facts=facts))


def _differences(said: Statement, tally: Mapping[Line, int]) -> Iterator[tuple[Line, int, int]]:
    """The lines that say something else than the leaves: what they say, what was counted."""
    told: Counter[Line] = Counter()
    for one in said.lines:
        if one.kind != SUSPICION:
            told[one.kind, one.day, one.what, one.tenge] += one.count
    for line in sorted(told.keys() | tally.keys()):
        if told[line] != tally.get(line, 0):
            yield line, told[line], tally.get(line, 0)


def _wrong_totals(said: Statement) -> Iterator[tuple[str, int, int]]:
    try:
        found = sums((line.kind, line.tenge, line.count) for line in said.lines)
    except KeyError:  # a kind of line that this auditor does not know: told as a line that no leaf is counted in
        return
    for name, counted in found.items():
        told = getattr(said, name)
        if told != counted:
            yield name, told, counted


def _words(line: Line) -> Facts:
    kind, day, what, tenge = line
    return {"kind": shown(kind), "of": shown(day), "what": shown(what), "tenge": tenge}
