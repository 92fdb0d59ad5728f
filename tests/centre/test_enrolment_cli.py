"""What the commands of enrolment take and refuse before anything is opened."""

from __future__ import annotations

import sys

import pytest

from centre.cli import main
from centre.enrolment_cli import DAYS_MAX

WRONG = [
    ["enrol"],
    ["enrol", "school-07", "--days", "0"],
    ["enrol", "school-07", "--days", str(DAYS_MAX + 1)],
    ["enrol", "school-07", "--days", "soon"],
    ["certificate"],
    ["certificate", "revoke"],
    ["certificate", "renew", "--within", "0"],
    ["certificate", "renew", "--all", "--within", "3"],
    ["lost"],
    ["est", "--port", "x"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_word_that_there_is_not_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: mektep-centre" in capsys.readouterr().err


def test_a_server_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "centre.est", None)
    assert main(["est"]) == 2
    assert "mektep-centre[est]" in capsys.readouterr().err
