"""A month as a person reads it: the table of a school, or a line for each; and as CSV for a table program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec
from rich.table import Table
from rich.text import Text

from centre.corrections import AttendanceOf, Correction, Erasure, MealOf
from centre.month import MEALS, VISITS, Row, SchoolMonth
from centre.terminal import console

HEADS = {"granted": "granted", "forgotten": "forgotten", "dated": "dated", "reversed": "reversed",
         "not_counted": "not counted", "visit": "visits", "visit_not_counted": "not counted"}  # fmt: skip
FORMULA = "=+-@\t"  # what a table program would compute
CSV_HEAD = (
    "school", "month", "part", "day", "what", "tenge",
    *(f"leaves_{kind}" for kind in (*MEALS, *VISITS, "suspicion")),
    *(f"statements_{kind}" for kind in (*MEALS, *VISITS, "suspicion")),
    "sum_tenge", "differs",
)  # fmt: skip


def draw(one: SchoolMonth) -> None:
    """The whole month of one school."""
    to = console()
    to.print(Text(f"{one.school}  {one.month}", "bold"))
    for title, rows, kinds in (("meals", one.meals, MEALS), ("clubs", one.clubs, VISITS)):
        if rows:
            to.print(_table(title, rows, kinds))
    if one.suspicions:
        told = ", ".join(f"{row.what} {row.leaves.get('suspicion', 0)} on {row.day or '?'}" for row in one.suspicions)
        to.print(Text(f"suspicions: {told}", "yellow"), soft_wrap=True)
    for line, style in _remarks(one):
        to.print(Text(line, style), soft_wrap=True)
    for correction in one.corrections:
        to.print(Text(f"correction {_correction(correction)}", "cyan"), soft_wrap=True)
    to.print(_sum(one), soft_wrap=True)


def draw_all(months: Sequence[SchoolMonth]) -> None:
    """One line a school."""
    to = console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("school", "meals", "tenge", "visits", "tenge", "to pay", "attention"):
        table.add_column(name, justify="left" if name in ("school", "attention") else "right")
    for one in months:
        said = ", ".join(attention(one))
        cells = (one.paid_meals, one.meals_tenge, one.paid_visits, one.visits_tenge)
        table.add_row(
            one.school,
            *map(str, cells),
            Text(str(one.to_pay), "bold"),
            Text(said or "none", "red" if said else "green"),
        )
    to.print(table)
    to.print(Text(f"to pay in all: {sum(one.to_pay for one in months)} tenge", "bold"))


def attention(one: SchoolMonth) -> list[str]:
    """What a person should look at, in a word each."""
    counts = {
        "differences": sum(bool(row.differs) for row in [*one.meals, *one.clubs, *one.suspicions]),
        "faults": len(one.faults),
        "gaps": len(one.gaps),
        "unverified": len(one.unverified),
        "undated": len(one.undated),
        "doubles": len(one.doubles),
        "forgotten cards": len(one.forgotten),
        "lost reversals": len(one.lost_reversals),
    }
    return [f"{name} {count}" for name, count in counts.items() if count]


def as_csv(months: Sequence[SchoolMonth]) -> str:
    """With a mark of UTF-8 before it and semicolons, as table programs here open it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(CSV_HEAD)
    for one in months:
        writer.writerows([_plain(cell) for cell in row] for row in _csv_rows(one))
    return f"\ufeff{out.getvalue()}"


def _csv_rows(one: SchoolMonth) -> Iterator[list[str]]:
    kinds = (*MEALS, *VISITS, "suspicion")
    for part, rows in (("meals", one.meals), ("clubs", one.clubs), ("suspicions", one.suspicions)):
        for row in rows:
            counts = [str(side.get(kind, 0)) for side in (row.leaves, row.statements) for kind in kinds]
            place = [one.school, one.month, part, row.day, row.what, str(row.tenge)]
            yield [*place, *counts, str(_row_tenge(row)), "; ".join(row.differs)]
    empty = [""] * (2 * len(kinds))
    for programme, count in one.paid.items():
        yield [one.school, one.month, "paid", "", programme, "", str(count), *empty[1:], "", ""]
    yield [one.school, one.month, "to_pay", "", "", "", *empty, str(one.to_pay), "; ".join(attention(one))]


def _plain(cell: str) -> str:
    """A box's own words do not become a formula; a number stays one."""
    return f"'{cell}" if cell.startswith(tuple(FORMULA)) and not cell.lstrip("-").isdecimal() else cell


def _row_tenge(row: Row) -> int:
    """What the leaves of this row come to: a meal that only got its day is in the row without a day, too."""
    count = row.leaves.get("granted", 0) + row.leaves.get("visit", 0)
    return row.tenge * (count - row.leaves.get("reversed", 0) - row.leaves.get("not_counted", 0))


def _table(title: str, rows: Sequence[Row], kinds: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("day", "programme" if title == "meals" else "club", "tenge", *(HEADS[kind] for kind in kinds), ""):
        table.add_column(name, justify="right" if name in ("tenge", *HEADS.values()) else "left", overflow="fold")
    for row in rows:
        cells = [_cell(row.leaves.get(kind, 0), row.statements.get(kind, 0), bool(row.differs)) for kind in kinds]
        words = Text("; ".join(row.differs), "red")
        table.add_row(row.day or "not known", row.what or "-", str(row.tenge), *cells, words)
    return table


def _cell(held: int, said: int, differs: bool) -> Text:
    """The leaves' count; where the statements say another, both."""
    if held == said:
        return Text(str(held) if held else "")
    return Text(f"{held} ({said} stated)", "red" if differs else "dim")


def _remarks(one: SchoolMonth) -> Iterator[tuple[str, str]]:
    for fault in one.faults:
        yield f"fault: {fault}", "red"
    for gap in one.gaps:
        yield f"gap: {gap}, and nothing explains it", "red"
    for unverified in one.unverified:
        yield f"unverified: {unverified}", "red"
    for name, lines in (
        ("double", one.doubles),
        ("open", [*one.forgotten, *one.undated]),
        ("lost", one.lost_reversals),
    ):
        for line in lines:
            yield f"{name}: {line}", "yellow"


def _correction(one: Correction) -> str:
    who = f"{one.id} of {one.made[:10]} by {one.author}"
    if isinstance(one.body, MealOf):
        body = one.body
        return (
            f"{who}: {body.leaf} was {body.meal} of {body.pupil or 'an erased child'}, {body.programme} ({body.reason})"
        )
    if isinstance(one.body, AttendanceOf):
        return (
            f"{who}: {one.body.pupil or 'an erased child'} was {one.body.state} on {one.body.day} ({one.body.reason})"
        )
    if isinstance(one.body, Erasure):
        return f"{who}: a child was erased, {one.body.events} events, {one.body.leaves} leaves ({one.body.reason})"
    return f"{who}: {msgspec.json.encode(one.body).decode()}"


def _sum(one: SchoolMonth) -> Text:
    line = Text(f"to pay: {one.to_pay} tenge", "bold")
    line.append(f"   {one.paid_meals} meals {one.meals_tenge}, {one.paid_visits} club visits {one.visits_tenge}", "dim")
    programmes = ", ".join(f"{programme or 'no programme'} {count}" for programme, count in one.paid.items())
    line.append(f"   ({programmes})" if programmes else "", "dim")
    said = ", ".join(attention(one))
    line.append(f"   {said or 'everything fits'}", "red" if said else "green")
    return line
