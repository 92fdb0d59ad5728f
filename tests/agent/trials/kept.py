"""For tests: a thing on trial that is a word in a file, and what it was asked to do."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.trial_events import ConfigApplied, ConfigUndone
from agent.trials.trial import Standing, Trial, TrialFile
from agent.trials.verdict import Seen

AT = "2026-11-26T08:00:00.000000Z"
SHA = "ab" * 32
WELL = Seen(link=True, centre=True, working=frozenset({"canteen-1"}))


class Word:
    """Of shape TrialKind. The file holds "new" or "old"."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settled_trials: list[Trial] = []
        self.broken = False

    def standing(self, _trial: Trial) -> Standing:
        known = {"new": Standing.CHANGED, "old": Standing.BEFORE}
        return known.get(self.path.read_text(), Standing.OTHER)

    def undo(self, trial: Trial) -> None:
        if self.broken:
            raise OSError("the disk refuses")
        if self.standing(trial) is Standing.CHANGED:
            self.path.write_text("old")

    def told(self, trial: Trial) -> msgspec.Struct:
        if trial.outcome == "kept":
            return ConfigApplied(sha256=SHA, before="", by=trial.by)
        return ConfigUndone(sha256=SHA, before="", by=trial.by, reason=trial.reason, lost=list(trial.lost))

    def settled(self, trial: Trial) -> None:
        self.settled_trials.append(trial)


def begun(folder: Path, word: str = "new") -> tuple[TrialFile, Word]:
    """A trial that has begun, and the thing as it is."""
    kind = Word(folder / "word")
    kind.path.write_text(word)
    file = TrialFile(folder)
    file.begin("word", "centre", AT, 300, WELL, {})
    return file, kind


def outcome(file: TrialFile) -> tuple[str, str]:
    trial = file.read()
    assert trial is not None
    return trial.outcome, trial.reason
