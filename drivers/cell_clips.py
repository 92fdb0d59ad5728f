"""The clips that a cell makes now: each goes on to its end by itself, also when its camera is closed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.cell_wire import ClipDrop, ClipOver, ClipPiece, ClipStart, ClipTaken, FromCell
from drivers.clips import ClipMade, ClipOrder


class Film(Protocol):
    """One clip that is being made."""

    def taken(self) -> None: ...

    def stop(self) -> None: ...


OnPiece = Callable[[bytes], None]
OnEnd = Callable[[ClipMade | None, str], None]
Make = Callable[[ClipOrder, OnPiece, OnEnd], Film | str]  # of a camera; or why it makes none


class CellClips:
    """`say` tells the daemon."""

    def __init__(self, say: Callable[[FromCell], None]) -> None:
        self._say = say
        self._films: dict[int, Film] = {}

    def start(self, told: ClipStart, source: object) -> None:
        """`source`: the device of the channel, if it is connected; not each has video."""
        make: Make | None = getattr(source, "film", None)

        def on_piece(data: bytes) -> None:
            self._say(ClipPiece(told.clip, data))

        def on_end(made: ClipMade | None, reason: str) -> None:
            self._films.pop(told.clip, None)
            self._say(ClipOver(told.clip, made, reason))

        film = make(told.order, on_piece, on_end) if make is not None else "no_video"
        if isinstance(film, str):
            self._say(ClipOver(told.clip, None, film))
        else:
            self._films[told.clip] = film

    def hear(self, told: ClipTaken | ClipDrop) -> None:
        film = self._films.get(told.clip)
        if film is None:  # it has just ended
            return
        if isinstance(told, ClipTaken):
            film.taken()
        else:
            film.stop()
