"""A configuration that somebody wrote on the box itself: noticed at the agent's start, kept as history, told once.

The first one of a box is no change: it begins the history, and nobody is told.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from agent.clock import Clock
from agent.events import draft
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.trial_events import ConfigApplied
from agent.trials.history import Entry, History, sha256_of
from agent.trials.trial import Trial, TrialFile
from agent.wall_time import rfc3339

log = logging.getLogger("agent.trials")

FACT = "config"  # SHA-256 of the last configuration that was told of
BY = "technician"


async def notice(path: Path, history: History, file: TrialFile, outbox: Outbox, clock: Clock) -> None:
    """Compare the file with the history. Raises OSError."""
    text, trial, entries = await asyncio.to_thread(_look, path, history, file)
    sha256 = sha256_of(text)
    before = next((one for one in reversed(entries) if one.stands), None)
    if _on_trial(trial, sha256) or (before and before.sha256 == sha256):
        return
    if before is not None:
        await _tell(ConfigApplied(sha256=sha256, before=before.sha256, by=BY), outbox, clock)
    at = rfc3339(clock.utc_ns())
    await asyncio.to_thread(history.add, text, at=at, by=BY, outcome="in_use")
    log.info("the configuration was written on the box: %s", sha256[:8])


async def _tell(applied: ConfigApplied, outbox: Outbox, clock: Clock) -> None:
    event, fact = draft(applied, clock.now()), applied.sha256.encode()

    def tell(transaction: Transaction) -> None:
        if transaction.recall(FACT) != fact:
            transaction.put(event)
            transaction.remember(FACT, fact)

    await outbox.transact(tell)


def _look(path: Path, history: History, file: TrialFile) -> tuple[bytes, Trial | None, list[Entry]]:
    """Trials of which nothing is known any more are over."""
    trial = file.read()
    for one in history.entries():
        if one.outcome == "trial" and (trial is None or trial.change.get("entry") != str(one.number)):
            history.close(one.number, "undone", "interrupted")
    return path.read_bytes(), trial, history.entries()


def _on_trial(trial: Trial | None, sha256: str) -> bool:
    return trial is not None and trial.what == "config" and trial.change.get("sha256") == sha256
