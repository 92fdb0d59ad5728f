"""The table of what can be on trial."""

from __future__ import annotations

from pathlib import Path

from agent.trials.config_file import ConfigTrials
from agent.trials.history import History
from agent.trials.trial import Kinds


def trial_kinds(folder: Path) -> Kinds:
    """folder: state/config."""
    return {"config": ConfigTrials(History(folder))}
