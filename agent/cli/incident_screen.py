"""Incidents as a person reads them: what and where, what speaks for it, who was told and until when they are to answer.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.padding import Padding
from rich.text import Text

from agent.cli import screen
from agent.incidents.life import State
from agent.incidents.view import View
from agent.texts import Texts, load_texts
from agent.texts.measures import moment

BAD = "bold red"
SIGNS = ("sign", "reason", "zone", "contact", "picture")  # where the words of signs stand
STYLES = {
    State.OPENED: BAD,
    State.TOLD: BAD,
    State.ACKNOWLEDGED: "yellow",
    State.CONFIRMED: "yellow",
    State.DISMISSED: "dim",
    State.CLOSED: "dim",
}


def draw(views: Sequence[View], out: TextIO, *, alive: bool = True, texts: Texts | None = None) -> None:
    """`mektep incident list --json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    if not alive:
        console.print(Text(say("incident.dead"), BAD))
    if not views:
        console.print(say("incident.none"))
    for view in views:
        console.print(_head(view, say))
        for line in _lines(view, say):
            console.print(Padding(Text(line), (0, 0, 0, 10), expand=False))


def _head(view: View, say: Texts) -> Text:
    drill = f"{say('incident.drill')} " if view.drill else ""
    line = Text(f"{view.incident[:8]}  ", "bold")
    line.append(f"{drill}{say(f'incident.{view.kind}')}", STYLES[view.state])
    line.append("".join(f"  {word}" for word in (view.place, say(f"incident.{view.certainty}")) if word))
    return line.append(f"  → {say(f'incident.{view.state}')}", "bold")


def _lines(view: View, say: Texts) -> list[str]:
    signs = ", ".join(
        f"{one.source} {sign(one.what, say)}" + (f" ×{one.count}" if one.count > 1 else "") for one in view.signs
    )
    told = ", ".join(f"{say(f'incident.{to.role}')} {to.staff[:6]}".strip() for to in view.to)
    due = view.answer_by if view.state is not State.CLOSED else ""
    until = f", {say('incident.until')} {moment(say, due)}" if due else ""
    answered = f"{say('incident.answered')} {view.answered_by.rstrip('/')}" if view.answered_by else ""
    lines = [f"{moment(say, view.opened)}  {signs}", f"{say('incident.to')} {told}{until}" if told else "", answered]
    return [line for line in lines if line]


def sign(what: str, say: Texts) -> str:
    """What speaks for it: a panel's state, a contact's, what a camera noticed."""
    return next((say(f"{section}.{what}") for section in SIGNS if say.knows(f"{section}.{what}")), what)
