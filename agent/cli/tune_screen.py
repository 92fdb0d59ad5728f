"""The table of `mektep camera tune`, and what it rests on.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.texts import Texts, load_texts
from agent.tuning.proposal import Expected, Proposal, Why
from agent.tuning.view import Tuned

COLUMNS = ("camera", "detector", "hours", "hits", "votes", "told", "dismissed", "threshold", "weekly")
NUMBERS = ("hours", "hits", "votes", "told", "dismissed")
GOOD, BAD = "green", "yellow"
WORDS = (Why.RAISED, Why.LOWERED, Why.CONFIRMED, Why.NONE, Why.SHORT)


def draw(tuned: Tuned, footage: list[str], config: Path, out: TextIO, texts: Texts | None = None) -> None:
    """`--json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(Text(tuned.school, "bold"))
    if not tuned.proposals:
        console.print(say("tune.nothing"))
        return
    if not tuned.first:
        console.print(say("tune.wait"))
    else:
        console.print(Text(f"{tuned.first[:16]} – {tuned.last[:16]} UTC", "dim"))
        console.print(_table(tuned.proposals, say))
        for one in tuned.proposals:
            if one.why in WORDS:
                console.print(_reason(one, say))
    for line in footage:
        console.print(Text(line, "dim"))
    if tuned.lines:
        console.print(f"\n{say('tune.write', file=config)}")
        for line in tuned.lines:
            console.print(f"  {line}", markup=False)


def _table(proposals: list[Proposal], say: Texts) -> Table:
    table = tables.columns(say, *COLUMNS, section="tuned", right=NUMBERS)
    for one in proposals:
        table.add_row(
            one.camera, say(f"detector.{one.detector}"), f"{one.hours:.0f}", f"{one.hits}",
            f"{one.votes}", f"{one.told}", f"{one.dismissed}", _thresholds(one), _weekly(one),
        )  # fmt: skip
    return table


def _thresholds(one: Proposal) -> Text:
    """The one of now, and the one that is proposed."""
    text = Text("—" if one.present is None else f"{one.present:.4f}")
    if one.is_change and one.proposed is not None:
        text.append(f" → {one.proposed:.4f}", "bold")
    return text


def _weekly(one: Proposal) -> Text:
    text = Text(_expected(one.now), GOOD if one.keeps_budget else BAD)
    if one.is_change:
        text.append(" → ").append(_expected(one.then), "bold")
    return text


def _expected(one: Expected | None) -> str:
    return "—" if one is None else f"{_short(one.week)} ≤{_short(one.most)}"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"


def _reason(one: Proposal, say: Texts) -> Text:
    kept = f"{one.kept:.4f}" if one.kept is not None else ""
    words = say(f"tune.{one.why.value}", score=kept, hours=f"{one.camera_h:.0f}", budget=f"{one.budget:g}")
    return Text(f"{one.camera} {say(f'detector.{one.detector}')}: {words}")
