"""The configuration as a thing that can be on trial: what is in force, how it is replaced, how it is put back.

Change   {"file", "sha256", "before": SHA-256, "entry", "before_entry": numbers in the history}
Local    a file that somebody has changed on site meanwhile is never overwritten: then the trial is over
Raises   OSError
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import msgspec

from agent.private_file import half_made, publish
from agent.trial_events import ConfigApplied, ConfigUndone
from agent.trials.history import Entry, History, sha256_of
from agent.trials.trial import Standing, Trial


def replace(path: Path, text: bytes) -> None:
    """Atomically, on the disk when it returns; owner and mode as they were, as far as this user may set them."""
    path = path.resolve()  # a link stays a link
    was = path.stat()
    fresh = half_made(path)
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with contextlib.suppress(PermissionError):
            os.fchown(out.fileno(), -1, was.st_gid)
            os.fchown(out.fileno(), was.st_uid, -1)
        os.fchmod(out.fileno(), stat.S_IMODE(was.st_mode))
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    publish(fresh, path)


def change_of(path: Path, new: Entry, before: Entry) -> dict[str, str]:
    """For Trials.begin()."""
    return {
        "file": str(path),
        "sha256": new.sha256,
        "before": before.sha256,
        "entry": str(new.number),
        "before_entry": str(before.number),
    }


class ConfigTrials:
    """Of shape TrialKind."""

    def __init__(self, history: History) -> None:
        self._history = history

    def standing(self, trial: Trial) -> Standing:
        try:
            here = sha256_of(Path(trial.change["file"]).read_bytes())
        except FileNotFoundError:
            return Standing.OTHER
        known = {trial.change["sha256"]: Standing.CHANGED, trial.change["before"]: Standing.BEFORE}
        return known.get(here, Standing.OTHER)

    def undo(self, trial: Trial) -> None:
        if self.standing(trial) is Standing.CHANGED:
            before = self._history.folder / f"{int(trial.change['before_entry']):04}.toml"
            replace(Path(trial.change["file"]), before.read_bytes())

    def told(self, trial: Trial) -> msgspec.Struct:
        sha256, before = trial.change["sha256"], trial.change["before"]
        if trial.outcome == "kept":
            return ConfigApplied(sha256=sha256, before=before, by=trial.by, order=trial.order)
        return ConfigUndone(
            sha256=sha256, before=before, by=trial.by, reason=trial.reason, lost=list(trial.lost), order=trial.order
        )

    def settled(self, trial: Trial) -> None:
        self._history.close(int(trial.change["entry"]), trial.outcome, trial.reason, trial.lost)
