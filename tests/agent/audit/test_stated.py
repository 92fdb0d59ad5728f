"""Statements against their leaves: range, lines, totals, roots, and what nobody has stated yet."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.audit.findings import Findings
from agent.audit.leaf import STATEMENT, Kept, Leaf, read
from agent.audit.stated import Stated
from agent.ledger.lines import Line
from tests.agent.audit.kept import changed, ledger

GRANTED: Line = ("granted", "2026-09-01", "free_1_4", 745)
MADE = ledger()
INDEX = next(place for place, event in enumerate(MADE.events) if STATEMENT.encode() in event)


def heard(**said: Any) -> list[tuple[str, dict[str, str | int]]]:
    """What is said of the first statement with something else in it."""
    findings = Findings()
    stated = Stated(MADE.epoch, findings)
    for event in MADE.events[:INDEX]:
        leaf = read(Kept(body=event))
        if leaf.line:
            stated.tally[leaf.line] += 1
    stated.statement(read(Kept(body=changed(MADE.events[INDEX], lambda event: event["data"].update(said)))))
    stated.finish(INDEX + 1)
    return [(one.code, one.facts) for one in findings.all]


def test_a_sound_statement() -> None:
    assert heard() == []


def test_a_statement_of_other_leaves() -> None:
    assert heard(first=3, end=9) == [("A-141", {"first": 3, "end": 9, "from": 0, "to": INDEX})]


def test_another_line_and_its_total() -> None:
    lines = msgspec.to_builtins(read(Kept(body=MADE.events[INDEX])).data.lines)
    (line,) = [one for one in lines if one["kind"] == "granted" and one["what"] == "social" and one["day"]]
    line["count"] += 1
    found = heard(lines=lines)
    assert [code for code, _ in found] == ["A-143", "A-144", "A-144"]
    assert found[0][1] == {
        "kind": "granted", "of": line["day"], "what": "social", "tenge": 800,
        "told": line["count"], "counted": line["count"] - 1,
    }  # fmt: skip
    assert [facts["name"] for _, facts in found[1:]] == ["meals", "meals_tenge"]


def test_suspicions_are_no_leaves_and_add_up_all_the_same() -> None:
    lines = msgspec.to_builtins(read(Kept(body=MADE.events[INDEX])).data.lines)
    lines.append({"kind": "suspicion", "day": "2026-09-01", "what": "too_fast", "tenge": 0, "count": 2})
    assert heard(lines=lines, suspicions=2) == []
    assert [code for code, _ in heard(lines=lines)] == ["A-144"]


def test_a_kind_of_line_that_is_not_known() -> None:
    lines = msgspec.to_builtins(read(Kept(body=MADE.events[INDEX])).data.lines)
    lines.append({"kind": "gift", "day": "2026-09-01", "what": "x", "tenge": 1, "count": 2})
    assert [code for code, _ in heard(lines=lines)] == ["A-143"]


def test_leaves_that_cannot_be_read_are_not_held_against_the_statement() -> None:
    findings = Findings()
    stated = Stated(MADE.epoch, findings)
    stated.whole = False
    stated.statement(read(Kept(body=MADE.events[INDEX])))
    assert (findings.all, stated.unchecked, stated.whole) == ([], 1, True)


def test_roots() -> None:
    findings = Findings()
    stated = Stated(MADE.epoch, findings)
    leaf = read(Kept(body=MADE.events[INDEX]))
    stated.statements.append(leaf)
    stated.compare_roots({leaf.data.first: leaf.data.root_first, leaf.data.end: leaf.data.root_end})
    stated.compare_roots({})  # nobody knows better
    assert findings.all == []
    stated.compare_roots({leaf.data.end: "another"})
    assert [(one.code, one.facts["counted"]) for one in findings.all] == [("A-142", "another")]


def test_what_is_not_stated_yet() -> None:
    findings = Findings()
    stated = Stated("epoch", findings)
    stated.tally[GRANTED] = 3
    stated.finish(10)
    assert [(one.code, one.facts) for one in findings.all] == [("A-163", {"count": 3, "tenge": 2_235})]
    assert stated.lines == {GRANTED: 3}


def test_a_leaf_of_nothing() -> None:
    assert read(Kept(body=b"{}")) == Leaf(-1, fault="no_event")
