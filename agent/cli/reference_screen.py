"""The centre's data on this box as a person reads them: a row a dataset, and what follows where one is old or missing.

Texts   agent/texts; colours only on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.datasets import DATASETS
from agent.ops.status import DatasetView, TroubleView
from agent.texts import Texts, load_texts

WARNING = "yellow"


def draw(
    school: str,
    at: str,
    datasets: Mapping[str, DatasetView],
    troubles: Sequence[TroubleView],
    out: TextIO,
    texts: Texts | None = None,
) -> None:
    """At most 100 columns; `mektep reference --json` has everything."""
    say = texts or load_texts()
    console = Console(file=out, highlight=False, width=None if out.isatty() else 100)
    console.print(Text(school, "bold"))
    for trouble in troubles:
        line = Text(f"{trouble.code}  {trouble.what}", "bold red")
        console.print(line.append(f"\n→ {say.instruction(trouble.code, trouble.do)}", "bold"))
    console.print(_table(at, datasets, say))
    for what in _consequences(datasets, say):
        console.print(Text(f"{what}", WARNING))


def age(issued: str, at: str, say: Texts) -> str:
    """How old, in the largest unit of which there are at least two; a dash if nobody knows."""
    if not issued or not at:
        return "—"
    since = max(datetime.fromisoformat(at) - datetime.fromisoformat(issued), timedelta())
    minutes = int(since.total_seconds() // 60)
    for unit, size in (("days", 1_440), ("hours", 60)):
        if minutes >= 2 * size:
            return f"{minutes // size} {say(f'age.{unit}')}"
    return f"{minutes} {say('age.minutes')}"


def _table(at: str, datasets: Mapping[str, DatasetView], say: Texts) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("dataset", "version", "age", "holds"):
        table.add_column(say(f"column.{column}"), no_wrap=column != "holds")
    for name in DATASETS:
        found = datasets.get(name)
        if found is None:
            table.add_row(name, "—", "", Text(say("reference.missing"), "dim"))
            continue
        counts = ", ".join(f"{count} {say(f'counted.{what}')}" for what, count in found.counts.items() if count)
        ends = f"{say('reference.ends')} {found.ends}" if found.ends else ""
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
