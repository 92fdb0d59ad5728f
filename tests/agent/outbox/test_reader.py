"""Batches from runs: contiguous, within their bounds, byte for byte; damage is met before it is sent; little memory."""

from __future__ import annotations

import sqlite3
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import db
from agent.model import Batch, Lane
from agent.outbox.envelope import Envelope
from agent.outbox.reader import Damaged, Reader, join
from tests.agent.outbox.box import AT, health, opened, tap, taps

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
Row = tuple[int, int, int, bytes]
ENVELOPE = Envelope("school-07", EPOCH, Lane.RECORD, "boot")


def run(first: int, last: int) -> Row:
    body = b",".join(ENVELOPE.encode(tap(number), number, AT.utc_ns) for number in range(first, last + 1))
    return first, last, zlib.crc32(body), body


ONE = len(run(1, 1)[3])


def batch(rows: list[Row], after: int = 0, *, max_bytes: int = 1_000_000, max_events: int = 2000) -> Batch | None:
    return join(iter(rows), EPOCH, Lane.RECORD, after, max_bytes=max_bytes, max_events=max_events)


def ends(found: Batch | None) -> tuple[int, int] | None:
    if found is None:
        return None
    numbers = [int(event["sequence"]) for event in msgspec.json.decode(found.body)]
    assert numbers == list(range(found.first, found.last + 1))
    return found.first, found.last


CASES: list[tuple[str, list[Row], int, int, int, tuple[int, int] | None]] = [
    ("nothing there", [], 0, 10_000, 100, None),
    ("all of it", [run(1, 3), run(4, 4), run(5, 9)], 0, 100_000, 100, (1, 9)),
    ("after some", [run(1, 3), run(4, 4), run(5, 9)], 3, 100_000, 100, (4, 9)),
    ("from within a run", [run(1, 3), run(4, 4)], 2, 100_000, 100, (3, 4)),
    ("all sent", [run(1, 3)], 3, 100_000, 100, None),
    ("a gap ends it", [run(1, 3), run(7, 9)], 0, 100_000, 100, (1, 3)),
    ("after a gap", [run(1, 3), run(7, 9)], 3, 100_000, 100, (7, 9)),
    ("whole runs that fit", [run(1, 3), run(4, 6)], 0, ONE * 5, 100, (1, 3)),
    ("a run is cut where it must be", [run(1, 9)], 0, ONE * 5, 100, (1, 4)),
    ("by count", [run(1, 3), run(4, 6)], 0, 100_000, 5, (1, 3)),
    ("a run cut by count", [run(1, 9)], 0, 100_000, 5, (1, 5)),
    ("at least one", [run(1, 9)], 4, 1, 100, (5, 5)),
    ("just so", [run(1, 3), run(4, 6)], 0, ONE * 6 + 5, 6, (1, 6)),
]


@pytest.mark.parametrize(
    ("rows", "after", "max_bytes", "max_events", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_batch_is_contiguous_and_within_its_bounds(
    rows: list[Row], after: int, max_bytes: int, max_events: int, expected: tuple[int, int] | None
) -> None:
    assert ends(batch(rows, after, max_bytes=max_bytes, max_events=max_events)) == expected


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=12),
    max_bytes=st.integers(1, 20 * ONE),
    max_events=st.integers(1, 30),
    after=st.integers(0, 30),
)
def test_batch_by_batch_all_is_told_once_and_in_its_own_bytes(
    lengths: list[int], max_bytes: int, max_events: int, after: int
) -> None:
    rows, first = [], 1
    for length in lengths:
        rows.append(run(first, first + length - 1))
        first += length
    told, begin = [], after
    while found := batch(rows, after, max_bytes=max_bytes, max_events=max_events):
        assert found.first == after + 1
        assert found.count <= max_events
        assert len(found.body) <= max_bytes + 2 or found.count == 1
        told.append(found.body[1:-1])
        after = found.last
    whole = b",".join(row[3] for row in rows)
    assert after == max(begin, first - 1)
    assert (b",".join(told) == whole) if begin == 0 else whole.endswith(b",".join(told))


@pytest.mark.parametrize("bad", [0, 1])
def test_a_run_without_its_checksum_is_never_in_a_batch(bad: int) -> None:
    rows = [run(1, 3), run(4, 6)]
    first, last, crc, body = rows[bad]
    rows[bad] = (first, last, crc, body.replace(b"canteen-1", b"canteen-2"))
    with pytest.raises(Damaged, match=f"run {first} to {last} of lane record"):
        batch(rows)


def test_a_run_that_is_sent_already_is_not_looked_at() -> None:
    first, last, crc, body = run(1, 3)
    assert ends(batch([(first, last, crc + 1, body), run(4, 6)], after=3)) == (4, 6)


# --- on a real file ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backlog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred thousand single taps that the centre has never seen."""
    path = tmp_path_factory.mktemp("backlog") / "outbox.db"
    connection = db.connect(path)
    connection.execute("begin")
    connection.execute("insert into epoch (uuid, opened_ns, reason) values (?, 1, 'new')", (EPOCH,))
    connection.executemany("insert into lane (epoch, lane) values (1, ?)", [(int(lane),) for lane in Lane])
    connection.executemany("insert into message values (1, 1, ?, ?, 1, ?, ?)", (run(n, n) for n in range(1, 100_001)))
    connection.execute("commit")
    connection.close()
    return path


@pytest.fixture
def measured() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak_bytes() -> int:
    """The most memory that was taken at once since the last look."""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    return peak


async def test_a_backlog_is_opened_and_drained_in_little_memory(backlog: Path, measured: None) -> None:
    async with opened(backlog) as outbox:
        assert outbox.last(EPOCH, Lane.RECORD) == 100_000
        opening_bytes, after, largest = peak_bytes(), 0, 0
        while found := await outbox.read(EPOCH, Lane.RECORD, after, max_bytes=262_144, max_events=2000):
            assert found.first == after + 1
            after, largest = found.last, max(largest, len(found.body))
            if after > 20_000:
                break  # each batch is a read of its own: more of them need no more memory
        assert opening_bytes < 3_000_000
        assert peak_bytes() < opening_bytes + 8 * largest


async def test_a_read_at_the_end_of_a_backlog_is_a_look_up_and_not_a_search(backlog: Path) -> None:
    steps = 0

    def counted() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader = Reader(backlog)
    connection = reader._connection()
    connection.set_progress_handler(counted, 100)
    found = await reader.batch(1, EPOCH, Lane.RECORD, 99_990, max_bytes=100_000, max_events=100)
    reader.close()
    assert ends(found) == (99_991, 100_000)
    assert steps < 20, "about a hundred steps of SQLite's machine for ten rows"


@pytest.mark.parametrize(
    ("first", "last", "count"), [(1, 100_000, 100_000), (5, 5, 1), (99_999, 200_000, 2), (100_001, 100_002, 0)]
)
async def test_what_is_kept_is_counted(backlog: Path, first: int, last: int, count: int) -> None:
    reader = Reader(backlog)
    assert await reader.count(1, Lane.RECORD, first, last) == count
    reader.close()


async def test_a_reader_does_not_hold_up_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.accept(taps(300))
        assert await outbox.read(outbox.epoch, Lane.RECORD, 0, max_bytes=2_000, max_events=5)
        await outbox.accept([health()])
        connection = sqlite3.connect(tmp_path / "outbox.db")
        assert connection.execute("pragma wal_checkpoint(truncate)").fetchone() == (0, 0, 0)
        connection.close()
