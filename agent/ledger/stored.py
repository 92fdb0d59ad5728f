"""An epoch's log in the database: roots at every size, proofs, and whether its rows still belong together.

Reads   table tree by tiles: a root of 2**n leaves is folded from at most 128 rows, a proof from some five hundred.
Raises  Spoilt, naming the first leaf or tile that is missing or is not what lies below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.ledger.log import LEVELS, TILE, Execute, complete_root
from agent.ledger.merkle import consistency, inclusion, root_at

TILE_BITS = TILE.bit_length() - 1
COUNT = "select count(*), coalesce(max(idx), -1) + 1 from tree where epoch = ? and level = ?"
ROWS = "select hash from tree where epoch = ? and level = ? and idx >= ? and idx < ? order by idx"


class Spoilt(ValueError):
    """Rows of a log were removed or changed."""


class Stored:
    """The log of one epoch."""

    def __init__(self, execute: Execute, epoch_id: int) -> None:
        self._execute = execute
        self._epoch_id = epoch_id

    def size(self) -> int:
        """Leaves."""
        return self._counted(0)

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf."""
        return self(0, index)

    def root(self, size: int) -> bytes:
        """Of the first `size` leaves."""
        return root_at(size, self)

    def inclusion(self, size: int, index: int) -> list[bytes]:
        """The path of a leaf in the log as it was with `size` leaves. Raises ValueError if it had no such leaf."""
        return inclusion(size, index, self)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """That the log only grew between two sizes."""
        return consistency(old, new, self)

    def __call__(self, level: int, index: int) -> bytes:
        """The root of the whole subtree of 2**level leaves that begins at leaf index * 2**level."""
        row_level = min(level // TILE_BITS, LEVELS - 1)
        width = 1 << level - row_level * TILE_BITS
        rows = self._rows(row_level, index * width, width)
        if len(rows) < width:
            raise Spoilt(f"{width - len(rows)} of {width} rows from {_named(row_level, index * width)} on are missing")
        return complete_root(rows)

    def check(self) -> int:
        """Whether every tile is what lies below it, and nothing is missing. Returns the number of leaves.

        Takes half a second for a school year, in many statements: run it in a read transaction.
        """
        size = self._counted(0)
        below = size
        for level in range(1, LEVELS):
            if self._counted(level) != below // TILE:
                raise Spoilt(f"there are {self._counted(level)} tiles of level {level} instead of {below // TILE}")
            for index in range(below // TILE):
                hashes = self._rows(level - 1, index * TILE, TILE)
                if [complete_root(hashes)] != self._rows(level, index, 1):
                    raise Spoilt(f"{_named(level, index)} is not what lies below it")
            below //= TILE
        return size

    def leaves(self) -> Iterator[bytes]:
        """The hashes of all leaves, in order."""
        for first in range(0, self.size(), TILE):
            yield from self._rows(0, first, TILE)

    def _rows(self, level: int, first: int, count: int) -> list[bytes]:
        found = self._execute(ROWS, (self._epoch_id, level, first, first + count))
        return [bytes(hash_) for (hash_,) in found]

    def _counted(self, level: int) -> int:
        count, end = self._execute(COUNT, (self._epoch_id, level)).fetchone()
        if count != end:
            raise Spoilt(f"{end - count} of {end} rows of level {level} are missing")
        return int(count)


def _named(level: int, index: int) -> str:
    if level == 0:
        return f"leaf {index}"
    leaves = TILE**level
    return f"the tile of leaves {index * leaves} to {(index + 1) * leaves - 1}"
