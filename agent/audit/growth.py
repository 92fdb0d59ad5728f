"""A log grown anew, leaf by leaf, and compared with each root that was signed: where they part, and at which leaf.

Window   the leaves since the last checkpoint that agreed. Where a root differs, the hashes that were kept beside the
         leaves are tried in their place: those that make the root right name the leaves that were changed.
Broken   where nothing makes it right, damage is between two checkpoints; what follows cannot be checked any more.
Late     a checkpoint is judged some leaves later, so that a leaf that only stands in the wrong line finds its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, product
from math import inf

from agent.audit.findings import Facts, Finding, Findings, at_leaf
from agent.audit.leaf import Leaf
from agent.audit.signed import Head
from agent.ledger.merkle import HASH_BYTES, Frontier
from agent.ledger.note import base64_text

LATE = 64
MISSING = "missing"
DAY_S = 86_400
GAP_MOST = 65_536  # more missing leaves at once than this are not waited for
DOUBTS_MOST = 6  # in one window: every choice among so many is tried, else only all of one kind


class Growth:
    """One log."""

    def __init__(
        self, epoch: str, heads: Sequence[Head], kept: bytes, findings: Findings, count: Callable[[Leaf], None]
    ) -> None:
        self.epoch = epoch
        self.vouched = 0  # leaves under the last checkpoint that agreed
        self.hashes = bytearray()  # of the leaves that were judged, as far as all are known
        self.roots: dict[int, bytes] = {}  # of the sizes that somebody claims a root of
        self.later = 0  # checkpoints that could not be checked after damage
        self._findings = findings
        self._kept = kept  # hashes of all leaves, if they are kept apart from the events
        self._heads: dict[int, set[bytes]] = {}
        for head in heads:
            self._heads.setdefault(head.size, set()).add(head.root)
        self._sizes = sorted(self._heads)
        self._next: float = self._sizes[0] if self._sizes else inf
        self._frontier: Frontier | None = Frontier()  # of the leaves before the window; None after damage
        self._base = 0
        self._window: list[Leaf] = []
        self._count = count  # told of each leaf, in the order of the log
        self._early: dict[int, Leaf] = {}  # those that wait for their turn
        self._others: dict[int, bytes] = {}  # index -> hash of another leaf that claims to be there
        self._claims: dict[int, str] = {0: ""}  # size -> root in base64 that a statement says, or nothing

    @property
    def size(self) -> int:
        return self._base + len(self._window)

    def take(self, leaf: Leaf) -> None:
        """The next leaf, as it stands in the source."""
        if leaf.index == self._base + len(self._window):
            self._append(leaf)
            if self._early:
                self._take_early()
        elif leaf.index > self.size:
            self._wait(leaf)
        else:
            self._late(leaf)

    def follow(self, indices: list[int]) -> bool:
        """Whether these are the next leaves, with nothing to wait for and no other hashes to look at."""
        return not (self._early or self._kept) and indices == list(range(self.size, self.size + len(indices)))

    def take_all(self, leaves: list[Leaf]) -> None:
        """Leaves that follow; their caller counts them."""
        self._window += leaves
        while self.size > self._next + LATE:
            self._judge_next()

    def _append(self, leaf: Leaf) -> None:
        if self._kept:
            self._add_kept(leaf)
        self._window.append(leaf)
        self._count(leaf)
        while leaf.index >= self._next + LATE:
            self._judge_next()

    def claim(self, size: int, root: str) -> None:
        """Somebody says, or will say, what the root of so many leaves is."""
        self._claims[size] = root

    def finish(self) -> None:
        """All leaves are here."""
        while self._early:
            self._give_up()
        while self._next <= self.size:
            self._judge_next()
        if self._sizes:
            self._findings.add(self._short())
        self._tell_missing(self._window)
        for leaf in self._doubted(self._window):
            self._findings.add(self._about("A-117", leaf))
        if self._frontier and all(leaf.hash for leaf in self._window):
            hashes = _hashes(self._window)
            self.hashes += b"".join(hashes)
            self._frontier = self._walk(hashes)
        if self._window and not self.later:
            self._tell_unvouched()

    def _tell_unvouched(self) -> None:
        """What no checkpoint covers yet; a box signs each hour, so that more than a day of it is no matter of time."""
        facts: Facts = {"count": len(self._window)}
        span_s = _seconds(self._window[-1]) - _seconds(self._window[0])
        code = "A-161" if self.vouched and 0 <= span_s <= DAY_S else "A-137"
        until = self._window[-1].day
        self._findings.add(self._finding(code, self._window[0], self._base, self.size - 1, facts, until=until))

    def _wait(self, leaf: Leaf) -> None:
        """One that stands before its place, or behind a gap."""
        far = leaf.index - self.size > GAP_MOST and leaf.index * HASH_BYTES >= len(self._kept)
        if far and self.size == 0 and not self._early:  # the log begins in the middle
            self._begin_at(leaf)
        elif far or leaf.index in self._early:
            self._findings.add(self._about("A-112", leaf, case="far" if far else ""))
        else:
            self._early[leaf.index] = leaf
            if len(self._early) > LATE:
                self._give_up()

    def _give_up(self) -> None:
        """What is waited for does not come: it is missing."""
        following = min(self._early)
        while self.size < following:
            self._append(Leaf(self.size, fault=MISSING))
        while self.size in self._early:
            self._append(self._early.pop(self.size))

    def _take_early(self) -> None:
        """What stood before its place has its turn; all of it is told as one range."""
        first = last = self._window[-1]
        while self.size in self._early:
            last = self._early.pop(self.size)
            self._append(last)
        if last is not first:
            at = (first.index, last.index)
            self._findings.add(self._finding("A-112", first, *at, {}, "order", until=last.day))

    def _late(self, leaf: Leaf) -> None:
        """One that stands behind its place: nothing may be there, or a line that cannot be read, or another leaf."""
        place = leaf.index - self._base
        there = self._window[place] if place >= 0 else None
        if there is None:
            self._findings.add(self._about("A-112", leaf, case="far"))
        elif there.hash and there.fault != MISSING:
            self._others[leaf.index] = leaf.hash
            self._findings.add(self._about("A-112", leaf))
        else:
            if there.fault == MISSING:
                self._findings.add(self._about("A-112", leaf, case="order"))
            if self._kept:
                self._add_kept(leaf)
            self._window[place] = leaf
            self._count(leaf)

    def _add_kept(self, leaf: Leaf) -> None:
        """The hash that is kept apart from it; it is also the only one of a leaf that is not here."""
        leaf.stored = self._kept[leaf.index * HASH_BYTES : (leaf.index + 1) * HASH_BYTES]
        leaf.hash = leaf.hash or leaf.stored

    def _begin_at(self, leaf: Leaf) -> None:
        """The first leaf that is here is not the first of the log: no root can be made of it."""
        self._frontier, self._base = None, leaf.index
        facts: Facts = {"count": leaf.index}
        self._findings.add(self._finding("A-111", None, 0, leaf.index - 1, facts))
        self.later += sum(size <= leaf.index for size in self._sizes)
        self._sizes = [size for size in self._sizes if size > leaf.index]
        self._next = self._sizes[0] if self._sizes else inf
        self._append(leaf)

    def _judge_next(self) -> None:
        """Compare the window up to the next checkpoint with what was signed."""
        size = self._sizes.pop(0)
        self._next = self._sizes[0] if self._sizes else inf
        window, self._window = self._window[: size - self._base], self._window[size - self._base :]
        self._tell_missing(window)
        if self._frontier is None:
            self.later += 1
        else:
            self._judge(window, size)
        self._base = size
        self._claims = {claimed: root for claimed, root in self._claims.items() if claimed >= size}

    def _judge(self, window: list[Leaf], size: int) -> None:
        roots = self._heads[size]
        whole = b"" not in {leaf.hash for leaf in window}
        for choice in _choices(window, self._others) if whole else ():
            frontier = self._walk(choice)
            if frontier.root() in roots:
                self._frontier, self.vouched = frontier, size
                self.hashes += b"".join(choice)
                self._tell_changed(window, choice)
                return
        end = self._first_disagreement(_hashes(window), size) if whole else size
        self._frontier = None
        self.later += 1
        facts: Facts = {"size": size, "before": self._base, "root": base64_text(min(roots))}
        case = "" if whole else "missing"
        self._findings.add(self._finding("A-132", window[0], self._base, end - 1, facts, case, window[-1].day))

    def _walk(self, hashes: Sequence[bytes]) -> Frontier:
        """The log with these leaves more; the roots on the way that somebody claims are noted."""
        frontier, at = self._frontier or Frontier(), self._base
        begin = at
        for size in sorted(size for size in self._claims if at <= size <= begin + len(hashes)):
            frontier = frontier.extend(hashes[at - begin : size - begin])
            self.roots[size], at = frontier.root(), size
        return frontier.extend(hashes[at - begin :])

    def _first_disagreement(self, hashes: Sequence[bytes], size: int) -> int:
        """Where damage must have begun: at the leaf of the first statement whose root is another, at the latest."""
        self._walk(hashes)
        for claimed in sorted(self._claims):
            said = self._claims[claimed]
            if self._base <= claimed < size and said and said != base64_text(self.roots[claimed]):
                return claimed + 1
        return size

    def _tell_changed(self, window: list[Leaf], choice: Sequence[bytes]) -> None:
        if {leaf.stored for leaf in window} == {b""}:
            return
        for leaf, hash_ in zip(window, choice, strict=True):
            if leaf.hash != hash_ and leaf.stored == hash_:
                self._findings.add(self._about("A-115", leaf))
            elif leaf.stored and leaf.stored != hash_:
                self._findings.add(self._about("A-116", leaf))

    def _tell_missing(self, window: list[Leaf]) -> None:
        """Leaves that are not there, neighbours as one range."""
        if {leaf.fault for leaf in window} == {""}:
            return
        for missing, run in groupby(window, lambda leaf: leaf.fault == MISSING):
            if missing:
                indices = [leaf.index for leaf in run]
                facts: Facts = {"count": len(indices)}
                self._findings.add(self._finding("A-111", None, indices[0], indices[-1], facts))

    def _short(self) -> Finding:
        """Which leaves are missing nobody can say: who takes one out may number the later ones anew."""
        largest = self._sizes[-1]
        facts: Facts = {"size": largest, "here": self.size}
        return Finding(code="A-133", epoch=self.epoch, first=self._base, last=largest - 1, facts=facts)

    def _doubted(self, window: list[Leaf]) -> Iterator[Leaf]:
        return (leaf for leaf in window if leaf.stored and leaf.stored != leaf.hash)

    def _about(self, code: str, leaf: Leaf, *, case: str = "") -> Finding:
        return at_leaf(code, self.epoch, leaf, case=case)

    def _finding(
        self,
        code: str,
        leaf: Leaf | None,
        first: int,
        last: int,
        facts: Facts,
        case: str = "",
        until: str = "",
    ) -> Finding:
        day, sequence = (leaf.day, leaf.sequence) if leaf else ("", -1)
        return Finding(
            code=code, epoch=self.epoch, first=first, last=last, sequence=sequence, day=day, until=until, case=case,
            facts=facts,
        )  # fmt: skip


def _seconds(leaf: Leaf) -> float:
    """Since 1970, by the event's own time; 0 if only its hash is here, or the time is none."""
    try:
        return datetime.fromisoformat(leaf.time).timestamp() if leaf.time else 0
    except ValueError:
        return 0


def _hashes(window: list[Leaf]) -> list[bytes]:
    return [leaf.hash for leaf in window]


def _choices(window: list[Leaf], others: dict[int, bytes]) -> Iterator[list[bytes]]:
    """Which hashes the leaves may have had: as computed; then those that were kept beside them, or came twice."""
    computed = _hashes(window)
    yield computed  # the rest is looked at only if this is not it
    doubts: list[tuple[int, bytes]] = []
    for place, leaf in enumerate(window):
        if leaf.stored and leaf.stored != leaf.hash:
            doubts.append((place, leaf.stored))
        elif leaf.index in others:
            doubts.append((place, others[leaf.index]))
    ways = product((False, True), repeat=len(doubts)) if len(doubts) <= DOUBTS_MOST else [[True] * len(doubts)]
    for way in ways:
        if any(way):
            chosen = list(computed)
            for (place, other), taken in zip(doubts, way, strict=True):
                if taken:
                    chosen[place] = other
            yield chosen
