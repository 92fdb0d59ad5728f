"""What an audit finds: a code, the leaves that it is about, and the facts for its words. Notes are told, and not held
against anybody.

Texts   finding.CODE in agent/texts, filled with the facts; instruction.CODE, in English here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from agent.audit.leaf import DAY_CHARS, Leaf, shown
from agent.texts import Texts

Facts = dict[str, str | int]

EACH_MOST = 100  # of one code in one log: the rest is counted

INSTRUCTIONS = {
    "A-111": "Ask the centre for these events, and why they are not there. Do not pay by this ledger until they are.",
    "A-112": "Compare both with the box's own ledger: only one of them was signed.",
    "A-113": "Ask the centre for this event as the box sent it.",
    "A-114": "Ask the centre how this event came here: it was issued elsewhere, or was changed.",
    "A-115": "Somebody changed the event after it was signed. Ask the centre for its copy, the journal of its database "
    "and the box; pay by what was signed.",
    "A-116": "The event is what was signed; the hash beside it was changed. Ask who writes to this database.",
    "A-117": "Audit again after the box's next checkpoint.",
    "A-118": "Ask the centre for the whole log: its first leaf says which log came before.",
    "A-131": "Ask the centre which key is the box's, on paper; give it with --key. Until then trust no root of it.",
    "A-132": "Compare these leaves with another copy: the box's database, an older export. One of the copies was "
    "changed.",
    "A-133": "Ask the centre for the missing leaves: the box has signed that they are there.",
    "A-134": "Keep both checkpoints: together they prove that the box, or who holds its key, told two histories.",
    "A-135": "Ask why a new ledger was begun, and for the last checkpoint of the one before.",
    "A-136": "Ask the cosigner which checkpoint it saw last, and compare it with those here.",
    "A-137": "Ask the centre for the checkpoints: a box signs one each hour. What nobody signed proves nothing.",
    "A-141": "Add up the leaves between the statements; ask why they were left out or counted twice.",
    "A-142": "Compare with another copy: the statement, or a leaf before it, was changed.",
    "A-143": "Find out which was changed, the leaves or the statement, before anything is paid by either.",
    "A-144": "Pay by the lines, and ask for support: a box adds up by itself.",
    "A-151": "Ask for a new proof. If that one fails too, the meal is not in the ledger as it is shown.",
    "A-161": "Audit again after the next checkpoint; until then the box could still change them.",
    "A-162": "Get the box's key from somebody else than who gave you these data, and give it with --key.",
    "A-163": "Look at the next statement. If the ledger has ended, count them by their leaves, as the sums here do.",
    "A-164": "To check these as well, audit the centre's database or its export.",
    "A-165": "Audit an export of the whole ledger to see the log before.",
}
NOTES = frozenset(("A-161", "A-162", "A-163", "A-164", "A-165"))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an auditor must know."""

    code: str
    epoch: str = ""  # of which log
    first: int = -1  # index of the first leaf that it is about
    last: int = -1  # of the last
    sequence: int = -1  # of the first leaf's event
    day: str = ""  # of the first leaf
    until: str = ""  # of the last
    case: str = ""  # which of the code's texts
    facts: Facts = {}

    @property
    def is_note(self) -> bool:
        return self.code in NOTES

    def words(self, say: Texts) -> str:
        """What it is, and what that means."""
        key = f"finding.{self.code}{'-' if self.case else ''}{self.case}"
        told = self.facts | {"where": self._where(say)}
        if "kind" in told:  # of a statement's line
            told |= {"kind": say.word("ledger_line.", str(told["kind"]))}
        return say(key).format_map(told)

    def do(self, say: Texts) -> str:
        return say.instruction(self.code, INSTRUCTIONS[self.code])

    def _where(self, say: Texts) -> str:
        if self.first < 0:
            return ""
        many = self.last > self.first
        found = say("audit.leaf_range" if many else "audit.leaf").format(first=self.first, last=self.last)
        more = [say("audit.sequence").format(sequence=self.sequence)] if self.sequence >= 0 else []
        more += [" – ".join(dict.fromkeys(shown(day, DAY_CHARS) for day in (self.day, self.until) if day))]
        return f"{found} ({', '.join(filter(None, more))})" if any(more) else found


def at_leaf(code: str, epoch: str, leaf: Leaf, *, case: str = "", facts: Facts | None = None) -> Finding:
    """A finding about one leaf."""
    return Finding(
        code=code, epoch=epoch, first=leaf.index, last=leaf.index, sequence=leaf.sequence, day=leaf.day, case=case,
        facts=facts or {},
    )  # fmt: skip


class Findings:
    """Gathers them, in order; of one code in one log at most so many."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, finding: Finding) -> None:
        key = finding.epoch, finding.code
        self._counts[key] += 1
        if self._counts[key] <= EACH_MOST:
            self.all.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add(finding)

    def untold(self) -> dict[str, int]:
        """How many more there were, by code."""
        found: Counter[str] = Counter()
        for (_, code), count in self._counts.items():
            found[code] += max(0, count - EACH_MOST)
        return {code: count for code, count in sorted(found.items()) if count}
