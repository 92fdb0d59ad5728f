"""Mistakes of a configuration on a screen: each with its place and its cure, or the first one and how many more."""

from __future__ import annotations

import io

import pytest

from agent.cli.problems import report_all, report_first
from agent.strict import Problem
from agent.texts import load_texts

FILE = "/etc/mektep/agent.toml"
BAUD = Problem(
    code="C-005", file=FILE, key="reader[0].baud", value="9601", what="is none of 9600, 19200", do="Write one of them."
)
WHOLE = Problem(code="C-003", file=FILE, key="", value="", what="is not TOML", do="Mend the line named.")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_each_says_where_what_and_the_cure() -> None:
    out = io.StringIO()
    report_all([BAUD, WHOLE], out, load_texts("en"))
    assert out.getvalue().splitlines() == [
        f"C-005  {FILE}: reader[0].baud = 9601: is none of 9600, 19200",
        "       → Write one of them.",
        f"C-003  {FILE}: is not TOML",
        "       → Mend the line named.",
    ]


@pytest.mark.parametrize(("count", "last"), [(1, "Write one of them."), (2, "1 more mistake"), (3, "2 more mistakes")])
def test_a_command_that_cannot_go_on_names_the_first(count: int, last: str) -> None:
    out = io.StringIO()
    report_first([BAUD, WHOLE, WHOLE][:count], out, load_texts("en"))
    assert out.getvalue().startswith(f"C-005  {FILE}: reader[0].baud = 9601")
    assert "C-003" not in out.getvalue()
    assert last in out.getvalue().splitlines()[-1]
