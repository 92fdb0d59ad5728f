"""A wrong line is told with its code and what to do, in every language; the commands themselves stay as they are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent.cli.main import main
from agent.cli.wrong_use import CODE

LINES = {  # typed -> the fact, and what is to be typed for help
    "statusx": ("COMMAND: 'statusx' is none of status, doctor,", "Did you mean status? `mektep --help`"),
    "qqq": ("COMMAND: 'qqq' is none of status, doctor,", "`mektep --help`"),
    "": ("missing: COMMAND", "`mektep --help`"),
    "why": ("missing: name", "`mektep why --help`"),
    "status --foo": ("not known here: --foo", "`mektep status --help`"),
    "reader test gate --foo": ("not known here: --foo", "`mektep reader test --help`"),
    "reader tst gate": ("ACTION: 'tst' is none of test", "Did you mean test? `mektep reader --help`"),
    "why gate --since 5x": ("--since: '5x': write a number and m, h or d, such as 12h", "`mektep why --help`"),
    "tail --since": ("--since: a value must follow", "`mektep tail --help`"),
    "status --json=3": ("--json: takes no value: '3'", "`mektep status --help`"),
    "drill fire --zone x": ("--zone: 'x' is no number", "`mektep drill --help`"),
    "drill fire --zone 1 --place y": ("--place: not together with --zone", "`mektep drill --help`"),
    "tail --lane alrm": ("--lane: 'alrm' is none of alarm, record,", "Did you mean alarm? `mektep tail --help`"),
}  # fmt: skip


def said(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    return err


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_line(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    err = said(line, capsys)
    fact, do = LINES[line]
    usage, _, rest = err.partition(CODE)
    assert usage.startswith("usage: mektep")
    assert " ".join(rest.split()).startswith(fact)
    assert f"→ {do}" in " ".join(rest.split())
    assert max(map(len, err.splitlines())) <= 80


@pytest.mark.parametrize(("language", "use"), [("ru", "использование"), ("kk", "қолдану")])
@pytest.mark.parametrize("line", LINES)
def test_in_the_readers_language(
    language: str, use: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_KZ.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    err = said(line, capsys)
    assert err.startswith(f"{use}: mektep")
    for word in (
        "missing",
        "known here",
        "none of",
        "must follow",
        "Did you mean",
        "shows what",
        " is no ",
        "together",
    ):
        assert word not in err


def test_what_is_wrong_with_a_line_is_loaded_only_for_a_wrong_one() -> None:
    """Every command pays for what its start imports, on a Pi several times over."""
    code = (
        "import sys, agent.cli.main; print([one for one in ('difflib', 'agent.cli.wrong_use') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
