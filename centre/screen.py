"""The report as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from centre.report import LaneReport, SchoolReport


def draw(reports: list[SchoolReport]) -> None:
    """One table per school."""
    console = Console(highlight=False)
    for one in reports:
        console.print(_head(one))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in (
            "epoch",
            "lane",
            "stored through",
            "highest",
            "events",
            "losses",
            "quarantined",
            "conflicts",
            "gaps",
        ):
            table.add_column(column, justify="left" if column in ("epoch", "lane", "gaps") else "right", no_wrap=True)
        for epoch, lanes in one.epochs.items():
            for name, lane in lanes.items():
                table.add_row(epoch[:8], name, *_cells(lane))
        console.print(table)
        console.print()


def _head(one: SchoolReport) -> Text:
    line = Text(f"{one.school}  ", "bold")
    line.append(one.state, "green" if one.state == "online" else "yellow")
    line.append(f"   last birth or death {one.seen or '—'}", "dim")
    if one.ahead:
        line.append(f"   {one.ahead} alarms came ahead", "yellow")
    if one.refused:
        refused = ", ".join(f"{reason} {count}" for reason, count in sorted(one.refused.items()))
        line.append(f"   refused: {refused}", "red")
    return line


def _cells(lane: LaneReport) -> list[Text]:
    gaps = ", ".join(f"{first}-{last}" for first, last in lane.gaps)
    lost = sum(last - first + 1 for first, last in lane.losses)
    return [
        Text(str(lane.through), "green" if lane.through == lane.highest else "yellow"),
        Text(str(lane.highest)),
        Text(str(lane.events)),
        Text(str(lost), "yellow" if lost else ""),
        Text(str(lane.quarantined), "red" if lane.quarantined else ""),
        Text(str(lane.conflicts), "red" if lane.conflicts else ""),
        Text(gaps, "red"),
    ]
