"""The step at each start, before the configuration is parsed: a change with which the agent does not come up is undone.

Counts   starts with the change, and how many one after the other did not come up. The third of these is made without
         the change; so is one of too many starts in all: an agent that ends again and again is no better.
Once     a start is counted once, also where a unit's ExecStartPre= does it before the agent itself: both have the same
         INVOCATION_ID of systemd.exec(5).
Never    raises for the disk: a box that cannot write still starts.
"""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import msgspec

from agent.trials.trial import Kinds, Standing, Trial, TrialFile, ended

log = logging.getLogger("agent.trials")

UNREADY_MOST = 3  # this start would be the third in a row
STARTS_MOST = 8  # within one trial, ready or not
HERE_BEFORE = {Standing.BEFORE: "interrupted", Standing.OTHER: "changed_on_site"}


def state_directory(config: Path, given: str, default: str) -> Path:
    """Where the state lies, by a configuration that may be unusable. given: STATE_DIRECTORY of systemd.exec(5)."""
    try:
        said = tomllib.loads(config.read_text(encoding="utf-8")).get("state", {}).get("directory")
    except (OSError, ValueError, AttributeError, RecursionError):
        said = None
    return Path(said if isinstance(said, str) and said else given.partition(":")[0] or default)


def at_start(file: TrialFile, kinds: Kinds, invocation: str = "") -> None:
    """Count this start; undo the change if that was one too many, or finish what a power cut left half done."""
    trial = file.read()
    if trial is None:
        return
    kind = kinds.get(trial.what)
    if kind is None:
        log.error("a trial of `%s` goes on, which this version does not know", trial.what)
        return
    try:
        counted = _counted(trial, invocation)
        if not counted.outcome and (here := HERE_BEFORE.get(kind.standing(counted))):
            counted = ended(counted, "undone", here)
        if counted != trial:
            file.note(counted)
        if counted.outcome == "undone":
            kind.undo(counted)
            log.warning("the %s of %s is undone: %s", counted.what, counted.began, counted.reason)
    except (OSError, LookupError, ValueError) as error:
        log.error("the trial cannot be written down or undone: %s", error)


def _counted(trial: Trial, invocation: str) -> Trial:
    """With this start, and undone if it is one too many."""
    if trial.outcome or (invocation and invocation == trial.invocation):
        return trial
    starts, unready = trial.starts + 1, trial.unready + 1
    counted = msgspec.structs.replace(trial, starts=starts, unready=unready, invocation=invocation)
    if unready >= UNREADY_MOST:
        return ended(counted, "undone", "did_not_start")
    return ended(counted, "undone", "kept_ending") if starts >= STARTS_MOST else counted


def came_up(file: TrialFile) -> None:
    """The agent is ready. Raises OSError."""
    trial = file.read()
    if trial is not None and trial.unready and not trial.outcome:
        file.note(msgspec.structs.replace(trial, unready=0))
