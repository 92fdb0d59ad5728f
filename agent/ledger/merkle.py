"""The tree of RFC 6962 with SHA-256: its root, its proofs, and their judges.

Shape    leaf SHA-256(00, entry); node SHA-256(01, left, right); a tree splits at the largest power of two below its
         size, and an odd node is carried up, never doubled. A hash is 32 bytes, here and in every proof.
Source   RFC 6962, section 2.1; the judges are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
Proofs   are made from the roots of whole subtrees, which the caller has: in memory, in rows, in tiles.
Not      where hashes are kept: agent/ledger/log.py. Who signs a root: agent/ledger/note.py.

A proof does not fix the size of the tree (the one of leaf 0 among 8 holds for 5 to 8 as well): size and root come
from a checkpoint whose signature has been checked, never from who brings the proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Hashes(Protocol):
    """Where the hashes of a tree lie."""

    def __call__(self, level: int, index: int) -> bytes:
        """The root of the whole subtree of 2**level leaves that begins at leaf index * 2**level."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """The right edge of a tree: all that appending and the root need. A value: who goes back keeps the old one."""

    size: int = 0  # leaves
    hashes: tuple[bytes, ...] = ()  # one for each bit that is set in the size, the largest subtree first

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count() or not _sound(self.hashes):
            raise ValueError(f"{len(self.hashes)} hashes are no frontier of {self.size} leaves")

    def append(self, leaf: bytes) -> Frontier:
        """The frontier with one leaf more, given as its hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier with these leaves more, given as their hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            left = size
            while left & 1:  # a subtree of the same size stands to the left: they become one
                leaf = node_hash(hashes.pop(), leaf)
                left >>= 1
            hashes.append(leaf)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        return _folded(self.hashes) if self.hashes else EMPTY_ROOT


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    return Frontier().extend(leaves).root()


def root_at(size: int, subtree: Hashes) -> bytes:
    """The root of the first `size` leaves."""
    return _range_root(0, size, subtree) if size else EMPTY_ROOT


def inclusion(size: int, index: int, subtree: Hashes) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    path, first, last = [], 0, size
    while last - first > 1:
        split = first + _split(last - first)
        if index < split:
            path.append(_range_root(split, last, subtree))
            last = split
        else:
            path.append(_range_root(first, split, subtree))
            first = split
    return path[::-1]


def consistency(old: int, new: int, subtree: Hashes) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of that of `new`; empty for nothing and for the same."""
    if not 0 <= old <= new:
        raise ValueError(f"{old} leaves are no beginning of {new}")
    if old in (0, new):
        return []
    path, first, last = [], 0, new
    while last != old:
        split = first + _split(last - first)
        if old <= split:
            path.append(_range_root(split, last, subtree))
            last = split
        else:
            path.append(_range_root(first, split, subtree))
            first = split
    if first:  # else the old tree is this subtree, and its root is known to who asks
        path.append(_range_root(first, last, subtree))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf of this hash is at `index` in the tree of this size and root."""
    if not 0 <= index < size or not _sound((leaf, root, *proof)):
        return False
    here, end, found = index, size - 1, leaf
    for sibling in proof:
        if end == 0:
            return False
        if here & 1 or here == end:
            found = node_hash(sibling, found)
            while not here & 1 and here:
                here, end = here >> 1, end >> 1
        else:
            found = node_hash(found, sibling)
        here, end = here >> 1, end >> 1
    return end == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `old` leaves is the beginning of that of `new`."""
    if not 0 <= old <= new or not _sound((old_root, new_root, *proof)):
        return False
    if old == new:
        return not proof and old_root == new_root and (new > 0 or new_root == EMPTY_ROOT)
    if old == 0:  # RFC 9162 leaves this out: everything grows from nothing, if it is nothing
        return not proof and old_root == EMPTY_ROOT
    if not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    return _replayed(old - 1, new - 1, path) == (old_root, new_root)


def _replayed(here: int, end: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Old and new root as a path of consistency builds them; None if it is too long or too short."""
    while here & 1:
        here, end = here >> 1, end >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if end == 0:
            return None
        if here & 1 or here == end:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not here & 1 and here:
                here, end = here >> 1, end >> 1
        else:
            after = node_hash(after, sibling)
        here, end = here >> 1, end >> 1
    return (before, after) if end == 0 else None


def _sound(hashes: Iterable[bytes]) -> bool:
    return all(len(one) == HASH_BYTES for one in hashes)


def _split(leaves: int) -> int:
    """The largest power of two below a number of leaves, from two on."""
    return 1 << (leaves - 1).bit_length() - 1


def _range_root(first: int, last: int, subtree: Hashes) -> bytes:
    """The root over leaves [first, last) as a tree of their own; `first` is where such a subtree may begin."""
    whole = []
    while first < last:
        level = (last - first).bit_length() - 1
        whole.append(subtree(level, first >> level))
        first += 1 << level
    return _folded(whole)


def _folded(subtrees: Sequence[bytes]) -> bytes:
    """The root over neighbouring subtrees, the largest first."""
    found = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        found = node_hash(left, found)
    return found
