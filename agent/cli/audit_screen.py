"""An audit as a person reads it: what was looked at, the sums by month, what is wrong and what to do, the verdict last.

Texts   agent/texts; colours and the bar only on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from agent.audit.audit import LogView, Report, Tick
from agent.audit.findings import Finding
from agent.audit.leaf import shown
from agent.audit.one_leaf import Proven
from agent.audit.sums import Amount, Month
from agent.cli import screen
from agent.texts import Texts

BAD, WELL, MILD = "bold red", "bold green", "yellow"
INDENT = (0, 0, 0, 7)
EPOCH_CHARS = 8


@contextmanager
def bar(to: TextIO, total: int, say: Texts) -> Iterator[Tick]:
    """How far the audit is; nothing if nobody watches."""
    console = Console(file=to, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=40), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not to.isatty()) as progress:
        task = progress.add_task(say("audit.reading"), total=total)
        yield lambda amount: progress.advance(task, amount)


def draw(report: Report, out: TextIO, say: Texts) -> None:
    console = screen.console(out)
    console.print(Text(f"{say('audit.title')} {shown(report.school)}", "bold"))
    console.print(_logs(report.logs, say))
    if report.months:
        console.print(_months(report.months, say))
    for title, found, style in (
        ("audit.notes", report.notes, MILD),
        ("audit.findings", report.findings, BAD),
    ):
        if found:
            console.print(Text(f"\n{say(title)}", "bold"))
            _draw_findings(found, style, console, say)
    for code, count in report.untold.items():
        console.print(Text(say("audit.untold", code=code, count=count), MILD))
    console.print()
    console.print(_verdict(report, say))


def draw_proven(proven: Proven, epoch: str, out: TextIO, say: Texts) -> None:
    """One leaf and its proof."""
    console = screen.console(out)
    leaf = proven.leaf
    line = leaf.line or ("", "", "", 0)
    what = f"{shown(leaf.type)}  {shown(leaf.day)}  {shown(line[2])}  {_number(line[3])} ₸"
    console.print(Text(f"{epoch}/{leaf.index}  {what}", "bold"))
    if proven.finding:
        _draw_findings([proven.finding], BAD, console, say)
    else:
        console.print(Text(say("audit.proven", size=proven.size), WELL))


def _logs(logs: Sequence[LogView], say: Texts) -> Table:
    table = _table(say, ("log", "leaves", "vouched", "checkpoints", "statements", "erased"))
    for one in logs:
        style = "" if one.vouched == one.leaves else MILD
        table.add_row(
            one.epoch[:EPOCH_CHARS], _number(one.leaves), Text(_number(one.vouched), style), _number(one.checkpoints),
            _number(one.statements), _number(one.erased),
        )  # fmt: skip
    return table


def _months(months: Sequence[Month], say: Texts) -> Table:
    table = _table(say, ("month", "what", "tariff", "count", "tenge"))
    for month in months:
        title = month.month or say("audit.no_day")
        for amount in month.programmes:
            table.add_row(title, *_amount(amount, say("audit.no_programme")))
            title = ""
        for amount in month.clubs:
            table.add_row(title, *_amount(amount, ""))
            title = ""
        total = _number(month.meals_tenge + month.visits_tenge)
        table.add_row("", Text(say("audit.total"), "bold"), "", "", Text(total, "bold"), end_section=True)
    return table


def _amount(amount: Amount, unnamed: str) -> tuple[str, str, str, str]:
    what = shown(amount.what) or unnamed
    return what, _number(amount.tenge), _number(amount.count), _number(amount.tenge * amount.count)


def _table(say: Texts, names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for number, name in enumerate(names):
        words = number == 0 or name == "what"
        table.add_column(say(f"audit.{name}"), justify="left" if words else "right", no_wrap=True)
    return table


def _draw_findings(found: Sequence[Finding], style: str, console: Console, say: Texts) -> None:
    epochs = {one.epoch for one in found}
    for one in found:
        log = f"{one.epoch[:EPOCH_CHARS]}  " if len(epochs) > 1 and one.epoch else ""
        console.print(Text(f"{one.code}  ", style).append(f"{log}{one.words(say)}", "not bold default"))
        console.print(Padding(Text(f"→ {one.do(say)}"), INDENT))


def _verdict(report: Report, say: Texts) -> Text:
    if report.findings:
        return Text(say("audit.bad", count=len(report.findings) + sum(report.untold.values())), BAD)
    leaves, vouched = (sum(getattr(one, name) for one in report.logs) for name in ("leaves", "vouched"))
    return Text(say("audit.well", leaves=_number(leaves), vouched=_number(vouched)), WELL)


def _number(value: int) -> str:
    """With a thin gap between thousands, which is a comma nowhere."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")
