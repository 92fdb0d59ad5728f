"""A clip's pieces come in turn, to their end, however that comes."""

from __future__ import annotations

import asyncio

import pytest

from agent.cells.footage import Footage
from agent.evidence.films import Footage as Shape
from drivers.cell_wire import CellWireError, ClipDrop, ClipOver, ClipPiece, ClipTaken, ToCell
from drivers.clips import PIECE_BYTES, PIECES_AHEAD, ClipMade

MADE = ClipMade(plain_bytes=5, plain_sha256="ab" * 32, before_s=1.0, after_s=2.0)


class Line:
    """One clip, and what was said to its cell."""

    def __init__(self) -> None:
        self.said: list[ToCell] = []
        self.footage = Footage(7, self.said.append)

    def piece(self, data: bytes = b"x") -> None:
        self.footage.hear(ClipPiece(7, data))


_: Shape = Line().footage


async def test_each_piece_is_taken_when_it_is_dealt_with_and_the_end_tells_what_it_was() -> None:
    line, found = Line(), []
    line.piece(b"one")
    line.piece(b"two")
    line.footage.hear(ClipOver(7, MADE))
    async for piece in line.footage:
        assert len(line.said) == len(found)
        found.append(piece)
    assert found == [b"one", b"two"]
    assert line.said == [ClipTaken(7), ClipTaken(7)]
    assert (line.footage.made, line.footage.reason) == (MADE, "")


async def test_who_waits_for_a_piece_gets_it() -> None:
    line = Line()
    waiting = asyncio.ensure_future(anext(aiter(line.footage)))
    await asyncio.sleep(0)
    line.piece(b"late")
    assert await waiting == b"late"


@pytest.mark.parametrize("message", [ClipOver(7, None, "stopped"), ClipOver(7, None)])
async def test_one_that_is_none_says_why(message: ClipOver) -> None:
    line = Line()
    line.footage.hear(message)
    assert [piece async for piece in line.footage] == []
    assert (line.footage.made, line.footage.reason) == (None, message.reason or "failed")


async def test_the_end_of_the_cell_ends_it_once() -> None:
    line = Line()
    line.footage.end()
    line.footage.hear(ClipOver(7, MADE))
    assert (line.footage.made, line.footage.reason) == (None, "interrupted")
    line.footage.drop()  # there is nobody to tell
    assert line.said == []


async def test_what_nobody_wants_is_dropped() -> None:
    line = Line()
    line.footage.drop()
    assert line.said == [ClipDrop(7)]


async def test_pieces_out_of_turn_or_too_large_or_after_the_end_are_nonsense() -> None:
    line = Line()
    for _ in range(PIECES_AHEAD):
        line.piece()
    with pytest.raises(CellWireError):
        line.piece()
    large, ended = Line(), Line()
    with pytest.raises(CellWireError):
        large.piece(bytes(PIECE_BYTES + 1))
    ended.footage.end()
    with pytest.raises(CellWireError):
        ended.piece()
