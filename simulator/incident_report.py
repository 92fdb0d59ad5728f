"""The incidents of the day as a table for people, under the reconciliation."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

ENDED = {"closed", "dismissed"}


def print_incidents(console: Console, found: dict[str, Any]) -> None:
    """Each case: who was told, who answered, what shows it, how it ended; then the others in short."""
    console.print("\nIncidents: who was told, who answered, what shows it", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("  what", "told, step by step", "answered", "seen by", "files", "ends"):
        table.add_column(column, overflow="fold")
    for case in found["cases"]:
        if case["left_out"]:
            table.add_row(f"  {case['what']}", Text(f"left out: {case['left_out']}", "yellow"))
            continue
        table.add_row(
            f"  {case['what']}",
            " → ".join(", ".join(to) for to in case["told"]),
            "; ".join(case["said"]),
            ", ".join(case["signs"]),
            _files(case["files"]),
            Text(case["state"] or "nothing", "green" if case["state"] in ENDED else "bold red"),
        )
    console.print(table)
    others = ", ".join(f"{kind} {count}" for kind, count in sorted(found["others_by_kind"].items()))
    console.print(f"  besides: {others or 'none'}; the city's operator saw to them")
    for view in found["views"]:
        console.print(_view(view))
    console.print(f"  custody: {found['opened_by_custody']} files were opened, each has its row")


def _files(files: dict[str, int]) -> Text:
    found = sorted(files.items())
    words = [Text(f"{count} {what}", "green" if what.endswith("whole") else "yellow") for what, count in found]
    return Text(", ").join(words)


def _view(view: dict[str, Any]) -> Text:
    line = Text(f"  live view of {view['camera']}: ")
    if view["left_out"]:
        return line.append(f"left out: {view['left_out']}", "yellow")
    return line.append(f"{view['pictures']} pictures at the media server", "green" if view["pictures"] else "bold red")
