"""The centre's data on this box as a person reads them: a row a dataset, and what follows where one is old or missing.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TextIO

from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.datasets import DATASETS
from agent.ops.status import DatasetView, TroubleView
from agent.texts import Texts, load_texts
from agent.texts.measures import UNKNOWN, day, span

WARNING = "yellow"


def draw(
    school: str,
    at: str,
    datasets: Mapping[str, DatasetView],
    troubles: Sequence[TroubleView],
    out: TextIO,
    texts: Texts | None = None,
) -> None:
    """`mektep reference --json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(Text(school, "bold"))
    for trouble in troubles:
        table = tables.rows(style="bold red")
        table.add_row(trouble.code, tables.told(trouble.code, trouble.what, trouble.do, say))
        console.print(table)
    console.print(_table(at, datasets, say))
    for what in _consequences(datasets, say):
        console.print(tables.beside("•", Text(what, WARNING)))


def age(issued: str, at: str, say: Texts) -> str:
    """How old, in the largest unit of which there are at least two; a dash if nobody knows."""
    if not issued or not at:
        return UNKNOWN
    since = max(datetime.fromisoformat(at) - datetime.fromisoformat(issued), timedelta())
    return span(say, since.total_seconds())


def _table(at: str, datasets: Mapping[str, DatasetView], say: Texts) -> Table:
    table = tables.columns(say, "dataset", "version", "age", "holds")
    for name in DATASETS:
        found = datasets.get(name)
        if found is None:
            table.add_row(name, "—", "", Text(say("reference.missing"), "dim"))
            continue
        counts = ", ".join(say(f"counted.{what}", count=count) for what, count in found.counts.items() if count)
        ends = f"{say('reference.ends')} {day(say, date.fromisoformat(found.ends))}" if found.ends else ""
        table.add_row(
            name,
            found.version,
            Text(age(found.issued, at, say), WARNING if found.stale else ""),
            Text(", ".join(filter(None, [counts, ends])), WARNING if found.ended else ""),
        )
    return table


def _consequences(datasets: Mapping[str, DatasetView], say: Texts) -> Iterator[str]:
    """What the box does without them."""
    for name in DATASETS:
        if name not in datasets:
            yield f"{name}: {say(f'without.{name}')}"
    stale = [name for name, one in datasets.items() if one.stale]
    if stale:
        yield f"{', '.join(stale)}: {say('reference.stale')}"
    if any(one.ended for one in datasets.values()):
        yield f"calendar: {say('reference.ended')}"
