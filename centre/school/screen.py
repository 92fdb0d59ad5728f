"""What the commands of school data show a person: mistakes with their places, what will change, what is where.

Not in a terminal, lines are as long as they must be: nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from centre.school.changes import Change
from centre.school.faults import Fault

SHOWN_MAX = 200  # the rest is in --json: after a shifted column every line is wrong


def progress() -> Progress:
    """For many schools; on standard error, and only if that is a terminal."""
    told = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=told, disable=not told.is_terminal, transient=True)


def draw_faults(faults: Sequence[Fault], remarks: Sequence[Fault], to: Console) -> None:
    for found, style in ((faults, "bold red"), (remarks, "yellow")):
        for one in found[:SHOWN_MAX]:
            to.print(_line(one, style), soft_wrap=True)
        if len(found) > SHOWN_MAX:
            to.print(f"… and {len(found) - SHOWN_MAX} more; --json has all of them", soft_wrap=True)
    if faults:
        to.print(f"{_number(len(faults), 'mistake')}: nothing is loaded.", style="bold red", soft_wrap=True)


def _line(one: Fault, style: str) -> Text:
    place = f"{one.file}:{one.line}" if one.line else one.file
    text = Text(place, style)
    for part in (one.column, f"«{one.value}»" if one.value else ""):
        if part:
            text.append(f"  {part}", "bold")
    return text.append(f"  {one.what}\n    → {one.do}", "default")


def draw_changes(changes: Sequence[Change], to: Console) -> None:
    """What publishing would change at the box; kinds of which nothing changes are in one line."""
    moved = [one for one in changes if one.added or one.removed or one.changed]
    if moved:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("", "before", "after", "added", "removed", "changed"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        for one in moved:
            removed = Text(str(one.removed), "bold red" if one.alarming else "")
            table.add_row(one.what, str(one.before), str(one.after), str(one.added), removed, str(one.changed))
        to.print(table)
    same = [f"{one.after} {one.what}" for one in changes if one not in moved and one.after]
    if same:
        to.print(Text(f"unchanged: {', '.join(same)}", "dim"), soft_wrap=True)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
