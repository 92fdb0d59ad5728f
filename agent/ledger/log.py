"""An epoch's Merkle log as the disk has it: hashes of leaves, and roots of complete tiles of 256 and of 65,536 leaves.

A log is immutable: what a group commit adds is a new one, taken when the commit has succeeded.

Table   tree (agent/schema): level 0 leaves, level 1 tiles of 256, level 2 tiles of 65,536
Source  RFC 6962, section 2.1: a root is the fold, from the right, of the roots of the largest complete subtrees
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import msgspec

from agent.ledger.merkle import EMPTY_ROOT, node_hash

TILE = 256
LEVELS = 3
Execute = Callable[[str, Sequence[Any]], Any]
TreeRow = tuple[int, int, bytes]  # level, index, hash


class Log(msgspec.Struct, frozen=True):
    """The right edge of a log: at each level the hashes of the tile that is not complete; the top one has no end."""

    size: int = 0
    edges: tuple[tuple[bytes, ...], ...] = ((),) * LEVELS

    def grown(self, leaves: Sequence[bytes]) -> tuple[Log, list[TreeRow]]:
        """The log with these leaf hashes appended, and the rows that this adds to the table."""
        edges = [list(edge) for edge in self.edges]
        rows: list[TreeRow] = []
        size = self.size
        for leaf in leaves:
            index, hash_ = size, leaf
            size += 1
            for level in range(LEVELS):
                rows.append((level, index, hash_))
                edges[level].append(hash_)
                if level == LEVELS - 1 or len(edges[level]) < TILE:
                    break
                index, hash_ = index // TILE, complete_root(edges[level])
                edges[level].clear()
        return Log(size, tuple(map(tuple, edges))), rows

    def root(self) -> bytes:
        """The Merkle tree hash."""
        peaks = [peak for edge in reversed(self.edges) for peak in _peaks(edge)]
        if not peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def load(execute: Execute, epoch_id: int) -> Log:
    """The log of an epoch, as committed."""
    sql = "select coalesce(max(idx), -1) + 1 from tree where epoch = ? and level = 0"
    (size,) = execute(sql, (epoch_id,)).fetchone()
    edges, held = [], size
    for level in range(LEVELS):
        first = held - held % TILE if level < LEVELS - 1 else 0
        sql = "select hash from tree where epoch = ? and level = ? and idx >= ? order by idx"
        edges.append(tuple(bytes(hash_) for (hash_,) in execute(sql, (epoch_id, level, first))))
        held //= TILE
    return Log(size, tuple(edges))


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of subtrees of one size."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def _peaks(hashes: Sequence[bytes]) -> Iterable[bytes]:
    """The roots of the largest complete subtrees over these, left to right."""
    first = 0
    while first < len(hashes):
        width = 1 << ((len(hashes) - first).bit_length() - 1)
        yield complete_root(hashes[first : first + width])
        first += width
