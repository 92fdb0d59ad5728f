"""Nothing that a box wrote is a style on the terminal, or an error of it; to a file nothing is cut off."""

from __future__ import annotations

import io

import pytest
from rich.table import Table

from centre.terminal import FILE_WIDTH, console


@pytest.mark.parametrize("text", ["[/hall]", "[red]hall[/red]", "[link=https://a.kz]hall[/link]", ":fire:", "[["])
def test_what_was_written_is_shown_as_it_is(text: str) -> None:
    out = io.StringIO()
    to = console(out)
    table = Table(box=None)
    table.add_column(text)
    table.add_row(text)
    to.print(table)
    to.print(f"place {text}")
    assert out.getvalue().count(text) == 3


def test_a_long_line_to_a_file_is_whole() -> None:
    out = io.StringIO()
    console(out).print("x" * FILE_WIDTH)
    assert out.getvalue() == "x" * FILE_WIDTH + "\n"
