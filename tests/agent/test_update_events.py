"""What became of a version: its reasons are those of every trial, its numbers those of packages."""

from __future__ import annotations

import msgspec
import pytest

from agent.update_events import UpdateFailed, UpdateInstalled, UpdateUndone


@pytest.mark.parametrize("version", ["0.2.0", "1.0.0rc1", "2026.11.26+local.1"])
def test_a_version_is_that_of_a_package(version: str) -> None:
    assert msgspec.convert({"version": version, "before": "0.1.0"}, UpdateInstalled).version == version


@pytest.mark.parametrize("version", ["", "../0.2.0", "v1", "0.2.0\n", "0" * 40])
def test_nothing_else_is_one(version: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"version": version, "before": "0.1.0"}, UpdateInstalled)


def test_reasons_and_steps_are_words_of_the_contract() -> None:
    undone = {"version": "0.2.0", "before": "0.1.0"}
    assert msgspec.convert({**undone, "reason": "did_not_start"}, UpdateUndone).lost == []
    for wrong, type_ in (
        ({**undone, "reason": "mood"}, UpdateUndone),
        ({"version": "1", "step": "x", "said": ""}, UpdateFailed),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, type_)
