"""The table of what can be on trial."""

from __future__ import annotations

from pathlib import Path

from agent.trials.config_file import ConfigTrials
from agent.trials.history import History
from agent.trials.trial import Kinds
from agent.updates.staged import Shelf
from agent.updates.trial_kind import UpdateTrials


def trial_kinds(state: Path) -> Kinds:
    """state: the state directory."""
    return {"config": ConfigTrials(History(state / "config")), "update": UpdateTrials(Shelf(state / "updates"))}
