"""What an auditor is given, the lines of an export: what is wrong with them is told in words, never raised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.audit import export
from agent.audit.audit import audit
from agent.audit.leaf import Kept, read
from agent.audit.signed import trusted
from agent.audit.source import KeptNote, Piece
from agent.texts import load_texts
from bench.ledger_year import EPOCH, FIRST_DAY, SCHOOL, Ledger
from tests.fuzz.target import Target, shown_safely

SAY = load_texts("en")
MADE = Ledger()
MADE.open(1_790_000_000_000_000_000)
MADE.day(FIRST_DAY, 12)
NOTES = [KeptNote(*one) for one in MADE.notes]


class _Log:
    """Some lines as the log that was signed."""

    epoch, total, partial = EPOCH, 1, False

    def __init__(self, lines: Sequence[bytes], notes: Sequence[KeptNote]) -> None:
        self._lines, self._notes = lines, list(notes)

    def pieces(self) -> Iterator[Piece]:
        yield 1, [Kept(body=line) for line in self._lines if line]

    def checkpoints(self) -> list[KeptNote]:
        return self._notes

    def hashes(self) -> bytes:
        return b""

    def leaf(self, index: int) -> Kept | None:
        return None


class _Source:
    """One log of the school."""

    school, keys = SCHOOL, (MADE.vkey,)

    def __init__(self, log: _Log) -> None:
        self.logs = (log,)

    def close(self) -> None:
        """Nothing is open."""


def _told(lines: Sequence[bytes], notes: Sequence[KeptNote]) -> list[str]:
    report = audit(_Source(_Log(lines, notes)), trusted(SCHOOL, [MADE.vkey], [], []))
    for one in [*report.findings, *report.notes]:
        shown_safely(one.words(SAY))
    return [one.code for one in report.findings]


def lines_of_events(data: bytes) -> None:
    """Only the very leaves that were signed are in order; newer ones may follow."""
    lines = [line for line in data.split(b"\n") if line]
    codes = _told(lines, NOTES)
    if not codes:
        assert [read(Kept(body=line)).hash for line in lines[: len(MADE.events)]] == MADE.hashes


def lines_of_checkpoints(data: bytes) -> None:
    """What nobody has signed vouches for nothing."""
    notes = [export._note(line) for line in data.split(b"\n") if line]
    codes = _told(MADE.events, notes)
    known = {note.note for note in NOTES}
    assert "A-131" in codes or {note.note for note in notes} <= known
    assert "A-132" not in codes  # the events are those that were signed


TARGETS = {
    "audit, events": Target(
        lines_of_events,
        [
            b"\n".join(MADE.events),
            b"\n".join(MADE.events[:5]),
            b"\n".join(reversed(MADE.events)),
            b'{"leaf":"0","entry":"{}"}',
        ],
        most=16_384,
    ),
    "audit, checkpoints": Target(
        lines_of_checkpoints,
        [
            b'{"note":"","sequence":1,"cosigned":"x"}',
            b"\n".join(b'{"note":"%s"}' % n.encode().replace(b"\n", b"\\n") for n, _ in MADE.notes),
        ],
    ),
}
