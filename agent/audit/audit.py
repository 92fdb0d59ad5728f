"""The audit of a school's ledger: every log leaf by leaf, its checkpoints and statements, and how the logs follow.

Once     one pass; nothing is kept of a leaf but its hash.
Not      reading: agent/audit/source.py; words: agent/audit/findings.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from operator import lt

import msgspec

from agent.audit.findings import Facts, Finding, Findings, at_leaf
from agent.audit.growth import MISSING, Growth
from agent.audit.leaf import OPENED, STATEMENT, Leaf
from agent.audit.reading import leaves_of
from agent.audit.signed import Head, Trusted, opened
from agent.audit.source import Source, SourceLog
from agent.audit.stated import Stated
from agent.audit.succession import Past, successions
from agent.audit.sums import Month, months
from agent.ledger.lines import Line
from agent.ledger.merkle import EMPTY_ROOT, HASH_BYTES
from agent.ledger.note import base64_text
from agent.ledger.origin import origin_of

Tick = Callable[[int], None]  # how much of the sources' totals was read since the last call


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one log."""

    epoch: str
    origin: str
    leaves: int
    vouched: int  # under the last checkpoint that agreed
    root: str  # of those, base64
    checkpoints: int  # that a trusted key has signed
    unchecked: int  # of those, after damage
    statements: int
    unsummed: int  # of those, of leaves that are not all here
    erased: int  # leaves whose child was erased
    hash_only: int  # leaves of which nothing else is here
    witnessed: dict[str, int]  # cosigner -> leaves under the last checkpoint that it has seen


def _is_counted(leaf: Leaf) -> bool:
    return leaf.line is not None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome."""

    school: str
    logs: list[LogView]
    findings: list[Finding]
    notes: list[Finding]
    untold: dict[str, int]  # how many more of a code there were
    months: list[Month]


class _Pass:
    """One log."""

    def __init__(self, log: SourceLog, school: str, keys: Trusted, findings: Findings) -> None:
        self.epoch = log.epoch
        self.findings = findings
        self.heads = opened(log.checkpoints(), school, log.epoch, keys, findings)
        self.growth = Growth(log.epoch, self.heads, log.hashes(), findings, self._count)
        self.stated = Stated(log.epoch, findings)
        self.opening: Leaf | None = None
        self.erased = self.hash_only = 0
        self.reissued: list[Leaf] = []
        self._log = log
        self._keys = keys
        self._sequence = -1
        self._event_source = f"/schools/{school}/{log.epoch}/record"

    def run(self, tick: Tick) -> None:
        for read_now, found in leaves_of(self._log.pieces()):
            for counted, some in groupby(found, _is_counted):
                leaves = list(some)
                if counted and self._are_plain(leaves):
                    self._take_all(leaves)
                else:
                    for leaf in leaves:
                        self._take(leaf)
            tick(read_now)
        self.growth.finish()
        self.stated.compare_roots({size: base64_text(root) for size, root in self.growth.roots.items()})
        self.stated.finish(self.growth.size)
        if self.hash_only:
            facts: Facts = {"count": self.hash_only, "leaves": self.growth.size}
            self.findings.add(Finding(code="A-164", epoch=self.epoch, facts=facts))
        for witness in self._keys.witnesses if self._keys.demanded else ():
            if self.heads and not any(witness.name in head.witnessed_s for head in self.heads):
                self.findings.add(Finding(code="A-136", epoch=self.epoch, case="none", facts={"name": witness.name}))

    def view(self, school: str) -> LogView:
        vouched = self.growth.vouched
        roots = {head.size: head.root for head in self.heads}
        return LogView(
            epoch=self.epoch,
            origin=origin_of(school, self.epoch),
            leaves=self.growth.size,
            vouched=vouched,
            root=base64_text(roots.get(vouched, EMPTY_ROOT)),
            checkpoints=len(self.heads),
            unchecked=self.growth.later,
            statements=len(self.stated.statements),
            unsummed=self.stated.unchecked,
            erased=self.erased,
            hash_only=self.hash_only,
            witnessed=_witnessed(self.heads, vouched),
        )

    def _are_plain(self, leaves: list[Leaf]) -> bool:
        """Whether there is nothing to say of any of them: looked at together, which is quick."""
        sequences = [self._sequence, *[leaf.sequence for leaf in leaves]]
        return (
            {leaf.source for leaf in leaves} == {self._event_source}
            and {leaf.fault or leaf.reissued for leaf in leaves} == {""}
            and all(map(lt, sequences, sequences[1:]))
            and self.growth.follow([leaf.index for leaf in leaves])
        )

    def _take_all(self, leaves: list[Leaf]) -> None:
        """Plain ones that count in a line each."""
        self._sequence = leaves[-1].sequence
        self.stated.tally.update([leaf.line for leaf in leaves if leaf.line])
        self.growth.take_all(leaves)

    def _take(self, leaf: Leaf) -> None:
        if leaf.index < 0:  # it does not say, and stands here
            leaf.index = self.growth.size
        if leaf.sequence > self._sequence and leaf.source == self._event_source and not leaf.fault:
            self._sequence = leaf.sequence
        else:
            self._look(leaf)
        if leaf.index == 0:
            self._begin(leaf)
        self.growth.take(leaf)

    def _look(self, leaf: Leaf) -> None:
        """What is wrong with it: whether it can be read, and is a leaf of this log."""
        if not (leaf.type or leaf.fault or self._log.partial):
            leaf.fault = "gone"
        if leaf.fault:
            self._add("A-114" if leaf.fault == "misplaced" else "A-113", leaf, leaf.fault)
        if leaf.source and leaf.source != self._event_source:
            self._add("A-114", leaf)
        if leaf.sequence >= 0:
            if leaf.sequence <= self._sequence:
                self._add("A-114", leaf, "sequence")
            self._sequence = leaf.sequence

    def _count(self, leaf: Leaf) -> None:
        """A leaf that has its place."""
        if leaf.line:
            self.stated.tally[leaf.line] += 1
        elif leaf.type == STATEMENT and leaf.data:
            self.growth.claim(leaf.index, leaf.data.root_end)
            self.growth.claim(leaf.index + 1, "")
            self.stated.statement(leaf)
        elif leaf.fault != MISSING and (leaf.fault or not leaf.type):
            self.stated.whole = False
            self.hash_only += not leaf.fault
        self.erased += leaf.erased
        if leaf.reissued:
            self.reissued.append(leaf)

    def _begin(self, leaf: Leaf) -> None:
        """The first leaf says which log this is."""
        if leaf.type == OPENED and leaf.data and leaf.data.epoch == self.epoch:
            self.opening = leaf
        elif leaf.type:
            self._add("A-118", leaf)

    def _add(self, code: str, leaf: Leaf, case: str = "") -> None:
        self.findings.add(at_leaf(code, self.epoch, leaf, case=case))


def audit(source: Source, keys: Trusted, tick: Tick = lambda _: None) -> Report:
    """Check everything that is here. Raises AgentError A-101 if the source cannot be read."""
    findings = Findings()
    if keys.from_source:
        findings.add(Finding(code="A-162"))
    passes: list[_Pass] = []
    for log in source.logs:
        passes.append(_Pass(log, source.school, keys, findings))
        passes[-1].run(tick)
    pasts = [Past(epoch=one.epoch, opening=one.opening, heads=one.heads, hashes=one.growth.hashes) for one in passes]
    successions(pasts, source.school, keys, findings)
    order = {one.epoch: number for number, one in enumerate(passes)}
    told = sorted(findings.all, key=lambda one: (order.get(one.epoch, -1), one.first, one.code))
    return Report(
        school=source.school,
        logs=[one.view(source.school) for one in passes],
        findings=[one for one in told if not one.is_note],
        notes=[one for one in told if one.is_note],
        untold=findings.untold(),
        months=months(_lines(passes)),
    )


def _lines(passes: list[_Pass]) -> Counter[Line]:
    """What all leaves add up to; one that was issued again is counted once."""
    lines: Counter[Line] = Counter()
    for number, one in enumerate(passes):
        lines.update(one.stated.lines)
        if number and one.reissued:
            before = _hashes_of(passes[:number])
            lines.subtract(Counter(leaf.line for leaf in one.reissued if leaf.line and leaf.hash in before))
    return lines


def _hashes_of(passes: list[_Pass]) -> set[bytes]:
    found: set[bytes] = set()
    for one in passes:
        joined = bytes(one.growth.hashes)
        found.update(joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))
    return found


def _witnessed(heads: list[Head], vouched: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for head in heads:
        if head.size <= vouched:
            found |= {name: max(head.size, found.get(name, 0)) for name in head.witnessed_s}
    return found
