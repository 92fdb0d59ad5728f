"""What is examined is reached from one root; a program that is not there, fails or hangs answers nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agent.config import StatePlaces
from agent.doctor import site
from agent.doctor.site import asking, number
from tests.agent.doctor.boxes import box, configured


def test_files_lie_under_the_root(tmp_path: Path) -> None:
    one = box(tmp_path, {"sys/a": " 1\n", "sys/b": "2"})
    assert one.text("/sys/a") == "1"
    assert one.text("sys/c") == ""
    assert [path.name for path in one.under("/sys/*")] == ["a", "b"]


def test_without_a_configuration_the_places_are_the_usual_ones(tmp_path: Path) -> None:
    assert box(tmp_path).places == StatePlaces()
    assert configured(tmp_path).places.directory == f"{tmp_path}/state"


@pytest.mark.parametrize(
    ("text", "base", "value"), [("12", 10, 12), ("0x50005", 16, 0x50005), ("", 10, None), ("x", 10, None)]
)
def test_a_number_or_none(text: str, base: int, value: int | None) -> None:
    assert number(text, base) == value


def test_a_program_answers_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PROGRAM_S", 0.2)
    ask = asking(os.environ)
    assert ask(["echo", "well"]) == "well\n"
    assert ask(["false"]) is None
    assert ask(["no-such-program"]) is None
    began_s = time.monotonic()
    assert ask(["sleep", "60"]) is None
    assert time.monotonic() - began_s < 10
