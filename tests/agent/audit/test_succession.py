"""One log after another: the first leaf of each names the last checkpoint of the one before, or it is told."""

from __future__ import annotations

import pytest

from agent.audit.audit import Report, audit
from agent.audit.signed import trusted
from bench.ledger_year import EPOCH, FIRST_DAY, SCHOOL, SECOND, Ledger
from tests.agent.audit.kept import Memory, MemoryLog, ledger

AT_NS = 1_790_000_000_000_000_000


def second(*, before: str = EPOCH, checkpoint: str = "", reason: str = "conflict") -> Ledger:
    made = Ledger(epoch=SECOND, seed=8)
    made.open(AT_NS, before=before, checkpoint=checkpoint, reason=reason)
    made.day(FIRST_DAY, 60)
    return made


def look(*made: Ledger) -> Report:
    return audit(Memory(*map(MemoryLog, made)), trusted(SCHOOL, [made[0].vkey], [], []))


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(one.code, one.case, one.epoch) for one in [*report.findings, *report.notes]]


def test_a_log_goes_on_where_the_one_before_was_signed_last() -> None:
    first = ledger()
    report = look(first, second(checkpoint=first.notes[-1][0]))
    assert told(report) == []
    assert [log.leaves for log in report.logs] == [len(first.events), 61]


@pytest.mark.parametrize(
    ("before", "note", "case"),
    [
        ("", None, "unnamed"),
        (SECOND, None, "other"),
        (EPOCH, None, "none"),
        (EPOCH, -2, "older"),
        (EPOCH, "rubbish", "unsigned"),
    ],
)
def test_a_log_that_does_not(before: str, note: int | str | None, case: str) -> None:
    first = ledger()
    named = first.notes[note][0] if isinstance(note, int) else note or ""
    assert told(look(first, second(before=before, checkpoint=named))) == [("A-135", case, SECOND)]


def test_a_checkpoint_of_another_history() -> None:
    first, other = ledger(), Ledger(seed=9)
    other.open(AT_NS)
    for day in range(3):
        other.day(FIRST_DAY, 400 + day)
    other.checkpoint()
    assert told(look(first, second(checkpoint=other.notes[-1][0]))) == [("A-135", "differs", SECOND)]
    other.day(FIRST_DAY, 1_500)
    assert told(look(first, second(checkpoint=other.notes[-1][0]))) == [("A-135", "more", SECOND)]


def test_without_the_log_before_it_is_told() -> None:
    made = second()
    assert told(audit(Memory(MemoryLog(made)), trusted(SCHOOL, [made.vkey], [], []))) == [("A-165", "", SECOND)]


def test_an_event_that_was_issued_again_is_counted_once() -> None:
    first, again = ledger(), second(checkpoint=ledger().notes[-1][0])
    alone = look(first, again).months
    for event in first.events[-40:-1]:
        again.put_again(event)
    again.state(FIRST_DAY, AT_NS)
    again.checkpoint()
    report = look(first, again)
    assert told(report) == []
    assert report.months == alone


def test_a_log_that_does_not_say_which_it_is() -> None:
    made = ledger()
    made.events[0] = made.events[0].replace(EPOCH.encode() + b'","before', SECOND.encode() + b'","before')
    assert ("A-118", "", EPOCH) in told(look(made))
