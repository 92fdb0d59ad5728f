"""The incidents of the day for people, under the reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.city import Open

ENDED = {"closed", "dismissed"}
WAITS = {"opened", "told"}


def print_incidents(console: Console, found: dict[str, Any]) -> None:
    """Each case: how it ended, who was told, who answered, what shows it; then the others in short."""
    console.print("\nIncidents: how they ended, who was told, who answered, what shows it", style="bold")
    for case in found["cases"]:
        line = Text(f"  {case['what']}: ")
        if case["left_out"]:
            console.print(line.append(f"left out: {case['left_out']}", "yellow"))
            continue
        style = "green" if case["state"] in ENDED else "bold red"
        console.print(line.append(case["state"] or "nothing", style))
        console.print(_steps(case))
    others = ", ".join(f"{kind} {count}" for kind, count in sorted(found["others_by_kind"].items()))
    console.print(f"  besides: {others or 'none'}; the city's operator saw to them")
    for view in found["views"]:
        console.print(_view(view))
    console.print(f"  custody: {found['opened_by_custody']} files were opened, each has its row")


def _steps(case: dict[str, Any]) -> Table:
    """A line each of what is known; long ones are wrapped between words."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, told in (
        ("told", " → ".join(", ".join(to) for to in case["told"])),
        ("answered", "; ".join(case["said"])),
        ("seen by", ", ".join(case["signs"])),
        ("files", _files(case["files"])),
    ):
        if told:
            table.add_row(f"    {name}", told)
    return table


def incident_line(incidents: Sequence[Open]) -> Text:
    """In a few words: how many are open, and the first that nobody has answered."""
    if not incidents:
        return Text("no incident is open", "dim")
    waiting = [one for one in incidents if one.state in WAITS and not one.drill]
    line = Text(f"{len(incidents)} incident{'s' if incidents[1:] else ''} open", "yellow")
    return line.append(f", {waiting[0].kind} {waiting[0].place} waits", "bold red") if waiting else line


def incident_table(incidents: Sequence[Open], rows: int) -> Table:
    """Those that are not over, in so many rows with the head; the last row says how many more there are."""
    table = Table(box=None, padding=(0, 1), expand=True, header_style="dim")
    for column, width in (("incident", 9), ("place", None), ("state", 16)):
        table.add_column(column, no_wrap=True, overflow="ellipsis", width=width, ratio=None if width else 1)
    shown = incidents if len(incidents) < rows else incidents[: rows - 2]
    for one in shown:
        word = f"{one.state}, {one.why}" if one.state == "told" and one.why != "first" else one.state
        style = "magenta" if one.drill else "bold red" if one.state in WAITS else "yellow"
        table.add_row(one.kind, one.place, Text(f"drill: {word}" if one.drill else word, style))
    if left := len(incidents) - len(shown):
        table.add_row("", f"and {left} more", "")
    if not incidents:
        table.add_row(Text("none", "dim"), "", "")
    return table


def print_desk(console: Console, found: dict[str, Any]) -> None:
    """What was looked up there."""
    looked = f"{found['incidents']} incidents were looked up, {found['looks']} pictures and videos opened"
    console.print(f"  desk: {looked}: {found['how']}", highlight=False)


def _files(files: dict[str, int]) -> Text:
    found = sorted(files.items())
    words = [Text(f"{count} {what}", "green" if what.endswith("whole") else "yellow") for what, count in found]
    return Text(", ").join(words)


def _view(view: dict[str, Any]) -> Text:
    line = Text(f"  live view of {view['camera']}: ")
    if view["left_out"]:
        return line.append(f"left out: {view['left_out']}", "yellow")
    return line.append(f"{view['pictures']} pictures at the media server", "green" if view["pictures"] else "bold red")
