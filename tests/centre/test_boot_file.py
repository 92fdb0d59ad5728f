"""The file that makes a fresh card a school's box: TOML of everything, also of a configuration that holds quotes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre import keys, pki
from centre.boot_file import _quoted, boot_file
from centre.errors import CentreError
from centre.settings import EnrolmentSettings, Settings


def settings(folder: Path, **enrolment: str) -> Settings:
    words = EnrolmentSettings(**enrolment)  # type: ignore[arg-type]
    return Settings(database="sqlite:///x", broker_host="centre.example", folder=str(folder), enrolment=words)


def test_it_says_where_and_whom_to_believe(tmp_path: Path) -> None:
    with pytest.raises(CentreError, match="K-101"):
        boot_file(settings(tmp_path), "school-07", "t", "")
    keys.make_keys(tmp_path)
    pki.make_authority(tmp_path / "pki")
    found = tomllib.loads(boot_file(settings(tmp_path), "school-07", "t" * 32, ""))
    assert (found["est"], found["broker"]) == ("https://centre.example:8445", "mqtts://centre.example:8883")
    assert (found["school"], found["token"]) == ("school-07", "t" * 32)
    assert found["orders_key"] == (tmp_path / "orders.pub").read_text().strip()
    assert "config" not in found
    other = settings(tmp_path, est="https://est.example", broker="mqtts://b.example:1")
    found = tomllib.loads(boot_file(other, "school-07", "t", "[outbox]\n"))
    assert (found["est"], found["broker"], found["config"]) == (
        "https://est.example",
        "mqtts://b.example:1",
        "[outbox]\n",
    )


CONTROLS = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127)]  # TOML refuses them, whoever wrote them
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS))


@given(TEXT | st.text('"\\\n\r'))
def test_whatever_the_configuration_holds_comes_out_again(text: str) -> None:
    assert tomllib.loads(f"config = {_quoted(text)}")["config"] == text
