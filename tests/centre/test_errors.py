"""An error of the centre says what is wrong and what to do."""

from __future__ import annotations

from centre.errors import CentreError


def test_an_error_carries_code_fact_and_instruction() -> None:
    error = CentreError("K-103", "centre.toml: no database", do="Run `mektep-centre init`.")
    assert str(error) == "K-103 centre.toml: no database"
    assert (error.code, error.what, error.do) == ("K-103", "centre.toml: no database", "Run `mektep-centre init`.")
