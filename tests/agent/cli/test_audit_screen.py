"""The audit's screen: a bar only for who watches, sums with their tariffs, strange words made harmless."""

from __future__ import annotations

import io

import pytest

from agent.audit.audit import LogView, Report
from agent.audit.findings import Finding
from agent.audit.leaf import Leaf
from agent.audit.one_leaf import Proven
from agent.audit.sums import Amount, Month
from agent.cli import audit_screen
from agent.texts import load_texts

SAY = load_texts("en")
LOG = LogView(
    epoch="1f0d7c1e-6f0a", origin="o", leaves=1_234, vouched=1_200, root="", checkpoints=3, unchecked=0, statements=2,
    unsummed=0, erased=1, hash_only=0, witnessed={},
)  # fmt: skip
MONTHS = [
    Month("2026-09", 3, 2_235, 1, 1_200, [Amount("free", 745, 3)], [Amount("chess", 1_200, 1)]),
    Month("", 1, 0, 0, 0, [Amount("", 0, 1)], []),
]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a row is a line


def drawn(report: Report) -> list[str]:
    out = io.StringIO()
    audit_screen.draw(report, out, SAY)
    return [" ".join(line.replace("\u00a0", "").split()) for line in out.getvalue().splitlines()]


def report(*findings: Finding, untold: dict[str, int] | None = None) -> Report:
    found = [one for one in findings if not one.is_note]
    notes = [one for one in findings if one.is_note]
    return Report(school="school-07\x1b", logs=[LOG], findings=found, notes=notes, untold=untold or {}, months=MONTHS)


def test_what_was_looked_at_and_what_it_adds_up_to() -> None:
    lines = drawn(report())
    assert lines[0] == "Ledger of school-07?"
    assert "1f0d7c1e 1234 1200 3 2 1" in lines
    assert "2026-09 free 745 3 2235" in lines
    assert "in all 3435" in lines
    assert "no day yet forgotten card 0 1 0" in lines
    assert lines[-1] == "In order: 1234 leaves, 1200 of them under a signed checkpoint."


def test_what_is_wrong_and_the_rest_of_it() -> None:
    lines = drawn(report(Finding(code="A-133", first=5, last=9, facts={"size": 10, "here": 5}), untold={"A-113": 7}))
    assert "A-133 leaves 5 to 9: some of these are missing. The box has signed 10 leaves, 5 are here." in lines
    assert "A-113: 7 more, not shown" in lines
    assert lines[-1] == "NOT in order: 8 findings."


def test_the_log_is_named_where_there_are_several() -> None:
    two = [Finding(code="A-112", epoch=epoch, first=1, last=1) for epoch in ("aaaaaaaa-1", "bbbbbbbb-2")]
    assert any(line.startswith("A-112 bbbbbbbb leaf 1: two leaves") for line in drawn(report(*two)))


def test_no_bar_for_a_file() -> None:
    out = io.StringIO()
    with audit_screen.bar(out, 100, SAY) as tick:
        tick(50)
    assert out.getvalue() == ""


def test_one_leaf() -> None:
    out = io.StringIO()
    leaf = Leaf(7, 9, "kz.mektep.meal.granted.v1", day="2026-09-01", line=("granted", "2026-09-01", "free", 745))
    audit_screen.draw_proven(Proven(leaf, 10), "e", out, SAY)
    assert "e/7  kz.mektep.meal.granted.v1  2026-09-01  free  745 ₸" in out.getvalue()
    assert "Proven" in out.getvalue()
