"""What can be on trial: each has the shape of TrialKind."""

from __future__ import annotations

from pathlib import Path

from agent.trial_kinds import trial_kinds
from agent.trials.config_file import ConfigTrials
from agent.trials.history import History
from agent.trials.trial import TrialKind
from agent.updates.staged import Shelf
from agent.updates.trial_kind import UpdateTrials

_: tuple[TrialKind, ...] = (ConfigTrials(History(Path())), UpdateTrials(Shelf(Path())))


def test_a_configuration_and_a_version_can_be_on_trial(tmp_path: Path) -> None:
    assert {name: type(kind) for name, kind in trial_kinds(tmp_path).items()} == {
        "config": ConfigTrials,
        "update": UpdateTrials,
    }
