"""The school as one live screen, from 80x24 up: narrow ones have the panels below each other, wide ones side by side;
and the reconciliation as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.city import Open
from simulator.day import RUNNING, Day
from simulator.device_table import narrow_rows, narrow_table, wide_rows, wide_table
from simulator.incident_report import incident_line, incident_table, print_desk, print_incidents
from simulator.programme import CLASSROOM
from simulator.stage_report import GIVE, print_seen

WIDE = 118  # columns
HEAD, LANES_NARROW = 4, 5  # rows
MIDDLE_WIDE = 21
FACTS = 3
TROUBLE = 2  # rows of one, with what to do
BORDER = 2
GOOD = {"working", "running", "online"}


class View:
    """What the screen shows besides the day itself; refreshed in the background."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.centre: dict[str, Any] = {}
        self.incidents: list[Open] = []  # that are not over, as the centre has them

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Rows are given out from the top; what happens gets the rest, its newest lines last."""
        status = self.day.school.status()
        rows = options.height or console.height
        wide = options.max_width >= WIDE
        layout = Layout()
        narrow = narrow_rows(self.day.school.devices) + BORDER
        middle = MIDDLE_WIDE if wide else narrow + LANES_NARROW
        parts, troubles = Layout(size=middle), self._told(status, TROUBLE)
        devices = self._devices(status, wide=wide)
        if wide:
            parts.split_row(Layout(devices, ratio=3), Layout(self._lanes(status, wide=True), ratio=2))
        else:
            parts.split_column(Layout(devices, size=narrow), Layout(self._lanes(status, wide=False), size=LANES_NARROW))
        layout.split_column(
            Layout(self._head(status), size=HEAD),
            parts,
            Layout(self._log(rows - HEAD - middle - BORDER, [] if wide and self._room() >= TROUBLE else troubles)),
        )
        yield layout

    def _head(self, status: dict[str, Any]) -> Panel:
        day, now = self.day, self.day.now()
        first = Text(f" {now.time} ", "bold")
        first.append(now.phase.name if day.stage == RUNNING else day.stage)
        first.append(f"   faults healed: {sum(how == 'healed' for _, how in day.done)}", "dim")
        first.append("   ").append(incident_line(self.incidents))
        second = Text(" ")
        troubles = self._troubles(status)
        if day.fault:
            second.append(f"FAULT  {day.fault.name}", "bold white on red").append(
                f"   expect: {day.fault.seen}", "yellow"
            )
        elif troubles:
            second.append(f"healing: {troubles[0]['code']}", "yellow")
        else:
            second.append("all is well" if status else "the agent is starting", "green" if status else "yellow")
        title = f"{status.get('school', 'school')} · simulated school day"
        desk = f"desk: {day.school.desk.short}" if day.school.desk else None
        return Panel(_lines(first, second), title=title, subtitle=desk, border_style="cyan")

    def _room(self) -> int:
        """Rows that a wide screen has left below the devices."""
        return MIDDLE_WIDE - BORDER - 1 - wide_rows(self.day.school.devices)

    def _devices(self, status: dict[str, Any], *, wide: bool) -> Panel:
        devices, truth = self.day.school.devices, self.day.truth
        title = f"devices · {len(truth.shown)} cards shown, {truth.green()} green · fires: {len(truth.fires)}"
        if not wide:
            return Panel(narrow_table(devices, status), title=title, border_style="cyan")
        table = wide_table(devices, status)
        told = self._told(status, self._room() // TROUBLE * TROUBLE)
        return Panel(Group(table, _lines(*told)) if told else table, title=title, border_style="cyan")

    def _told(self, status: dict[str, Any], rows: int) -> list[Text]:
        """Troubles with what to do, the worst first, two rows each."""
        told = []
        for trouble in self._troubles(status):
            told += [Text(f" {trouble['code']} {trouble['what']}", "red"), Text(f"   → {trouble['do']}", "bold")]
        return told[:rows]

    def _troubles(self, status: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(status.get("troubles", []))
        for name, source in status.get("sources", {}).items():
            if source.get("code"):
                found.append({"code": source["code"], "what": f"{name}: {source['what']}", "do": source["do"]})
        link = status.get("link", {})
        return found + ([link] if link.get("code") else [])

    def _lanes(self, status: dict[str, Any], *, wide: bool) -> Panel:
        table = Table(box=None, padding=(0, 1), expand=wide, show_header=wide, header_style="dim")
        for column in ("lane", "accepted", "owed", "at centre"):
            table.add_column(
                column, no_wrap=True, justify="left" if column == "lane" else "right", min_width=len(column)
            )
        stored = self.centre.get("epochs", {}).get(status.get("epoch", ""), {})
        for name, lane in status.get("lanes", {}).items():
            owed = lane["last"] - lane["settled"]
            through = stored.get(name, {}).get("through", 0)
            table.add_row(name, str(lane["last"]), Text(str(owed), "yellow" if owed else "green"), str(through))
        facts = self._facts(status)
        if wide:
            shown = Group(table, Text(), facts, Text(), incident_table(self.incidents, self._incident_rows(status)))
            return Panel(shown, title="lanes and centre", border_style="cyan")
        beside = Table.grid(expand=True)
        beside.add_column()
        beside.add_column(ratio=1)
        beside.add_row(table, facts)
        return Panel(beside, title="lanes: accepted, owed, at centre", border_style="cyan")

    def _incident_rows(self, status: dict[str, Any]) -> int:
        """What a wide screen has left below the lanes and the facts."""
        return MIDDLE_WIDE - BORDER - 1 - len(status.get("lanes", {})) - FACTS - 3

    def _facts(self, status: dict[str, Any]) -> Text:
        link, disk = status.get("link", {}), status.get("disk", {})
        state = link.get("state", "—")
        first = Text(" link  ", "dim").append(state, "bold green" if state in GOOD else "bold yellow")
        if link.get("rtt_ms"):
            first.append(f"   {link['rtt_ms']:.0f} ms, {link['bytes_per_s'] / 1e3:.0f} kB/s", "dim")
        commit = Text(f" commit p99  {disk.get('commit_p99_ms', 0):.1f} ms", "dim")
        ahead = Text(f" alarms sent ahead  {status.get('alarms_sent_ahead', 0)}", "dim")
        return _lines(first, commit, ahead)

    def _log(self, rows: int, told: list[Text]) -> Panel:
        """The newest lines; where there is no room for the worst trouble beside its device, it stands above them."""
        lines = _lines(*told, *[Text(line) for line in self.day.log[-max(1, rows - len(told)) :]])
        lines.highlight_regex(r"FAULT.*", "bold red")
        lines.highlight_regex(r"healed.*", "green")
        lines.highlight_regex(r"fire.*", "bold yellow")
        lines.highlight_regex(r"\w+: .* is noticed after.*", "bold green")
        given = any(camera.name != CLASSROOM for camera in self.day.school.devices.footage)
        return Panel(lines, title="what happens" if given else f"what happens · {GIVE}", border_style="cyan")


def _lines(*lines: Text) -> Text:
    """Each stays one row, shortened if need be."""
    text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def print_result(console: Console, result: dict[str, Any]) -> None:
    """The reconciliation for people."""
    console.print("\nReconciliation: what happened, and what the centre's database holds", style="bold")
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    names = {
        "taps": "cards shown",
        "green": "of these green",
        "refused": "of these red: no right to a meal, no place in a club",
        "not_known": "of these not known",
        "cards_stored": "decisions about cards stored",
        "fires": "fires",
        "smokes": "of these smoke in the duct",
        "fires_told": "fire events stored",
        "oddities": "doors, loops and pictures that were odd",
        "pictures": "pictures opened with the police's key",
        "reports": "persons who pressed the report button",
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
    for part, told in (("incidents", print_incidents), ("desk", print_desk), ("eyes", print_seen)):
        if part in result:
            told(console, result[part])
    for line in result["wrong"]:
        console.print(f"WRONG  {line}", style="bold red")
    if not result["wrong"]:
        console.print("Nothing lost, nothing repeated, every lane's stored prefix is whole.", style="bold green")
