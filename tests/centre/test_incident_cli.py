"""What the commands of incidents take and refuse before anything is opened."""

from __future__ import annotations

import pytest

from centre.cli import main

WRONG = [
    ["incident"],
    ["incident", "list", "--kind", "party"],
    ["incident", "list", "--days", "0"],
    ["incident", "answer", "x", "maybe"],
    ["incident", "answer", "x", "dismissed", "--reason", "boredom"],
    ["incident", "report", "school-07", "--kind", "fire"],
    ["incident", "report", "school-07", "--kind", "fire", "--words", "-", "--reporter", "king"],
    ["account", "add", "a", "--role", "king"],
    ["account"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_word_that_there_is_not_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: mektep-centre" in capsys.readouterr().err
