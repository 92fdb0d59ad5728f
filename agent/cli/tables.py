"""The tables of all screens: no frames, headings dim, numbers to the right, and what is long wraps.

Narrow  headings break at their spaces first; only then cells do. Nothing is cut: a name that is cut is another one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from agent.texts import Texts

NUMBERS = {
    *("readings", "garbled", "accepted", "stored", "owed", "size", "rate", "through", "highest"),
    *("a_second", "skipped", "late", "cost", "hits", "votes", "told", "dismissed"),
}
LONG = {"holds", "watched_for", "outcome"}
GAP = "   "
ENDLESS = 1_000  # columns: as wide as it wants to be


class Columns(Table):
    """A table that makes itself narrow where it must."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._is_too_wide(console, options):
            self.padding = (0, 1, 0, 0)
        if self._is_too_wide(console, options):
            for column in self.columns:
                column.header = str(column.header).replace(" ", "\n")
        if self._is_too_wide(console, options):
            for column in self.columns:
                column.no_wrap, column.overflow = False, "fold"
        yield from super().__rich_console__(console, options)

    def _is_too_wide(self, console: Console, options: ConsoleOptions) -> bool:
        wanted = console.measure(self, options=options.update(max_width=ENDLESS)).maximum
        long = any(not column.no_wrap for column in self.columns)
        return not long and wanted > options.max_width


def columns(say: Texts, *names: str, section: str = "column", right: Collection[str] = NUMBERS) -> Columns:
    """A table of these columns; their headings are texts."""
    table = Columns(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        table.add_column(say(f"{section}.{name}"), justify=justify, no_wrap=name not in LONG)
    return table


def rows(title: str = "", style: str = "") -> Table:
    """Rows of a mark or a code, and what is said of it: this wraps beside the mark, not beneath it."""
    table = Table(
        title=title or None, title_justify="left", title_style=style, show_header=False, box=None, padding=(0, 1)
    )
    table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold")
    return table


def told(code: str, what: str, do: str, say: Texts, about: Text | None = None) -> Group:
    """A fact in the reader's language, and beneath it what to do; `about` stands before it."""
    fact = (about or Text()).append(say.fact(code, what))
    return Group(fact, beside("→", Text(say.instruction(code, do), "bold")))


def beside(mark: str, text: Text) -> Table:
    """A text that wraps beside its mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, style=text.style)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    return grid


class Parts:
    """What stands in one line where there is room, and breaks between its parts where there is none."""

    def __init__(self, parts: Sequence[Text]) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = Text()
        for part in self.parts:
            if line and len(line) + len(GAP) + part.cell_len > options.max_width:
                yield line
                line = Text()
            line = line.append(GAP if line else "").append_text(part)
        yield line
