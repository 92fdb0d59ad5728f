"""What was found, as a person reads it over SSH: by kind, what is to be done below it, then lines to paste.

Texts   agent/texts; colours and bars only on a terminal. The proposed lines are never broken: they are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from agent.cli import screen, tables
from agent.cli.discover_proposal import Device
from agent.texts import Texts
from drivers.discovery.found import Found, Kind, Sure, Tick, Why, printable

MARK = {Sure.CERTAIN: ("●", "green"), Sure.LIKELY: ("◐", "yellow"), Sure.POSSIBLE: ("○", "dim")}
BAD = "bold red"
INDENT = (0, 0, 0, 3)


class _Bars:
    """One bar a look, on the error stream; none if that is no terminal."""

    def __init__(self, progress: Progress, console: Console, say: Texts) -> None:
        self._progress = progress
        self._console = console
        self._say = say

    def bar(self, words: str, title: str) -> Tick:
        task = self._progress.add_task(f"{self._say(f'look.{title}')} {printable(words, 40)}", total=None)

        def tick(done: int, of: int) -> None:
            self._progress.update(task, completed=done, total=of)

        return tick

    def show_cards(self, count: int) -> None:
        self._console.print(Text(f"{self._say('discover.show_cards')} {count}\n", "bold"))


@contextmanager
def bars(to: TextIO, say: Texts) -> Iterator[_Bars]:
    console = Console(file=to, highlight=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not to.isatty()) as progress:
        yield _Bars(progress, console, say)


def draw(found: Sequence[Found], devices: Sequence[Device], file: Path, out: TextIO, say: Texts, *, hint: bool) -> None:
    """Print the groups, then the proposal. `hint`: nobody has listened or asked yet."""
    console = screen.console(out)
    for kind in Kind:
        _draw_group(kind, [one for one in found if one.kind is kind], console, say)
    if not found:
        console.print(Text(say("discover.nothing"), BAD))
    if hint and any(one.kind is Kind.PORT for one in found):
        console.print(tables.beside("→", Text(f"{say('discover.hint')}\n", "bold")))
    if devices:
        console.print(Text(f"{say('discover.propose')} {file}", "bold"))
        for line in (line for device in devices for line in ("", *device.lines)):
            style = "dim" if line.startswith("#") else "bold cyan" if line.startswith("[[") else ""
            console.print(Text(line, style), soft_wrap=True)


def _draw_group(kind: Kind, group: Sequence[Found], console: Console, say: Texts) -> None:
    if not group:
        return
    console.print(Text(say(f"discover.{kind}"), "bold"))
    for line in _group(group, say):
        console.print(line)
    console.print()


def _group(group: Sequence[Found], say: Texts) -> Iterator[RenderableType]:
    """Each thing once: what it is, its name for the configuration, and every trouble with what to do."""
    things: dict[tuple[str, str], list[Found]] = {}
    for one in group:
        things.setdefault((one.what, one.name), []).append(one)
    for (what, name), told in things.items():
        yield _headline(what, told, say)
        if name not in ("", what):
            yield Padding(Text(printable(name, 200), "dim", overflow="fold"), INDENT)
        for one in told:
            if one.code:
                trouble = Text(f"{one.code}  ", BAD).append(
                    printable(say.fact(one.code, one.fact), 300), "not bold default"
                )
                yield Padding(trouble, INDENT, expand=False)
                yield Padding(tables.beside("→", Text(say.instruction(one.code, one.do), "bold")), INDENT, expand=False)


def _headline(what: str, told: Sequence[Found], say: Texts) -> Table:
    mark, style = MARK[told[-1].sure]
    bad = any(one.code for one in told)
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(no_wrap=True, width=1)
    line.add_column(overflow="fold", ratio=1)
    line.add_column(no_wrap=True, justify="right")
    line.add_row(
        Text("!" if bad else mark, BAD if bad else style), Text(printable(say.found(what), 160)), _state(told[-1], say)
    )
    return line


def _state(one: Found, say: Texts) -> Text:
    if one.configured:
        return Text(f"{say('discover.configured')} {printable(one.configured, 32)}", "green")
    if one.used_by:
        return Text(f"{say('discover.used')}, {one.used_by}", "green")
    if one.kind is Kind.PORT:  # that it is there needs no reason
        return Text("" if one.why in (Why.LISTED, Why.USB) else say(f"why.{one.why}"), "dim")
    return Text(f"{say(f'sure.{one.sure}')}, {say(f'why.{one.why}')}", "dim")
