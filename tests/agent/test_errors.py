"""An error carries its code, its fact and its instruction, and shows the first two where it is logged."""

from __future__ import annotations

import pytest

from agent.config import ConfigError
from agent.errors import AgentError
from agent.strict import Problem
from agent.sync.linkerror import LinkError


def test_code_fact_and_instruction_are_kept_apart() -> None:
    error = AgentError("D-102", "the writer has ended", do="Nothing.")
    assert (error.code, error.what, error.do) == ("D-102", "the writer has ended", "Nothing.")
    assert str(error) == "D-102 the writer has ended"


@pytest.mark.parametrize(
    "error",
    [
        LinkError("L-103", "refused", do="Wait."),
        ConfigError([Problem(code="C-101", file="f", key="k", value="v", what="is no setting", do="Remove it.")]),
    ],
)
def test_every_error_of_the_package_is_one(error: AgentError) -> None:
    assert isinstance(error, AgentError)
    assert error.code
    assert error.what
    assert error.do


def test_the_instruction_must_be_named_and_cannot_be_left_out() -> None:
    with pytest.raises(TypeError):
        AgentError("D-102", "the writer has ended")  # type: ignore[call-arg]
