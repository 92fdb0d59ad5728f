"""The log on the disk has the root of RFC 6962 at every size, whatever commits it came in, and after a reload."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.db import climb
from agent.ledger.log import TILE, Log, load
from agent.ledger.merkle import EMPTY_ROOT, leaf_hash, root_of


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


@pytest.fixture
def db() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    climb(connection)
    connection.execute("insert into epoch (id, uuid, opened_ns, reason) values (1, 'e', 0, 'new')")
    return connection


def test_an_empty_log_has_the_empty_root() -> None:
    assert Log().root() == EMPTY_ROOT


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_root_is_that_of_the_standard_however_it_grew(pieces: list[int]) -> None:
    every, log = leaves(sum(pieces)), Log()
    for piece in pieces:
        log, _ = log.grown(every[log.size : log.size + piece])
        assert log.root() == root_of(every[: log.size])
    assert log.size == len(every)


@pytest.mark.parametrize("size", [0, 1, TILE - 1, TILE, TILE + 1, 3 * TILE + 7, TILE * TILE + 300])
def test_what_is_on_the_disk_is_the_log(db: sqlite3.Connection, size: int) -> None:
    log, rows = Log().grown(leaves(size))
    db.executemany("insert into tree values (1, ?, ?, ?)", rows)
    assert load(db.execute, 1) == log
    assert len(rows) == size + size // TILE + size // TILE**2


def test_a_log_that_grows_leaves_the_former_as_it_was() -> None:
    log, _ = Log().grown(leaves(5))
    log.grown(leaves(7))
    assert log == Log().grown(leaves(5))[0]
