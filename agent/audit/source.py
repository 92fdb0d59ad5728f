"""What an audit reads: the logs of one school, each with its leaves and its checkpoints, from files or a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from agent.audit.leaf import Kept

Piece = tuple[int, list[Kept]]  # how much of `total` it is, and some leaves


class KeptNote(msgspec.Struct, frozen=True):
    """A checkpoint as it was kept. Nothing of it is checked."""

    note: str
    sequence: int = -1
    cosigned: str = ""  # the same note with lines of cosigners, or those lines alone


class SourceLog(Protocol):
    """One epoch's log."""

    @property
    def epoch(self) -> str: ...

    @property
    def total(self) -> int:
        """For the progress bar: leaves, or bytes."""

    @property
    def partial(self) -> bool:
        """Whether it may hold nothing but the hash of a leaf."""

    def pieces(self) -> Iterator[Piece]:
        """All leaves, in the order in which they are kept."""

    def checkpoints(self) -> list[KeptNote]:
        """In the order in which they were signed."""

    def hashes(self) -> bytes:
        """Of all leaves, one after the other, where they are kept apart from the events; else nothing."""

    def leaf(self, index: int) -> Kept | None:
        """One leaf, without reading all."""


class Source(Protocol):
    """One school's ledger as somebody has kept it."""

    @property
    def school(self) -> str: ...

    @property
    def keys(self) -> Sequence[str]:
        """vkeys of box and cosigners, as the source itself says: trusted only if nobody has given others."""

    @property
    def logs(self) -> Sequence[SourceLog]:
        """The oldest first."""

    def close(self) -> None: ...
