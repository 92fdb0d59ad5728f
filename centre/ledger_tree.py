"""A Merkle log by its right edge: what is needed to append a leaf and to tell the root. Pure.

Hashes  RFC 6962, section 2.1: a leaf is SHA-256 of 00 and its entry, a node of 01 and its two children.
Edge    the roots of the largest complete subtrees, largest first: as many as the size has bits set.
"""

from __future__ import annotations

import hashlib
from functools import reduce

import msgspec

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Edge(msgspec.Struct):
    """The right edge of a log of `size` leaves."""

    size: int = 0
    peaks: list[bytes] = msgspec.field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """One leaf more, by its hash."""
        complete, rest = leaf, self.size
        while rest & 1:
            complete = node_hash(self.peaks.pop(), complete)
            rest >>= 1
        self.peaks.append(complete)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))

    def kept(self) -> bytes:
        """As a table keeps it."""
        return b"".join(self.peaks)


def edge_of(size: int, kept: bytes) -> Edge:
    """From a table; a row that cannot be the edge of such a log counts for nothing, and all is hashed again."""
    if len(kept) != HASH_BYTES * size.bit_count():
        return Edge()
    return Edge(size, [kept[at : at + HASH_BYTES] for at in range(0, len(kept), HASH_BYTES)])
