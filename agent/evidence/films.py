"""The shape of what gives videos, as the evidence needs it; agent/cells/films.py is one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from drivers.clips import ClipMade, ClipOrder


class Footage(Protocol):
    """A clip as its sealed pieces come; iterate once, to the end."""

    @property
    def made(self) -> ClipMade | None:
        """After the end: what it is; None if it is none."""
        ...

    @property
    def reason(self) -> str:
        """Why it is none."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def drop(self) -> None:
        """Nobody wants it any more: its pieces end soon."""
        ...


class Films(Protocol):
    """What gives videos of cameras, by their names."""

    def refusal(self, camera: str) -> str:
        """Why it can give none now: a word of docs/protocol.md, section 15; empty if it can."""
        ...

    def film(self, camera: str, order: ClipOrder) -> Footage | None: ...


class NoFilms:
    """A box without video."""

    def refusal(self, camera: str) -> str:  # noqa: ARG002 - of the shape
        return "no_video"

    def film(self, camera: str, order: ClipOrder) -> Footage | None:  # noqa: ARG002
        return None
