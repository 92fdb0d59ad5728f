"""A new configuration: checked whole, written down, put onto trial, and the agent restarted with it.

Refused    bad_config, with each mistake; forbidden_change: the school, [state] and the orders key are not changed from
           afar; changed_on_site: the file is not the one that is to be replaced; trial_running; incident_open: it would
           take the box away for a while, and nobody has said that this may be
Again      the same text while it is on trial or in force changes nothing; so does an order that comes again
Raises     Refusal; OSError where the disk or the rights of the file refuse
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent import config
from agent.clock import Clock
from agent.config import Config, ConfigError
from agent.restart import Restart
from agent.strict import Problem
from agent.trials.config_file import change_of, replace
from agent.trials.history import Entry, History, sha256_of
from agent.trials.trial import WITHIN_S, Trial
from agent.trials.watch import Busy, Trials
from agent.wall_time import rfc3339

BY_HAND = "by_hand"
INCIDENT_OPEN = "incident_open"


class Refusal(Exception):
    """Nothing has changed. reason: a word of docs/protocol.md, section 6; result: what else the centre is told."""

    def __init__(self, reason: str, result: dict[str, object] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.result = result or {}


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `config.apply`: it is on trial, the outcome comes as an event."""

    sha256: str
    before: str
    within_s: int  # 0: it was in force already


class NewConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be applied, and who wants it."""

    text: bytes
    by: str
    expects: str = ""  # SHA-256 of the file that it is to replace; empty: any
    within_s: int = WITHIN_S
    order: int = 0
    force: bool = True  # also while an incident is open


class ConfigChange:
    """One per box. running: what the agent was started with."""

    def __init__(
        self,
        running: Config,
        trials: Trials,
        history: History,
        restart: Restart,
        clock: Clock,
        incident_open: Callable[[], bool],
    ) -> None:
        self._running, self._trials, self._history = running, trials, history
        self._restart, self._clock, self._incident_open = restart, clock, incident_open
        self._path = Path(running.file)

    async def apply(self, wanted: NewConfig) -> Applied:
        """On trial, and the agent about to restart, when this returns."""
        here = sha256_of(await asyncio.to_thread(self._path.read_bytes))
        trial = await asyncio.to_thread(self._trials.now)
        sha256 = sha256_of(wanted.text)
        if (again := await asyncio.to_thread(self._again, wanted, sha256, here, trial)) is not None:
            return again
        if trial is not None:
            raise Refusal("trial_running", {"since": trial.began})
        if wanted.expects not in ("", here):
            raise Refusal("changed_on_site", {"sha256": here})
        await asyncio.to_thread(self._check, wanted.text)
        if self._incident_open() and not wanted.force:
            raise Refusal(INCIDENT_OPEN)
        return await self._begin(wanted, sha256)

    async def undo(self, by: str) -> Applied:
        """End the trial that goes on; else try the configuration before. Raises Refusal `nothing_before`."""
        trial = await asyncio.to_thread(self._trials.now)
        if trial is not None and trial.what == "config":
            await self._trials.stop(trial, BY_HAND)
            return Applied(sha256=trial.change["before"], before=trial.change["sha256"], within_s=0)
        before = await asyncio.to_thread(before_that, self._path, self._history)
        if before is None:
            raise Refusal("nothing_before")
        return await self.apply(NewConfig(text=await asyncio.to_thread(self._history.text, before), by=by))

    def _again(self, wanted: NewConfig, sha256: str, here: str, trial: Trial | None) -> Applied | None:
        """What was answered before, or that there is nothing to do."""
        known = [one for one in self._history.entries() if wanted.order and one.order == wanted.order]
        tried = any(one.sha256 == sha256 and one.reason != "interrupted" for one in known)
        on_trial = trial is not None and trial.change.get("sha256") == sha256
        if sha256 == here or tried:
            before = trial.change.get("before", "") if trial is not None and on_trial else here
            return Applied(sha256=sha256, before=before, within_s=wanted.within_s if on_trial or tried else 0)
        return None

    def _check(self, text: bytes) -> None:
        try:
            new = config.read(text.decode(), self._running.file)
        except UnicodeDecodeError as error:
            raise Refusal("bad_config", {"problems": [f"it is not UTF-8 text: {error}"]}) from error
        except ConfigError as error:
            raise Refusal("bad_config", {"problems": [said(one) for one in error.problems]}) from error
        if forbidden := list(_forbidden(self._running, new)):
            raise Refusal("forbidden_change", {"settings": forbidden})

    async def _begin(self, wanted: NewConfig, sha256: str) -> Applied:
        """History, trial, file, restart: in this order (docs/decisions/0022-trials.md)."""
        before, new = await asyncio.to_thread(self._note, wanted)
        change = change_of(self._path, new, before)
        try:
            trial = await self._trials.begin("config", wanted.by, wanted.within_s, change, wanted.order)
        except Busy as error:
            raise Refusal("trial_running") from error
        try:
            await asyncio.to_thread(replace, self._path, wanted.text)
        except OSError:  # else a trial of nothing would keep every other change away until the next start
            await self._trials.drop(trial)
            await asyncio.to_thread(self._history.close, new.number, "undone", "interrupted")
            raise
        self._restart.ask(f"configuration {sha256[:8]}, by {wanted.by}")
        return Applied(sha256=sha256, before=before.sha256, within_s=wanted.within_s)

    def _note(self, wanted: NewConfig) -> tuple[Entry, Entry]:
        """What is in force, and what is to be: both in the history."""
        at, text = rfc3339(self._clock.utc_ns()), self._path.read_bytes()
        before = self._history.standing()
        if before is None or before.sha256 != sha256_of(text):
            before = self._history.add(text, at=at, by="technician", outcome="in_use")
        new = self._history.add(wanted.text, at=at, by=wanted.by, outcome="trial", order=wanted.order)
        return before, new


def before_that(path: Path, history: History) -> Entry | None:
    """The latest configuration that was in force and is not the file as it is now."""
    here = sha256_of(path.read_bytes())
    return next((one for one in reversed(history.entries()) if one.stands and one.sha256 != here), None)


def said(problem: Problem) -> str:
    """One mistake in one line, as `mektep check` tells it."""
    return f"{problem.code} {problem}"


def _forbidden(running: Config, new: Config) -> list[str]:
    """Settings that only somebody at the box may change."""
    pairs = {
        "school": (running.school, new.school),
        "state": (running.state, new.state),
        "centre.orders_key": (running.centre.orders_key_bytes, new.centre.orders_key_bytes),
    }
    return [name for name, (old, wanted) in pairs.items() if old != wanted]
