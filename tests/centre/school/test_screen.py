"""What a person reads: each mistake with its place on one line and what to do below, and what will change."""

from __future__ import annotations

import io

from centre.school.changes import Change
from centre.school.faults import Findings
from centre.school.screen import SHOWN_MAX, draw_changes, draw_faults, progress
from centre.terminal import console


def shown(findings: Findings) -> list[str]:
    out = io.StringIO()
    draw_faults(findings.faults, findings.remarks, console(out))
    return out.getvalue().splitlines()


def test_a_mistake_is_one_line_and_what_to_do() -> None:
    findings = Findings()
    findings.fault("pupils.csv", 14, "class", "5A", "is no class of classes.csv", "Add it. " + "x" * 600)
    findings.remark("staff.csv", 0, "", "", "nobody may", "Look.")
    lines = shown(findings)
    assert lines[0] == "pupils.csv:14  class  «5A»  is no class of classes.csv"
    assert lines[1] == "    → Add it. " + "x" * 600
    assert lines[2:] == ["staff.csv  nobody may", "    → Look.", "1 mistake: nothing is loaded."]


def test_thousands_are_counted_not_shown() -> None:
    findings = Findings()
    for line in range(3_000):
        findings.fault("pupils.csv", line, "class", "", "is empty", "Fill it in.")
    lines = shown(findings)
    assert len(lines) == 2 * SHOWN_MAX + 2
    assert lines[-2:] == ["… and 2800 more; --json has all of them", "3000 mistakes: nothing is loaded."]


def test_only_what_changes_has_a_row() -> None:
    out = io.StringIO()
    same = Change(what="bells", before=9, after=9, added=0, removed=0, changed=0)
    none = Change(what="duties", before=0, after=0, added=0, removed=0, changed=0)
    draw_changes([Change(what="pupils", before=8, after=7, added=1, removed=2, changed=3), same, none], console(out))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines == [
        ["before", "after", "added", "removed", "changed"],
        ["pupils", "8", "7", "1", "2", "3"],
        ["unchanged:", "9", "bells"],
    ]


def test_the_bar_is_for_terminals() -> None:
    assert progress().disable
