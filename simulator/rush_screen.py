"""The rush as a live screen, and its reckoning as a table: what was due, what the centre holds, what was stated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.rush import Rush

LIGHTS = {
    "G": ("green: eats", "green"),
    "R": ("red: refused", "red"),
    "U": ("unknown or blocked card", "magenta"),
    "A": ("the operator's card: show the next one", "cyan"),
    "W": ("wait: show the card again", "yellow"),
    "-": ("no light seen: show the card again", "yellow"),
}
LOG_ROWS = 8
ROWS = {
    "children": "children who came to eat",
    "taps": "cards shown",
    "kills": "power cuts",
    "must_be_tenge": "what their meals must cost, tenge",
    "stored_tenge": "what the centre holds, tenge",
    "stated_tenge": "what the statements say, tenge",
    "reported_tenge": "what the centre's report would pay, tenge",
    "audited_tenge": "what mektep audit counts, tenge",
    "stored_meals": "meals at the centre",
    "stated_meals": "meals in the statements",
    "forgotten": "of these for forgotten cards",
    "reversed": "taken back",
    "suspicions": "suspicions reported",
    "statements": "statements",
    "audited_leaves": "leaves of the ledger, all of them audited",
    "events_stored": "events stored in all",
    "tap_median_ms": "last bit of the card to the light, median, ms",
    "tap_p99_ms": "the same, 99th percentile, power cuts included, ms",
}


class RushView:
    """What the screen shows while the rush goes on."""

    def __init__(self, rush: Rush) -> None:
        self.rush = rush

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> Iterator[RenderableType]:
        rush = self.rush
        status = rush.school.status()
        link = status.get("link", {}).get("state", "agent is away")
        owed = sum(lane["last"] - lane["settled"] for lane in status.get("lanes", {}).values())
        head = Text(f"{rush.stage}   ", "bold").append(f"line {link}   owed {owed}   ", "dim")
        head.append(f"in the queues {rush.canteen.waiting()}   power cuts {rush.kills}", "dim")
        bar = ProgressBar(total=len(rush.steps), completed=rush.came)
        log = Text("\n".join(rush.log[-LOG_ROWS:]), no_wrap=True, overflow="ellipsis")
        yield Panel(Group(head, bar), title=f"{len(rush.roll.eaters())} children eat", border_style="cyan")
        yield Panel(self._lights(), title=f"{rush.truth.taps} cards shown", border_style="cyan")
        yield Panel(log, title="what happens", border_style="cyan", height=LOG_ROWS + 2)

    def _lights(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for light, (words, style) in LIGHTS.items():
            table.add_row(Text(words, style), f"{self.rush.truth.lights[light]}")
        return table


def print_rush(console: Console, result: dict[str, Any]) -> None:
    """The reckoning for people."""
    console.print("\nReckoning: what happened at the readers, and what the centre holds", style="bold")
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for key, name in ROWS.items():
        if key in result:
            table.add_row(name, f"{result[key]}")
    for reason, count in result["refused"].items():
        table.add_row(f"refused: {reason}", count)
    console.print(table)
    for line in result["wrong"]:
        console.print(f"WRONG  {line}", style="bold red", highlight=False)
    if not result["wrong"]:
        console.print(
            "Every meal is counted once; lights, events, statement, report and audit agree to the tenge.",
            style="bold green",
        )
