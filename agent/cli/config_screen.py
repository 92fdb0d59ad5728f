"""The configurations of a box as a person reads them: one a line, the newest first.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.texts import Texts, load_texts
from agent.trials.history import Entry
from agent.trials.trial import Trial

STYLES = {"undone": "yellow", "trial": "bold", "in_use": "", "kept": ""}


def draw(entries: Sequence[Entry], trial: Trial | None, out: TextIO, texts: Texts | None = None) -> None:
    """At most 100 columns; `mektep config history --json` has everything."""
    say = texts or load_texts()
    console = Console(file=out, highlight=False, width=None if out.isatty() else 100)
    if trial is not None and not trial.outcome:
        console.print(Text(f"{say('config.trial')}: {trial.what}, {_clock(trial.began)}, {trial.within_s} s", "bold"))
    if not entries:
        console.print(say("config.none"))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("number", "when", "by", "outcome"):
        table.add_column(say(f"config.{column}"), no_wrap=column != "outcome")
    for one in reversed(entries):
        table.add_row(f"{one.number:04}", _clock(one.at), one.by, Text(_outcome(one, say), STYLES.get(one.outcome, "")))
    console.print(table)


def _outcome(one: Entry, say: Texts) -> str:
    why = f": {say(f'config.{one.reason}')}" if one.reason else ""
    lost = f" ({', '.join(one.lost)})" if one.lost else ""
    return f"{say(f'config.{one.outcome}')}{why}{lost}"


def _clock(when: str) -> str:
    """In the terminal's own time."""
    return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}" if when else "—"
