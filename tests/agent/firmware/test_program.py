"""A program that says no is told with its own words."""

from __future__ import annotations

import pytest

from agent.firmware.program import ProgramFailed, run_program


def test_what_it_prints() -> None:
    assert run_program(["echo", "yes"]) == "yes\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sh", "-c", "echo the card is gone >&2; exit 3"], "sh: the card is gone"),
        (["sh", "-c", "exit 3"], "sh: exit code 3"),
        (["no-such-program-anywhere"], "No such file"),
    ],
)
def test_why_there_is_nothing(words: list[str], said: str) -> None:
    with pytest.raises(ProgramFailed, match=said):
        run_program(words)
