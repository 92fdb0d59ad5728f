"""Every file of a school has its shape, and the page tells every column."""

from __future__ import annotations

import re

import pytest

from centre.school.lines import FILES, REQUIRED
from centre.school.numbers import PRINTS
from centre.school.tables import columns
from centre.school.year import KEYS
from tests.centre.school.folders import EXAMPLE, text
from tests.source_tree import ROOT

PAGE = (ROOT / "docs/school-data.md").read_text(encoding="utf-8")


def test_the_example_has_every_file() -> None:
    assert {path.stem for path in EXAMPLE.glob("*.csv")} == set(FILES)
    assert set(REQUIRED) <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_column_is_on_the_page_and_in_the_example(name: str) -> None:
    part = PAGE.partition(f"\n### {name}.csv")[2].partition("\n### ")[0]
    told = re.findall(r"^\| `([a-z_]+)` \|", part, re.MULTILINE)
    assert told == list(columns(FILES[name]))
    assert text(name).splitlines()[0].split(";") == told


def test_every_form_and_setting_is_on_the_page() -> None:
    assert [form for form in PRINTS if f"| `{form}` |" not in PAGE] == []
    assert [key for key in KEYS if f"| `{key}` |" not in PAGE] == []
