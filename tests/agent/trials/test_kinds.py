"""What can be on trial: each has the shape of TrialKind."""

from __future__ import annotations

from pathlib import Path

from agent.trials.config_file import ConfigTrials
from agent.trials.history import History
from agent.trials.kinds import trial_kinds
from agent.trials.trial import TrialKind

_: TrialKind = ConfigTrials(History(Path()))


def test_a_configuration_can_be_on_trial(tmp_path: Path) -> None:
    assert isinstance(trial_kinds(tmp_path)["config"], ConfigTrials)
