"""Trees for the tests: the published leaves, and where the hashes of a list of leaves lie."""

from __future__ import annotations

from collections.abc import Sequence

from agent.ledger.merkle import Hashes, leaf_hash, node_hash

PUBLISHED = [  # google/certificate-transparency, merkle_tree_test.cc
    leaf_hash(bytes.fromhex(entry))
    for entry in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]


def kept(leaves: Sequence[bytes]) -> Hashes:
    """The roots of all whole subtrees over these hashes of leaves."""
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return lambda level, index: rows[level][index]
