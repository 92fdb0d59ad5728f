"""A version of the agent as a thing that can be on trial: what runs, how the one before comes back.

Change   {"from", "to"}: versions
Undone   by root, which is asked for it; the agent is ended and started by systemd meanwhile
"""

from __future__ import annotations

import msgspec

from agent import __version__
from agent.trials.trial import Standing, Trial
from agent.update_events import UpdateInstalled, UpdateUndone
from agent.updates.staged import Shelf, Step

TRY_AGAIN = "interrupted"  # the power went before the switch: nothing was tried
NEVER_UP = "did_not_start"


class UpdateTrials:
    """Of shape TrialKind."""

    def __init__(self, shelf: Shelf, running: str = __version__) -> None:
        self._shelf, self._running = shelf, running

    def standing(self, trial: Trial) -> Standing:
        known = {trial.change["to"]: Standing.CHANGED, trial.change["from"]: Standing.BEFORE}
        return known.get(self._running, Standing.OTHER)

    def undo(self, trial: Trial) -> None:
        if self.standing(trial) is Standing.CHANGED:
            self._shelf.wish(do="back", version=trial.change["to"])
        else:
            self._shelf.withdraw()  # a switch that the power cut is not made now, when nobody watches it

    def told(self, trial: Trial) -> msgspec.Struct:
        version, before = trial.change["to"], trial.change["from"]
        if trial.outcome == "kept":
            return UpdateInstalled(version=version, before=before, order=trial.order)
        return UpdateUndone(
            version=version, before=before, reason=self._reason(trial), lost=list(trial.lost), order=trial.order
        )

    def settled(self, trial: Trial) -> None:
        staged = self._shelf.read()
        if staged is None or staged.version != trial.change["to"]:
            return
        reason = self._reason(trial)
        again = trial.outcome == "undone" and reason == TRY_AGAIN
        said = " ".join((trial.outcome, reason, *trial.lost)).strip()
        self._shelf.note(msgspec.structs.replace(staged, step=Step.SWITCH if again else Step.OVER, said=said))

    def _reason(self, trial: Trial) -> str:
        """The version before finds itself running and takes it for a power cut; root knows whether it had switched."""
        told = self._shelf.told()
        if trial.reason != TRY_AGAIN or told is None:
            return trial.reason
        switched = told.done and told.asks == {"do": "use", "version": trial.change["to"]}
        return NEVER_UP if switched or told.asks == {"do": "guard"} else TRY_AGAIN
