"""A bar for what takes long, on a terminal's standard error; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")


def track(items: Iterable[T], total: int) -> Iterator[T]:
    """The items, and how far they are."""
    console = Console(stderr=True)
    if not console.is_terminal or total < 2:
        yield from items
        return
    with Progress(console=console, transient=True) as progress:
        yield from progress.track(items, total=total, description="")
