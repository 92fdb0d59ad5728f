"""Runs from bare pages: all of a whole file, only true ones of a broken one, in little memory."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import db
from agent.model import Lane
from agent.outbox.envelope import Envelope, split
from agent.outbox.pages import agrees, runs
from tests.agent.outbox.box import AT, health, tap
from tests.agent.outbox.ledger import PAGE, Key, Ledger, make

SHARED = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return make(tmp_path_factory.mktemp("ledger"))


def read(path: Path) -> dict[Key, bytes]:
    return {
        (run.epoch, int(run.lane), run.first + offset): event
        for run in runs(path)
        for offset, event in enumerate(split(run.body))
    }


@pytest.mark.parametrize("state", ["closed", "killed"])
def test_every_run_of_a_whole_database_is_found(ledger: Ledger, tmp_path: Path, state: str) -> None:
    assert read(ledger.lay(tmp_path, getattr(ledger, state))) == ledger.events


def test_runs_tell_their_places_and_their_age(ledger: Ledger, tmp_path: Path) -> None:
    path = ledger.lay(tmp_path, ledger.closed)
    found = {
        (run.epoch, int(run.lane), run.first, run.last, run.accepted_ns, zlib.crc32(run.body)) for run in runs(path)
    }
    connection = sqlite3.connect(path)
    sql = "select e.uuid, lane, first, last, accepted_ns, crc from message m join epoch e on e.id = m.epoch"
    assert found == set(connection.execute(sql))
    connection.close()


def test_a_missing_database_holds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "outbox.db") == {}


@pytest.mark.parametrize("shift", [1, PAGE - 1])
def test_a_file_that_has_slipped_out_of_its_pages_holds_nothing_wrong(
    ledger: Ledger, tmp_path: Path, shift: int
) -> None:
    path = ledger.lay(tmp_path, {"outbox.db": bytes(shift) + ledger.closed["outbox.db"]})
    assert read(path).items() <= ledger.events.items()


def test_frames_of_a_log_before_this_one_are_not_read(ledger: Ledger, tmp_path: Path) -> None:
    """What was left behind the end of a log that started over has other salts."""
    log = bytearray(ledger.killed["outbox.db-wal"])
    log[16:24] = bytes(8)
    path = ledger.lay(tmp_path, {"outbox.db-wal": bytes(log)})
    assert read(path) == {}


@SHARED
@given(
    content=st.binary(max_size=3 * PAGE), kind=st.sampled_from([0x0A, 0x02, None]), name=st.sampled_from(["", "-wal"])
)
def test_noise_gives_no_run_and_no_error(content: bytes, kind: int | None, name: str) -> None:
    page = content if kind is None else bytes([kind]) + content.ljust(PAGE, b"\x01")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"outbox.db{name}").write_bytes(page)
        assert read(Path(folder) / "outbox.db") == {}


@SHARED
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 3000), state=st.sampled_from(["closed", "killed"]))
def test_of_a_broken_database_only_true_runs_are_found(ledger: Ledger, seed: int, flips: int, state: str) -> None:
    chance = random.Random(seed)
    files = dict(getattr(ledger, state))
    for name, content in files.items():
        held = bytearray(content)
        for _ in range(flips):
            held[chance.randrange(len(held))] = chance.randrange(256)
        files[name] = bytes(held)
    with tempfile.TemporaryDirectory() as folder:
        assert read(ledger.lay(Path(folder), files)).items() <= ledger.events.items()


def test_one_bad_page_takes_only_its_own_runs(ledger: Ledger, tmp_path: Path) -> None:
    content = ledger.closed["outbox.db"]
    whole = set(ledger.events)
    pages = len(content) // PAGE
    lost: list[set[Key]] = []
    for number in range(pages):
        broken = content[: number * PAGE] + bytes(PAGE) + content[(number + 1) * PAGE :]
        path = ledger.lay(tmp_path, {"outbox.db": broken})
        lost.append(whole - set(read(path)))
    assert max(len(keys) for keys in lost) <= 150, "a run of a hundred, one of thirty, and their neighbours on the page"
    assert sum(len(keys) > 0 for keys in lost) > pages // 2
    assert set().union(*lost) == whole


def body(first: int, last: int, lane: Lane = Lane.RECORD, epoch: str = EPOCH) -> bytes:
    envelope = Envelope("school-07", epoch, lane, "boot")
    return b",".join(envelope.encode(tap(number), number, AT.utc_ns) for number in range(first, last + 1))


@pytest.mark.parametrize(
    ("epoch", "lane", "first", "last", "agreed"),
    [
        (EPOCH, Lane.RECORD, 5, 9, True),
        (EPOCH, Lane.RECORD, 4, 9, False),
        (EPOCH, Lane.RECORD, 5, 10, False),
        (EPOCH, Lane.ALARM, 5, 9, False),
        ("f" * 36, Lane.RECORD, 5, 9, False),
    ],
)
def test_a_run_agrees_with_its_columns_or_not(epoch: str, lane: Lane, first: int, last: int, agreed: bool) -> None:
    assert agrees(body(5, 9), epoch, lane, first, last) is agreed


@pytest.mark.parametrize("noise", [b"", b"{}", b'"id":"', b"\xff" * 50])
def test_noise_agrees_with_nothing(noise: bytes) -> None:
    assert not agrees(noise, EPOCH, Lane.RECORD, 1, 1)


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path, envelope = tmp_path / "outbox.db", Envelope("school-07", EPOCH, Lane.TELEMETRY, "boot")
    connection = db.connect(path)
    connection.execute("begin")
    connection.execute("insert into epoch (uuid, opened_ns, reason) values (?, 1, 'new')", (EPOCH,))
    for number in range(1, 1001):
        event = envelope.encode(health(30_000), number, AT.utc_ns)
        row = (1, 2, number, number, 1, zlib.crc32(event), event)
        connection.execute("insert into message values (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("commit")
    connection.close()
    assert path.stat().st_size > 30_000_000
    tracemalloc.start()
    try:
        numbers = {run.first for run in runs(path)}
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert numbers == set(range(1, 1001))
    assert peak_bytes < 1_500_000
