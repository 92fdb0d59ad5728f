"""The log in the table: its proofs hold at every size, and whatever row is changed or gone is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.ledger.log import TILE
from agent.ledger.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from agent.ledger.stored import Spoilt, Stored
from tests.agent.ledger.tree_table import EPOCH, database, reader

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(TILE * TILE + 3 * TILE + 5)]
SIZES = (1, 2, 255, 256, 257, 700, 65_535, 65_536, 65_537, len(LEAVES))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tree") / "outbox.db"
    database(found, LEAVES, groups=(1, 254, 2, 400)).close()
    return found


@pytest.fixture(scope="module")
def stored(path: Path) -> Iterator[Stored]:
    with reader(path) as connection:
        yield Stored(connection.execute, EPOCH)


@pytest.fixture(scope="module")
def roots() -> dict[int, bytes]:
    return {size: root_of(LEAVES[:size]) for size in SIZES}


def test_it_is_whole(stored: Stored) -> None:
    assert stored.size() == stored.check() == len(LEAVES)
    assert list(stored.leaves()) == LEAVES


def test_the_log_of_another_epoch_is_empty(path: Path) -> None:
    with reader(path) as connection:
        assert Stored(connection.execute, EPOCH + 1).check() == 0


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_proofs_hold_at_every_size(stored: Stored, roots: dict[int, bytes], size: int) -> None:
    assert stored.root(size) == roots[size]
    rng = random.Random(size)
    for index in {0, size - 1, size // 2, rng.randrange(size), rng.randrange(size)}:
        assert stored.leaf(index) == LEAVES[index]
        assert verify_inclusion(LEAVES[index], index, size, stored.inclusion(size, index), roots[size])
    for old in (one for one in SIZES if one <= size):
        assert verify_consistency(old, size, roots[old], roots[size], stored.consistency(old, size))


@pytest.mark.parametrize("index", [-1, len(LEAVES)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(stored: Stored, index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        stored.inclusion(len(LEAVES), index)


def test_a_root_of_more_leaves_than_there_are_is_refused(stored: Stored) -> None:
    with pytest.raises(Spoilt, match="1 of 2 rows"):
        stored.root(len(LEAVES) + 1)


@pytest.fixture
def small() -> Iterator[sqlite3.Connection]:
    with closing(database(":memory:", LEAVES[: 3 * TILE + 7])) as made:
        yield made


ALTERED = [
    ("update tree set hash = zeroblob(32) where level = 0 and idx = 300", "the tile of leaves 256 to 511"),
    ("update tree set hash = zeroblob(32) where level = 1 and idx = 2", "the tile of leaves 512 to 767"),
    ("delete from tree where level = 0 and idx = 300", "1 of 775 rows of level 0"),
    ("delete from tree where level = 0 and idx >= 500", "3 tiles of level 1 instead of 1"),
    ("delete from tree where level = 1 and idx = 2", "2 tiles of level 1 instead of 3"),
    ("delete from tree where level = 1 and idx = 0", "1 of 3 rows of level 1"),
    ("update tree set idx = 9999 where level = 0 and idx = 774", "9225 of 10000 rows of level 0"),
    ("update tree set idx = idx + 1 where level = 0 and idx = 774", "1 of 776 rows of level 0"),
]


@pytest.mark.parametrize(("sql", "what"), ALTERED)
def test_what_was_altered_is_named(small: sqlite3.Connection, sql: str, what: str) -> None:
    small.execute(sql)
    with pytest.raises(Spoilt, match=what):
        Stored(small.execute, EPOCH).check()


def test_a_change_of_the_newest_leaves_changes_the_root(small: sqlite3.Connection) -> None:
    """No tile covers them: what finds it is the checkpoint, or the centre's copy."""
    small.execute("update tree set hash = zeroblob(32) where level = 0 and idx = 774")
    stored = Stored(small.execute, EPOCH)
    assert stored.check() == 775
    assert stored.root(775) != root_of(LEAVES[:775])


def test_a_proof_over_a_hole_is_refused(small: sqlite3.Connection) -> None:
    small.execute("delete from tree where level = 0 and idx = 300")
    with pytest.raises(Spoilt, match="1 of 1 rows from leaf 300 on"):
        Stored(small.execute, EPOCH).inclusion(700, 301)
