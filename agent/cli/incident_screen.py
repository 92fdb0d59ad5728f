"""Incidents as a person reads them: what and where, what speaks for it, who was told and until when they are to answer.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.text import Text

from agent.incidents.life import State
from agent.incidents.view import View
from agent.texts import Texts, load_texts

BAD = "bold red"
STYLES = {
    State.OPENED: BAD,
    State.TOLD: BAD,
    State.ACKNOWLEDGED: "yellow",
    State.CONFIRMED: "yellow",
    State.DISMISSED: "dim",
    State.CLOSED: "dim",
}


def draw(views: Sequence[View], out: TextIO, *, alive: bool = True, texts: Texts | None = None) -> None:
    """At most 100 columns; `mektep incident list --json` has everything."""
    say = texts or load_texts()
    console = Console(file=out, highlight=False, width=None if out.isatty() else 100)
    if not alive:
        console.print(Text(say("incident.dead"), BAD))
    if not views:
        console.print(say("incident.none"))
    for view in views:
        console.print(_head(view, say))
        for line in _lines(view, say):
            console.print(Text(f"          {line}"))


def _head(view: View, say: Texts) -> Text:
    drill = f"{say('incident.drill')} " if view.drill else ""
    line = Text(f"{view.incident[:8]}  ", "bold")
    line.append(f"{drill}{say(f'incident.{view.kind}')}", STYLES[view.state])
    line.append("".join(f"  {word}" for word in (view.place, say(f"incident.{view.certainty}")) if word))
    return line.append(f"  → {say(f'incident.{view.state}')}", "bold")


def _lines(view: View, say: Texts) -> list[str]:
    signs = ", ".join(f"{one.source} {one.what}" + (f" ×{one.count}" if one.count > 1 else "") for one in view.signs)
    told = ", ".join(f"{say(f'incident.{to.role}')} {to.staff[:6]}".strip() for to in view.to)
    due = view.answer_by if view.state is not State.CLOSED else ""
    until = f", {say('incident.until')} {_clock(due)}" if due else ""
    answered = f"{say('incident.answered')} {view.answered_by.rstrip('/')}" if view.answered_by else ""
    lines = [f"{_clock(view.opened)}  {signs}", f"{say('incident.to')} {told}{until}" if told else "", answered]
    return [line for line in lines if line]


def _clock(when: str) -> str:
    """In the terminal's own time."""
    if not when:
        return "—"
    moment = datetime.fromisoformat(when).astimezone()
    today = moment.date() == datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if today else f"{moment:%Y-%m-%d %H:%M}"
