"""Measured figures become rows that say where, how often, and whether the target is met."""

from __future__ import annotations

import json

import pytest

from bench.figure import Figure
from scripts.figures_page import PAGE, machine, replaced, table


def row(figure: Figure) -> str:
    return table([json.loads(figure.line())]).splitlines()[-1]


def test_a_figure_is_a_row() -> None:
    met = Figure(  # all that there can be
        figure="drain",
        value=84_310.4,
        unit="events/s",
        limit_or_peer="bridge: 105040",
        ratio=0.80261,
        target=">= 30000",
        met=True,
        range=(1.5, 90_000.0),
        runs=3,
    )
    assert row(met) == "| drain | 84,310 events/s | 1.5 to 90,000 (3) | bridge: 105040 | 0.803 | >= 30000 | yes |"
    printed = Figure(figure="x", value=0.25, unit="ms", limit_or_peer="", ratio=None, target="", met=None)
    assert row(printed) == "| x | 0.25 ms | (1) |  |  |  |  |"
    missed = Figure(figure="x", value=9.0, unit="ms", limit_or_peer="5 ms", ratio=1.8, target="<= 5 ms", met=False)
    assert row(missed).endswith("| **no** |")


def test_the_machine_is_named_and_is_no_pi() -> None:
    assert "cores" in machine()
    assert "Not a Raspberry Pi" in machine()


def test_each_table_stands_between_its_own_marks() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for which, other in (("figures", "peers"), ("peers", "figures")):
        written = replaced(page, which, "new")
        assert f"<!-- {which}: written by scripts/figures_page.py -->\n\nnew\n<!-- end of {which} -->" in written
        assert page[page.index(f"<!-- {other}:") : page.index(f"<!-- end of {other}")] in written
        assert replaced(written, which, "new") == written
    with pytest.raises(ValueError, match="unpack"):
        replaced("no marks", "figures", "new")
