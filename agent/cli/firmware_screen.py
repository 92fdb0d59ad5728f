"""The Pi's own files as a person reads them: each line that is wanted, its state and its reason; or the difference.

Texts   agent/texts; the reasons are those of firmware_cfg/, told in the reader's language. The difference shows what
        stands in the Pi's files, where they are English.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TextIO

from rich.padding import Padding
from rich.text import Text

from agent.cli import screen
from agent.firmware.plan import Change, Line, Plan, State
from agent.texts import load_texts

STYLES = {State.THERE: "green", State.MISSING: "yellow", State.CONTRADICTED: "bold red"}
MARKS = {State.THERE: "✓", State.MISSING: "○", State.CONTRADICTED: "✗"}
COLOURS = {"+": "green", "-": "red", "@": "dim"}


def draw(plan: Plan, out: TextIO) -> None:
    """What is wanted, and how many lines are not as they should be."""
    say = load_texts()
    console = screen.console(out)
    console.print(Text(plan.board.name, "bold"))
    file: Path | None = None
    for line in plan.lines:
        if line.file != file:
            file = line.file
            console.print(Text(f"\n{file}", "bold"))
        console.print(_line(line))
        console.print(Padding(Text(say.reason(line.why), "dim"), (0, 0, 0, 6), expand=False))
    wrong = sum(line.state is not State.THERE for line in plan.lines)
    words = f"{say('firmware.wrong', count=wrong)} sudo mektep firmware apply" if wrong else say("firmware.nothing")
    console.print(Text(f"\n{words}", "bold yellow" if wrong else "green"))


def differences(plan: Plan, out: TextIO) -> None:
    """As diff -u shows them, with the reasons that stand in the files."""
    console = screen.console(out)
    for change in plan.changes:
        for row in _diff(change):
            console.print(Text(row, COLOURS.get(row[:1], "")), soft_wrap=True)
    if not plan.changes:
        console.print(load_texts()("firmware.nothing"))


def _line(line: Line) -> Text:
    shown = Text(f"  {MARKS[line.state]} ", STYLES[line.state])
    shown.append(line.text, "bold")
    return shown.append(f"   ✗ {line.against}" if line.against else "", "red")


def _diff(change: Change) -> list[str]:
    name = str(change.path)
    if change.link:
        return [f"+ {name} -> {change.after}"]
    before, after = (text.splitlines() if text else [] for text in (change.before, change.after))
    return list(difflib.unified_diff(before, after, name, name, lineterm="", n=1))
