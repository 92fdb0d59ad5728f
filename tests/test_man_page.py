"""docs/man is what scripts/man_page.py writes now, and it is a page that roff takes without a word."""

from __future__ import annotations

import re
import subprocess

import pytest

from agent.cli.main import COMMANDS
from scripts.man_page import FOLDER, _guarded, _line, files, page

MACROS = {".TH", ".SH", ".SS", ".TP", ".PP", ".BR", ".RS", ".RE", ".br", ".nf", ".fi", '.\\"'}


@pytest.mark.parametrize("name", files())
def test_the_file_is_as_it_would_be_written_now(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == files()[name], "run: make docs"


def test_every_command_is_in_it() -> None:
    text = page()
    assert [name for name in COMMANDS if f"\\fBmektep {name}\\fR" not in text] == []


def test_no_line_is_an_order_that_is_none() -> None:
    orders = {line.split()[0] for line in page().splitlines() if line.startswith((".", "'"))}
    assert orders <= MACROS
    assert re.findall(r"\]\(|\*\*|`", page()) == []


@pytest.mark.parametrize(
    ("markdown", "roff"),
    [
        ("see [the page](x.md) and `--json`", "see the page and \\fB\\-\\-json\\fR"),
        ("**never** a\\b", "\\fBnever\\fR a\\eb"),
        (".hidden", "\\&.hidden"),
        ("'tis", "\\&'tis"),
    ],
)
def test_markdown_within_a_line(markdown: str, roff: str) -> None:
    assert _guarded(_line(markdown)) == roff


def test_groff_takes_it_without_a_word() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-Kutf8"], input=page(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "the edge agent of a school" in " ".join(done.stdout.split())
