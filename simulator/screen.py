"""The school as one live screen of 100 columns, and the reconciliation as text."""

from __future__ import annotations

import statistics
from typing import Any

from rich.console import Console, Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.day import RUNNING, Day

LIGHTS = {
    "G": ("● green", "bold green"),
    "W": ("● wait", "bold yellow"),
    "R": ("● red", "bold red"),
    "": ("○ no light", "dim"),
}
GOOD = {"working", "running", "online"}


class View:
    """What the screen shows besides the day itself; refreshed in the background."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.centre: dict[str, Any] = {}

    def __rich__(self) -> Layout:
        status = self.day.school.status()
        layout = Layout()
        layout.split_column(
            Layout(self._head(status), size=3), Layout(name="middle", size=17), Layout(self._log(), name="log")
        )
        layout["middle"].split_row(Layout(self._devices(status), ratio=11), Layout(self._lanes(status), ratio=9))
        return layout

    def _head(self, status: dict[str, Any]) -> Panel:
        day = self.day
        now = day.now()
        line = Text(f" {now.time} ", "bold")
        line.append(f"{now.phase.name if day.stage == RUNNING else day.stage}   ")
        if day.fault:
            line.append(f"FAULT  {day.fault.name}", "bold white on red")
            line.append(f"   expect: {day.fault.seen}", "yellow")
        else:
            line.append("all is well" if status else "the agent is starting", "green")
        return Panel(line, title=f"{status.get('school', 'school')} · simulated school day", border_style="cyan")

    def _devices(self, status: dict[str, Any]) -> Panel:
        sources = status.get("sources", {})
        table = Table(box=None, padding=(0, 1), expand=True, header_style="dim")
        for column in ("device", "state", "readings", "garbled", "light", "ms"):
            table.add_column(
                column, no_wrap=True, justify="right" if column in ("readings", "garbled", "ms") else "left"
            )
        for reader in self.day.school.readers:
            source = sources.get(reader.name, {})
            text, style = LIGHTS.get(reader.last_light, ("?", ""))
            median = f"{statistics.median(reader.latency_ms[-50:]):.1f}" if reader.latency_ms else "—"
            table.add_row(reader.name, *_state(source), Text(text, style), median)
        table.add_row("fire-panel", *_state(sources.get("fire-panel", {})), self._zones(), "")
        shown = self.day.truth
        foot = Text(f"\n{len(shown.shown)} cards shown, {shown.green()} green, {len(shown.fires)} fires\n")
        for trouble in self._troubles(status)[:3]:
            foot.append(f"{trouble['code']} {trouble['what']}\n", "red")
            foot.append(f"  → {trouble['do']}\n", "bold")
        return Panel(Group(table, foot), title="devices", border_style="cyan")

    def _zones(self) -> Text:
        line = Text()
        for number, codes in enumerate(self.day.school.panel.zones, 1):
            line.append(f"{number}", "bold white on red" if 37 in codes else "green")
            line.append(" ")
        return line

    def _troubles(self, status: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(status.get("troubles", []))
        found += [source for source in status.get("sources", {}).values() if source.get("code")]
        link = status.get("link", {})
        return found + ([link] if link.get("code") else [])

    def _lanes(self, status: dict[str, Any]) -> Panel:
        table = Table(box=None, padding=(0, 1), expand=True, header_style="dim")
        for column in ("lane", "accepted", "owed", "at centre"):
            table.add_column(column, justify="left" if column == "lane" else "right")
        stored = self.centre.get("epochs", {}).get(status.get("epoch", ""), {})
        for name, lane in status.get("lanes", {}).items():
            owed = lane["last"] - lane["settled"]
            through = stored.get(name, {}).get("through", 0)
            table.add_row(name, str(lane["last"]), Text(str(owed), "yellow" if owed else "green"), str(through))
        link = status.get("link", {})
        state = link.get("state", "—")
        foot = Text("\nlink  ", "dim").append(state, "bold green" if state in GOOD else "bold yellow")
        if link.get("rtt_ms"):
            foot.append(f"   {link['rtt_ms']:.0f} ms, {link['bytes_per_s'] / 1e3:.0f} kB/s", "dim")
        disk = status.get("disk", {})
        foot.append(f"\ncommit p99  {disk.get('commit_p99_ms', 0):.1f} ms", "dim")
        foot.append(f"\nsent ahead  {status.get('alarms_sent_ahead', 0)}", "dim")
        foot.append(f"\nfaults healed  {len(self.day.done)}", "dim")
        return Panel(Group(table, foot), title="lanes and centre", border_style="cyan")

    def _log(self) -> Panel:
        lines = Text("\n".join(self.day.log[-8:]))
        lines.highlight_regex(r"FAULT.*", "bold red")
        lines.highlight_regex(r"healed.*", "green")
        lines.highlight_regex(r"fire in.*", "bold yellow")
        return Panel(lines, title="what happens", border_style="cyan")


def _state(source: dict[str, Any]) -> tuple[Text, str, str]:
    state = source.get("state", "—")
    text = Text("works" if state == "working" else state.upper(), "green" if state in GOOD else "bold red")
    if source.get("code"):
        text.append(f" {source['code']}", "red")
    return text, str(source.get("readings", 0)), str(source.get("garbled", 0))


def print_result(console: Console, result: dict[str, Any]) -> None:
    """The reconciliation for people."""
    table = Table(title="Reconciliation: what happened, and what the centre's database holds", box=None, padding=(0, 2))
    table.add_column("")
    table.add_column("", justify="right")
    names = {
        "taps": "cards shown",
        "green": "of these green",
        "cards_stored": "cards stored",
        "fires": "fires",
        "fires_told": "fire events stored",
        "events_stored": "events stored in all",
        "compared_bytes_of_events": "events compared byte by byte",
        "tap_median_ms": "last bit of the card to the light, median, ms",
        "tap_p99_ms": "the same, 99th percentile, faults included, ms",
    }
    for key, name in names.items():
        if key in result:
            table.add_row(name, f"{result[key]}")
    console.print(table)
    for name, outcome in result["faults"].items():
        console.print(f"  {name:34} {outcome}", style="green" if outcome == "healed" else "yellow")
    for line in result["wrong"]:
        console.print(f"WRONG  {line}", style="bold red")
    if not result["wrong"]:
        console.print("Nothing lost, nothing repeated, every lane's stored prefix is whole.", style="bold green")
