"""The history of configurations as a person reads it."""

from __future__ import annotations

import io
from typing import get_args

import pytest

from agent.cli.config_screen import draw
from agent.texts import LANGUAGES, load_texts
from agent.trial_events import Reason
from agent.trials.history import Entry
from agent.trials.trial import Trial
from agent.trials.verdict import Seen

REASONS = get_args(Reason)[1].pattern.strip("^$()").split("|")
AT = "2026-11-26T08:00:00.000000Z"
ENTRIES = [
    Entry(number=1, at=AT, by="technician", sha256="a", outcome="in_use"),
    Entry(number=2, at="", by="centre", sha256="b", outcome="undone", reason="device_lost", lost=("device/gym",)),
]
TRIAL = Trial(id="x", what="config", by="centre", began=AT, within_s=300, before=Seen())


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a row is a line


def drawn(entries: list[Entry], trial: Trial | None = None, language: str = "en") -> str:
    out = io.StringIO()
    draw(entries, trial, out, load_texts(language))
    return out.getvalue()


def test_the_newest_stands_first_with_why_it_was_undone() -> None:
    _, second, first = drawn(ENTRIES).splitlines()
    assert second.split()[0] == "0002"
    assert "undone: a device that worked was lost (device/gym)" in second
    assert first.split()[0] == "0001"
    assert "technician" in first
    assert "in use" in first


def test_a_trial_that_goes_on_is_said() -> None:
    assert drawn(ENTRIES, TRIAL).startswith("on trial: configuration,")
    assert "300 s" in drawn(ENTRIES, TRIAL).splitlines()[0]


def test_a_box_without_a_history_says_so() -> None:
    assert "No configuration is in the history yet" in drawn([])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_word(language: str, reason: str) -> None:
    assert load_texts(language)(f"config.{reason}") != f"config.{reason}"
