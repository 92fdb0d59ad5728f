"""Leaves read by two processes, in their order: reading takes more than all the rest of an audit.

Second   begins when a log turns out to be long, takes what this process has no hand free for, and is done without if it
         dies or if there is one core only. Bounded: so many pieces are on their way.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import chain, islice

import msgspec

from agent.audit.leaf import OPENED, STATEMENT, Kept, Leaf, read
from agent.audit.source import Piece

LONG_PIECES = 8
ON_THEIR_WAY = 16  # pieces
AHEAD = 6  # pieces that the second process has before it
WHOLE = (STATEMENT, OPENED)  # leaves of which more than a line is needed

_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(list[Kept]).decode
_leaves = msgspec.msgpack.Decoder(list[Leaf]).decode


class _Sent(msgspec.Struct):
    """A piece on its way: read here, or still at the second process."""

    size: int
    kept: list[Kept]
    leaves: list[Leaf] | None = None
    future: Future[bytes] | None = None


def leaves_of(pieces: Iterable[Piece], cores: int | None = None) -> Iterator[tuple[int, list[Leaf]]]:
    """Each piece's size and leaves."""
    several = iter(pieces)
    begin = list(islice(several, LONG_PIECES))
    yield from ((size, [read(one) for one in kept]) for size, kept in begin)
    alone = (len(os.sched_getaffinity(0)) if cores is None else cores) < 2
    following = next(several, None)
    if following is None:
        return
    with ExitStack() as stack:
        pool = None if alone else stack.enter_context(ProcessPoolExecutor(1))
        sent: deque[_Sent] = deque()
        for size, kept in chain((following,), several):
            sent.append(_begun(_Sent(size, kept), pool, sent))
            if len(sent) > ON_THEIR_WAY or pool is None:
                yield sent[0].size, _done(sent.popleft())
        while sent:
            yield sent[0].size, _done(sent.popleft())


def _begun(piece: _Sent, pool: ProcessPoolExecutor | None, sent: Iterable[_Sent]) -> _Sent:
    """Given to the second process if that has less than enough to do, else read here."""
    busy = sum(one.future is not None and not one.future.done() for one in sent)
    if pool is not None and busy < AHEAD:
        try:
            piece.future = pool.submit(_read_there, _encode(piece.kept))
            return piece
        except BrokenProcessPool:
            pass
    piece.leaves = [read(one) for one in piece.kept]
    return piece


def _done(piece: _Sent) -> list[Leaf]:
    if piece.leaves is None and piece.future is not None:
        try:
            found = _leaves(piece.future.result())
            return [read(kept) if leaf.type in WHOLE else leaf for leaf, kept in zip(found, piece.kept, strict=True)]
        except BrokenProcessPool:
            pass
    return piece.leaves if piece.leaves is not None else [read(one) for one in piece.kept]


def _read_there(encoded: bytes) -> bytes:
    """In the second process."""
    found = [read(one) for one in _kept(encoded)]
    for leaf in found:
        leaf.data = None
    return _encode(found)
