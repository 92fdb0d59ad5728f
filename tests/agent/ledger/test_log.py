"""The log as the writer keeps it: however leaves come, its root is the tree's, and the table gives it back."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.log import LEVELS, TILE, Log, complete_root, load
from agent.ledger.merkle import EMPTY_ROOT, leaf_hash, root_of
from tests.agent.ledger.tree_table import EPOCH, database, grow

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(TILE * TILE + TILE + 3)]
EDGES = (0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 65_795)


def test_an_empty_log_has_the_root_of_nothing() -> None:
    assert (Log().size, Log().root()) == (0, EMPTY_ROOT)


@pytest.mark.parametrize("size", EDGES)
def test_the_root_is_the_trees_around_every_full_tile(size: int) -> None:
    log, rows = Log().grown(LEAVES[:size])
    assert (log.size, log.root()) == (size, root_of(LEAVES[:size]))
    assert [sum(level == wanted for level, _, _ in rows) for wanted in range(LEVELS)] == [
        size,
        size // TILE,
        size // TILE**2,
    ]


@given(groups=st.lists(st.integers(0, 300), max_size=6))
def test_however_leaves_are_grouped_the_log_is_the_same(groups: list[int]) -> None:
    log, rows = Log(), []
    for count in groups:
        log, more = log.grown(LEAVES[log.size : log.size + count])
        rows += more
    at_once, all_rows = Log().grown(LEAVES[: log.size])
    assert (log, rows) == (at_once, all_rows)
    assert log.root() == root_of(LEAVES[: log.size])


def test_a_log_is_a_value() -> None:
    log = Log().grown(LEAVES[:300])[0]
    again = log.grown(LEAVES[300:600])[0]
    assert log.root() == root_of(LEAVES[:300])
    assert log.grown(LEAVES[300:600])[0] == again


@pytest.mark.parametrize("size", EDGES)
def test_the_table_gives_the_log_back(size: int) -> None:
    with closing(database(":memory:", LEAVES[:size])) as made:
        log = load(made.execute, EPOCH)
        assert log == Log().grown(LEAVES[:size])[0]
        grown = grow(made, log, LEAVES[size : size + 2])
        assert load(made.execute, EPOCH) == grown


def test_an_epoch_without_leaves_has_an_empty_log() -> None:
    with closing(database(":memory:", LEAVES[:3])) as made:
        assert load(made.execute, EPOCH + 1) == Log()


def test_a_complete_root_is_the_root_of_a_power_of_two() -> None:
    for power in range(9):
        assert complete_root(LEAVES[: 1 << power]) == root_of(LEAVES[: 1 << power])
