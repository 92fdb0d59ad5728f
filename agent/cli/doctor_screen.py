"""The examination as a person reads it over SSH: what does not work first, with what to do; what is well in few lines.

Texts   agent/texts; colours only on a terminal. A line that shows how far it is stands only on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.doctor.finding import Finding, Level
from agent.texts import Texts, load_texts

STYLES = {Level.FAULT: "bold red", Level.WARN: "bold yellow", Level.NOTE: "cyan", Level.OK: "green"}
MARKS = {Level.FAULT: "✗", Level.WARN: "!", Level.NOTE: "i", Level.OK: "✓"}
NARROW = 78  # of the line that shows how far it is


def draw(school: str, running: bool, findings: Sequence[Finding], out: TextIO, texts: Texts | None = None) -> None:
    """`mektep doctor --json` has everything."""
    say = texts or load_texts()
    console = screen.console(out)
    console.print(_headline(school, findings, say))
    if not running:
        console.print(Text(say("doctor.dead"), STYLES[Level.FAULT]))
    for level in (Level.FAULT, Level.WARN, Level.NOTE):
        if some := [one for one in findings if one.level is level]:
            console.print()
            console.print(_bad(some, level, say))
    well = [one for one in findings if one.level is Level.OK]
    if len(well) == len(findings):
        console.print(Text(f"\n{say('doctor.all_well')}", STYLES[Level.OK]))
    if well:
        console.print()
        console.print(_good(well, say))
    if out.isatty() and len(well) < len(findings):  # the faults stand above, perhaps out of sight
        console.print()
        console.print(_headline(school, findings, say))


def _headline(school: str, findings: Sequence[Finding], say: Texts) -> tables.Parts:
    counts = [(level, sum(one.level is level for one in findings)) for level in reversed(Level)]
    parts = [Text(say(f"doctor.{level.word}", count=count), STYLES[level]) for level, count in counts if count]
    name = Text(f"{school}  " if school else "", "bold")
    return tables.Parts([name.append_text(parts[0]), *parts[1:]] if parts else [name])


def _bad(findings: Sequence[Finding], level: Level, say: Texts) -> Table:
    """Mark, code, of what, the fact; below it what to do."""
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_column(style=STYLES[level], no_wrap=True)
    table.add_column(style=STYLES[level], no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        about = Text().append(f"{say(f'check.{one.check}')}: ", STYLES[level])
        table.add_row(MARKS[level], one.code, tables.told(one.code, one.fact, one.do, say, about))
    return table


def _good(findings: Sequence[Finding], say: Texts) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_column(style=STYLES[Level.OK], no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    before = ""
    for one in findings:
        name = say(f"check.{one.check}") if one.check != before else ""
        before = one.check
        table.add_row(MARKS[Level.OK] if name else "", name, say.fact("", one.fact))
    return table


class Progress:
    """One line that is written over: how many are done, what is looked at now. Silent where no terminal is."""

    def __init__(self, out: TextIO, say: Texts) -> None:
        self._out, self._say, self._shown = out, say, out.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")

    def __call__(self, done: int, of: int, now: Sequence[str]) -> None:
        names = ", ".join(self._say(f"check.{name}") for name in now)
        self._write(f"{done}/{of} {self._say('doctor.looking')}: {names}")

    def _write(self, text: str) -> None:
        if self._shown:
            short = text if len(text) <= NARROW else f"{text[: NARROW - 1]}…"
            print(f"\r{short:{NARROW}}\r" if not short else f"\r{short:{NARROW}}", end="", file=self._out, flush=True)
