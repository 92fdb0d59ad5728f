"""The report as a person reads it. Not in a terminal, lines are as long as they must be: nothing is cut off."""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table
from rich.text import Text

from centre.report import GAPS_SHOWN, LaneReport, SchoolReport
from centre.terminal import console

COLUMNS = (
    "epoch",
    "lane",
    "through",
    "highest",
    "events",
    "lost",
    "quarantined",
    "conflicts",
)  # fit 80
LEFT = ("epoch", "lane")
NOBODY = "-"


def draw(reports: list[SchoolReport], *, registered: Collection[str]) -> None:
    """For each school a line, a table, and what is missing. `through` is the end of the prefix without a gap."""
    to = console()
    if not reports:
        to.print("No school is registered. `mektep-centre school add` registers one.")
    for one in reports:
        to.print(_head(one, registered), soft_wrap=True)
        if one.sealed_for_another:
            to.print(_sealed_for_another(one), soft_wrap=True)
        if one.epochs:
            to.print(_table(one))
            for line in _missing(one):
                to.print(line, soft_wrap=True)
        to.print()


def _table(one: SchoolReport) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in LEFT else "right", overflow="fold")
    for epoch, lanes in one.epochs.items():
        for name, lane in lanes.items():
            table.add_row(Text(epoch[:8], "" if epoch == one.epoch else "dim"), name, *_cells(lane))
    return table


def _sealed_for_another(one: SchoolReport) -> Text:
    names = ", ".join(one.sealed_for_another)
    line = Text(f"sealed for another box: {names}", "red")
    return line.append(f"\n→ mektep-centre school-data publish {one.school}", "bold")


def _missing(one: SchoolReport) -> list[Text]:
    return [
        Text(f"missing in {epoch[:8]} {name}: {_ranges(lane)}", "red")
        for epoch, lanes in one.epochs.items()
        for name, lane in lanes.items()
        if lane.gaps
    ]


def _ranges(lane: LaneReport) -> str:
    ranges = [str(first) if first == last else f"{first}-{last}" for first, last in lane.gaps]
    return ", ".join(ranges) + (", …" if len(ranges) == GAPS_SHOWN else "")


def _head(one: SchoolReport, registered: Collection[str]) -> Text:
    if one.school == NOBODY:
        line = Text("from strangers", "bold")
    else:
        line = Text(f"{one.school}  ", "bold")
        line.append(one.state, "green" if one.state == "online" else "yellow")
        line.append(f"   last seen {_to_the_second(one.seen)}" if one.seen else "", "dim")
    if one.school not in registered and one.school != NOBODY:
        line.append("   no longer registered", "yellow")
    if one.ahead:
        line.append(f"   {one.ahead} {'alarm' if one.ahead == 1 else 'alarms'} came ahead", "yellow")
    if one.refused:
        refused = ", ".join(f"{reason} {count}" for reason, count in sorted(one.refused.items()))
        line.append(f"   refused: {refused}", "red")
    return line


def _to_the_second(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"


def _cells(lane: LaneReport) -> list[Text]:
    lost = sum(last - first + 1 for first, last in lane.losses)
    return [
        Text(str(lane.through), "green" if lane.through == lane.highest else "yellow"),
        Text(str(lane.highest)),
        Text(str(lane.events)),
        Text(str(lost), "yellow" if lost else ""),
        Text(str(lane.quarantined), "red" if lane.quarantined else ""),
        Text(str(lane.conflicts), "red" if lane.conflicts else ""),
    ]
