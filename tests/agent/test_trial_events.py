"""The reasons of an undone change are those that the code gives."""

from __future__ import annotations

import msgspec
import pytest

from agent.trial_events import ConfigUndone
from agent.trials.start import HERE_BEFORE

GIVEN = ["link_gone", "device_lost", "part_failed", "did_not_start", "kept_ending", "by_hand", *HERE_BEFORE.values()]
EVENT = {"sha256": "0" * 64, "before": "", "by": "centre"}


@pytest.mark.parametrize("reason", GIVEN)
def test_a_reason_fits_the_contract(reason: str) -> None:
    assert msgspec.convert({**EVENT, "reason": reason}, ConfigUndone).reason == reason


def test_no_other_reason_does() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**EVENT, "reason": "mood"}, ConfigUndone)
