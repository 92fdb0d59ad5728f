"""What a fuzzed parser is: one input, what must hold of every outcome, and inputs to begin with.

A target fails by an exception that its parser may not raise, or by an assertion: a card that nobody showed, a buffer
that grows, a text with control characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Target(NamedTuple):
    """`run` takes anything; `seeds` are sound inputs and near misses; `make fuzz` tries no more than `most` bytes."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    most: int = 1_024


def streamed(decode: Callable[[bytearray], Iterable[T]], data: bytes, *, rest_most: int) -> tuple[list[T], list[T]]:
    """What a decoder makes of the data whole, and byte by byte; it may keep only so much of an unfinished frame."""
    whole = bytearray(data)
    at_once = list(decode(whole))
    assert len(whole) <= rest_most, f"{len(whole)} bytes are kept"
    buffer, one_by_one = bytearray(), []
    for byte in data:
        buffer.append(byte)
        one_by_one += decode(buffer)
        assert len(buffer) <= rest_most, f"{len(buffer)} bytes are kept"
    return at_once, one_by_one


def shown_safely(text: str) -> None:
    """What a person will read: one line, nothing that moves a cursor or turns the direction."""
    assert all(char.isprintable() for char in text), ascii(text)
