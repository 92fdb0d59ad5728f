"""The tables of all screens: no frames, headings dim, numbers to the right, and what is long wraps."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from agent.texts import Texts

NUMBERS = {
    *("readings", "garbled", "accepted", "stored", "owed", "size", "rate", "through", "highest"),
    *("a_second", "skipped", "late", "cost", "hits", "votes", "told", "dismissed"),
}
LONG = {"holds", "watched_for", "outcome"}


def columns(say: Texts, *names: str, section: str = "column") -> Table:
    """A table of these columns; their headings are texts."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        right = name in NUMBERS and section == "column"
        heading = say(f"{section}.{name}")
        table.add_column(heading, justify="right" if right else "left", no_wrap=name not in LONG)
    return table


def rows(title: str = "", style: str = "") -> Table:
    """Rows of a mark or a code, and what is said of it: this wraps beside the mark, not beneath it."""
    table = Table(
        title=title or None, title_justify="left", title_style=style, show_header=False, box=None, padding=(0, 1)
    )
    table.add_column(style=style, no_wrap=True)
    table.add_column()
    return table


def told(code: str, what: str, do: str, say: Texts) -> Text:
    """A fact in the reader's language, and beneath it what to do."""
    return Text(say.fact(code, what)).append(f"\n→ {say.instruction(code, do)}", "bold")
