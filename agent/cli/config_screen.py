"""The configurations of a box as a person reads them: one a line, the newest first.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from agent.cli import screen, tables
from agent.texts import Texts, load_texts
from agent.texts.measures import UNKNOWN, local, seconds, whole
from agent.trials.history import Entry
from agent.trials.trial import Trial

STYLES = {"undone": "yellow", "trial": "bold", "in_use": "", "kept": ""}


def draw(entries: Sequence[Entry], trial: Trial | None, out: TextIO, texts: Texts | None = None) -> None:
    """`mektep config history --json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    if trial is not None and not trial.outcome:
        console.print(Text(_trial(trial, say), "bold"))
    if not entries:
        console.print(say("config.none"))
        return
    table = tables.columns(say, "number", "when", "by", "outcome", section="config")
    for one in reversed(entries):
        table.add_row(
            f"{one.number:04}",
            _clock(one.at, say),
            _by(one.by, say),
            Text(_outcome(one, say), STYLES.get(one.outcome, "")),
        )
    console.print(table)


def _outcome(one: Entry, say: Texts) -> str:
    why = f": {say(f'config.{one.reason}')}" if one.reason else ""
    lost = f" ({', '.join(one.lost)})" if one.lost else ""
    return f"{say(f'config.{one.outcome}')}{why}{lost}"


def _trial(trial: Trial, say: Texts) -> str:
    """What is on trial, since when, and how long it is watched."""
    what = say.word("config.of_", trial.what)
    return f"{say('config.trial')}: {what}, {_clock(trial.began, say)}, {seconds(say, trial.within_s, 0)}"


def _by(who: str, say: Texts) -> str:
    """The centre, whoever stands there, or an account."""
    return say.word("config.by_", who)


def _clock(when: str, say: Texts) -> str:
    """In the terminal's own time."""
    return whole(say, local(when)) if when else UNKNOWN
