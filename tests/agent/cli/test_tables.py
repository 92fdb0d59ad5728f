"""Tables and lines that make themselves narrow: headings break first, then cells; nothing is cut."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from agent.cli import screen, tables
from agent.texts import load_texts

SAY = load_texts("en")
NAME = "a-name-as-long-as-a-name-may-be-32"
CELLS = (NAME, "QUARANTINED", "2025-11-22 11:41", "123456", "2025-11-22 11:41", "1234")


def drawn(what: object, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    out = io.StringIO()
    screen.console(out).print(what)
    return out.getvalue().splitlines()


def wide() -> tables.Columns:
    table = tables.columns(SAY, "device", "state", "since", "readings", "last", "garbled")
    table.add_row(*CELLS)
    return table


def test_where_there_is_room_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    head, row = drawn(wide(), 120, monkeypatch)
    assert row.split() == " ".join(CELLS).split()
    assert "last reading" in head


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_nothing_is_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = drawn(wide(), width, monkeypatch)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    letters = "".join("".join(lines).split())
    told = (*CELLS, "device", "state", "since", "readings", "last reading", "garbled")
    assert sorted(letters) == sorted("".join("".join(told).split()))


def test_headings_break_before_cells_do(monkeypatch: pytest.MonkeyPatch) -> None:
    table = tables.columns(SAY, "epoch", "accepted", "stored", "owed", "owed_since", "kept_from")
    table.add_row("1f0d7c1e", "480", "450", "30", "12:02:34", "1")
    *heads, row = drawn(table, 50, monkeypatch)
    assert " ".join(" ".join(heads).split()) == "on owed disk epoch accepted stored owed since from"
    assert row.split() == ["1f0d7c1e", "480", "450", "30", "12:02:34", "1"]


def test_a_line_breaks_between_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = tables.Parts([Text("school-07  running"), Text("devices 3/6"), Text("centre offline"), Text("to do 6")])
    assert drawn(parts, 80, monkeypatch) == ["school-07  running   devices 3/6   centre offline   to do 6"]
    assert drawn(parts, 40, monkeypatch) == ["school-07  running   devices 3/6", "centre offline   to do 6"]


def test_what_to_do_wraps_beside_its_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    table = tables.rows("What to do")
    table.add_row("P-104", tables.told("P-104", "/dev/a went away: it hung up", "Check the plug. " * 6, SAY))
    lines = drawn(table, 60, monkeypatch)
    assert lines[:2] == ["What to do", " P-104  /dev/a went away: it hung up"]
    assert lines[2].startswith("        → Check the plug.")
    assert all(line.startswith("          Check") or line.startswith("          the") for line in lines[3:])


def test_no_line_ends_in_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(line == line.rstrip() for line in drawn(wide(), 120, monkeypatch))


def test_numbers_stand_to_the_right_where_a_table_says_which_they_are() -> None:
    def justified(table: tables.Columns) -> list[str]:
        return [one.justify for one in table.columns]

    assert justified(tables.columns(SAY, "device", "readings")) == ["left", "right"]
    assert justified(tables.columns(SAY, "hits", "weekly", section="tuned", right=("weekly",))) == ["left", "right"]
