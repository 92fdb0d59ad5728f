"""A damaged database: set aside whole, its readable events taken over as they were, the rest recorded, at any crash."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import db
from agent.errors import AgentError
from agent.outbox import damaged_copies, remembered, salvage
from tests.agent.outbox.box import holding, opened, rows, until
from tests.agent.outbox.ledger import PAGE, Found, Ledger, make, start, stored
from tests.clock import FastClock

Files = dict[str, bytes]
MAIN, LOG = "outbox.db", "outbox.db-wal"
NAMES = (MAIN, LOG)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return make(tmp_path_factory.mktemp("ledger"))


def aside(folder: Path) -> Files:
    """The files that were set aside, under the names they had."""
    return {
        MAIN + file.name.partition(".db")[2]: file.read_bytes()
        for file in folder.iterdir()
        if file.name.startswith("outbox-damaged-") and not file.name.endswith("-shm")
    }


def judge(ledger: Ledger, found: Found) -> None:
    """What holds after any damage: nothing is invented or changed, and what is missing is told."""
    old = found.old(ledger)
    assert old.items() <= ledger.events.items()
    if not found.salvaged:
        assert old == ledger.events
        assert found.epoch == ledger.epochs[-1]
        return
    (rescue,) = found.salvaged
    assert found.epoch not in ledger.epochs
    assert rescue["kept"] == len(old)
    assert [record["reason"] for record in found.opened] == ["damaged"]
    kept = [epoch for epoch in ledger.epochs if any(key[0] == epoch for key in old)]
    assert found.opened[0]["before"] == (kept[-1] if kept else "")
    told = {
        (loss["epoch"], {"alarm": 0, "record": 1, "telemetry": 2}[loss["lane"]], number)
        for loss in found.losses
        for number in range(loss["first"], loss["last"] + 1)
    }
    assert told == between(old)


def between(old: dict[tuple[str, int, int], bytes]) -> set[tuple[str, int, int]]:
    """The places that are missing between the first and the last that were found, lane by lane."""
    numbers: dict[tuple[str, int], list[int]] = {}
    for epoch, lane, number in old:
        numbers.setdefault((epoch, lane), []).append(number)
    return {
        (epoch, lane, number)
        for (epoch, lane), have in numbers.items()
        for number in set(range(min(have), max(have))) - set(have)
    }


def changed(files: Files, name: str, change: Callable[[bytes], bytes]) -> Files:
    return files | {name: change(files[name])}


def zeroed(every: int) -> Callable[[bytes], bytes]:
    """Every n-th page as a card gives it that has lost it."""
    return lambda content: b"".join(
        bytes(PAGE) if at // PAGE % every == every - 1 else content[at : at + PAGE]
        for at in range(0, len(content), PAGE)
    )


DAMAGES: dict[str, Callable[[Ledger], Files]] = {
    "half of the file is gone": lambda made: changed(made.closed, MAIN, lambda content: content[: len(content) // 2]),
    "it ends within a page": lambda made: changed(made.closed, MAIN, lambda content: content[: PAGE * 7 + 99]),
    "its first page is empty": lambda made: changed(made.closed, MAIN, lambda content: bytes(PAGE) + content[PAGE:]),
    "its second page is empty": lambda made: changed(
        made.closed, MAIN, lambda content: content[:PAGE] + bytes(PAGE) + content[2 * PAGE :]
    ),
    "every third page is empty": lambda made: changed(made.closed, MAIN, zeroed(3)),
    "every second page is empty": lambda made: changed(made.closed, MAIN, zeroed(2)),
    "all is noise": lambda made: changed(made.closed, MAIN, lambda content: bytes(range(1, 251)) * 200),
    "it is another program's": lambda made: changed(made.closed, MAIN, lambda content: b"%PDF-1.4 hello"),
    "it is an empty database": lambda made: changed(made.closed, MAIN, lambda content: EMPTY),
    "killed, and pages of the file are empty": lambda made: changed(made.killed, MAIN, zeroed(3)),
    "killed, and the database is gone": lambda made: {LOG: made.killed[LOG]},
    "killed, and the database has no bytes": lambda made: changed(made.killed, MAIN, lambda content: b""),
    "killed, and both are torn": lambda made: {name: made.killed[name][: 11 * PAGE + 5] for name in NAMES},
}
EMPTY = bytes.fromhex("53514c69746520666f726d6174203300") + bytes(PAGE - 16)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_set_aside_and_salvaged(ledger: Ledger, tmp_path: Path, damage: str) -> None:
    files = DAMAGES[damage](ledger)
    path = ledger.lay(tmp_path, files)
    found = start(path)
    judge(ledger, found)
    assert len(found.salvaged) == 1
    assert files.items() <= aside(tmp_path).items(), "nothing is deleted or changed"
    assert (tmp_path / found.salvaged[0]["set_aside"]).exists() or MAIN not in files
    again = start(path)
    assert again.salvaged == found.salvaged
    assert again.epoch == found.epoch
    assert found.events.items() <= again.events.items()


@pytest.mark.parametrize(
    ("damage", "least"),
    [
        ("half of the file is gone", 0.05),  # the first pages of so small a file are those of empty tables
        ("its first page is empty", 1.0),
        ("its second page is empty", 1.0),
        ("every third page is empty", 0.1),
        ("killed, and the database is gone", 0.4),
        ("killed, and the database has no bytes", 0.4),
    ],
)
def test_what_can_be_read_is_taken_over(ledger: Ledger, tmp_path: Path, damage: str, least: float) -> None:
    found = start(ledger.lay(tmp_path, DAMAGES[damage](ledger)))
    assert len(found.old(ledger)) >= least * len(ledger.events)


def test_a_whole_database_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    for number, files in enumerate((ledger.closed, ledger.killed)):
        found = start(ledger.lay(tmp_path / f"{number}", files))
        assert found.salvaged == []
        assert found.old(ledger) == ledger.events
        assert aside(tmp_path / f"{number}") == {}


def test_a_log_that_is_gone_takes_only_what_it_held(ledger: Ledger, tmp_path: Path) -> None:
    found = start(ledger.lay(tmp_path, {MAIN: ledger.killed[MAIN]}))
    old = {key: event for key, event in found.old(ledger).items() if ledger.events.get(key) == event}
    assert 0 < len(old) < len(ledger.events)


SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6)


def flipped(content: bytes, flips: list[tuple[float, int]]) -> bytes:
    held = bytearray(content)
    for place, mask in flips:
        held[int(place * len(held))] ^= mask
    return bytes(held)


@SLOW
@given(flips=FLIPS, killed=st.booleans(), name=st.sampled_from(NAMES))
def test_flipped_bits_neither_invent_nor_change_an_event(
    ledger: Ledger, flips: list[tuple[float, int]], killed: bool, name: str
) -> None:
    files = ledger.killed if killed else ledger.closed
    broken = changed(files, name if name in files else MAIN, lambda content: flipped(content, flips))
    with tempfile.TemporaryDirectory() as folder:
        found = start(ledger.lay(Path(folder), broken))
        if broken[MAIN] != files[MAIN]:
            judge(ledger, found)
        else:  # SQLite takes a log up to its first broken frame, as after a power cut
            assert found.old(ledger).items() <= ledger.events.items()
        if found.salvaged:
            assert broken.items() <= aside(Path(folder)).items()


@pytest.mark.parametrize("byte", range(100))
def test_no_byte_of_the_header_can_stop_the_agent(ledger: Ledger, tmp_path: Path, byte: int) -> None:
    for mask in (0x01, 0xFF):
        content = bytearray(ledger.closed[MAIN])
        content[byte] ^= mask
        folder = tmp_path / f"{mask}"
        judge(ledger, start(ledger.lay(folder, {MAIN: bytes(content)})))
        shutil.rmtree(folder)


def edited(ledger: Ledger, folder: Path, *sql: str) -> Path:
    path = ledger.lay(folder, ledger.closed)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in sql:
        connection.execute(statement)
    connection.close()
    return path


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("update message set crc = crc + 1 where lane = 0 and first = 3", "does not have its checksum"),
        ("update message set last = last + 1 where lane = 0 and first = 3", "is not what its events say"),
        ("update message set first = 900, last = 900 where lane = 0 and first = 3", "is not what its events say"),
        ("update epoch set uuid = 'ffffffff' where id = 1", "is not what its events say"),
        ("update lane set settled = 9000000 where epoch = 1 and lane = 1", "settled beyond its end"),
        ("delete from epoch", "has no epoch"),
        ("drop table fact", "tables are missing"),
        ("pragma user_version = 0", "version number"),
    ],
)
def test_what_contradicts_itself_is_damaged(ledger: Ledger, tmp_path: Path, sql: str, why: str) -> None:
    path = edited(ledger, tmp_path, "pragma foreign_keys=off", sql)
    found = start(path)
    judge(ledger, found)
    assert why in found.salvaged[0]["unreadable"]
    assert len(found.old(ledger)) >= len(ledger.events) - 2


def test_the_last_order_is_not_forgotten(ledger: Ledger, tmp_path: Path) -> None:
    path = edited(ledger, tmp_path, "update message set crc = crc + 1 where lane = 0 and first = 3")
    assert start(path).fact == b"18"


def test_lanes_without_salvaged_events_still_count_and_are_seen(ledger: Ledger, tmp_path: Path) -> None:
    path = edited(ledger, tmp_path, "update message set crc = 0 where lane = 2")
    found = start(path)
    assert {key[1] for key in found.old(ledger)} == {0, 1}
    lanes = rows(path, "select lane from lane where epoch = (select max(id) from epoch) order by lane")
    assert lanes == [(0,), (1,), (2,)]
    assert rows(path, "select count(*) from event") == [(len(found.events),)]


# --- the power goes during the salvage ------------------------------------------------------------------------------


class PowerCut(Exception):
    """Stands for the process ending here."""


def cut_at(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, turn: int) -> None:
    """The n-th call of a function never happens, and nothing after it."""
    real, calls = getattr(owner, name), iter(range(1000))

    def called(*args: object, **kwargs: object) -> object:
        if next(calls) == turn:
            raise PowerCut
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, called)


def test_pictures_that_are_owed_are_taken_over(tmp_path: Path) -> None:
    """Their files lie beside the database."""
    path = tmp_path / "outbox.db"
    connection = db.connect(path)
    put = """insert into evidence (number, id, camera, kind, severity, bytes, sha256, state, since_ns, incident)
             values (?, ?, 'gate', 'snapshot', 3, 100, 'ab', ?, 5, 'i')"""
    connection.executemany(put, [(4, "one", 1), (7, "two", 0)])
    connection.close()
    salvage.mark_damaged(path)
    salvage.mend(path, FastClock())
    connection = db.connect(path)
    rows = "select * from evidence"
    assert connection.execute(rows).fetchall() == [
        (4, "one", "gate", "snapshot", 3, 100, "ab", 1, 5, "i"),
        (7, "two", "gate", "snapshot", 3, 100, "ab", 0, 5, "i"),
    ]
    connection.close()


MOMENTS = [
    *((Path, "rename", turn) for turn in range(4)),
    *((Path, "unlink", turn) for turn in range(6)),
    *((salvage, "_sync", turn) for turn in range(2)),
    *((salvage, name, 0) for name in ("_take_over", "_tidy", "readable", "_finish")),
    (salvage, "readable", 1),
    (remembered, "take_over", 0),
    (salvage, "_finish", 1),
    (salvage, "insert_epoch", 1),
    (salvage, "insert_epoch", 2),
]


@pytest.mark.parametrize(("owner", "name", "turn"), MOMENTS, ids=[f"{name} {turn}" for _, name, turn in MOMENTS])
def test_a_salvage_that_is_cut_short_is_finished_at_the_next_start(
    ledger: Ledger, tmp_path: Path, owner: object, name: str, turn: int
) -> None:
    files = changed(ledger.killed, MAIN, zeroed(3))
    path = ledger.lay(tmp_path / "cut", files)
    with pytest.MonkeyPatch.context() as patch:
        cut_at(patch, owner, name, turn)
        with pytest.raises(PowerCut):
            salvage.mend(path, FastClock())
    found = start(path)
    straight = start(ledger.lay(tmp_path / "straight", files))
    judge(ledger, found)
    assert found.old(ledger) == straight.old(ledger)
    assert files.items() <= aside(tmp_path / "cut").items()
    assert start(path).epoch == found.epoch, "it is not salvaged once more"


def test_what_a_salvage_found_is_recorded_once_also_if_the_agent_died_before_it_could(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = ledger.lay(tmp_path, changed(ledger.closed, MAIN, zeroed(3)))
    salvage.mend(path, FastClock())
    salvage.mend(path, FastClock())
    first, second = start(path), start(path)
    judge(ledger, first)
    assert first.salvaged == second.salvaged
    assert first.losses == second.losses != []


def test_damage_after_damage_keeps_the_epochs_and_their_order(ledger: Ledger, tmp_path: Path) -> None:
    path = edited(ledger, tmp_path, "update message set crc = crc + 1 where lane = 0 and first = 3")
    first = start(path)
    connection = db.connect(path)
    connection.execute("update message set crc = crc + 1 where lane = 0 and first = 5")
    connection.close()
    second = start(path, hour=10)
    assert second.opened[0]["before"] == first.epoch
    order = [uuid for (uuid,) in rows(path, "select uuid from epoch order by id")]
    assert order == [*ledger.epochs, first.epoch, second.epoch]
    assert second.old(ledger).items() <= ledger.events.items()
    assert len(list(tmp_path.glob("outbox-damaged-*.db"))) == 2


def test_older_copies_that_cannot_be_removed_keep_no_agent_from_starting(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(damaged_copies, "keep_latest", fail)
    path = ledger.lay(tmp_path, changed(ledger.closed, MAIN, zeroed(3)))
    salvage.mend(path, FastClock())
    assert "copies of damaged databases could not be removed" in caplog.text
    judge(ledger, start(path))


def test_a_mark_left_while_running_is_heeded_once(ledger: Ledger, tmp_path: Path) -> None:
    path = ledger.lay(tmp_path, ledger.closed)
    salvage.mark_damaged(path)
    found = start(path)
    assert found.salvaged[0]["unreadable"] == "damage was met while it was in use"
    assert found.old(ledger) == ledger.events
    assert start(path).salvaged == found.salvaged


# --- what is no damage ----------------------------------------------------------------------------------------------


async def test_a_foreign_lock_is_no_damage_and_its_holder_is_named(ledger: Ledger, tmp_path: Path) -> None:
    path = ledger.lay(tmp_path, ledger.closed)
    with holding(path, "pragma locking_mode=exclusive", "begin exclusive") as pid:
        with pytest.raises(AgentError, match="locked") as locked:
            async with opened(path):
                pass
        assert locked.value.code == "D-101"
        assert f"{pid} (" in locked.value.do
    assert aside(tmp_path) == {}
    await asyncio.sleep(0)
    await until(lambda: salvage.damage(path) is None)
    assert stored(path) == ledger.events


@pytest.mark.parametrize(
    ("code", "damage"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_NOTADB, True),
        (sqlite3.SQLITE_ERROR, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_IOERR_SHORT_READ, True),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_BUSY_RECOVERY, False),
        (sqlite3.SQLITE_LOCKED, False),
        (sqlite3.SQLITE_READONLY, False),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_IOERR_WRITE, False),
        (sqlite3.SQLITE_IOERR_FSYNC, False),
        (sqlite3.SQLITE_CANTOPEN, False),
        (sqlite3.SQLITE_PERM, False),
    ],
)
def test_rights_locks_and_space_are_no_damage(code: int, damage: bool) -> None:
    error = sqlite3.OperationalError("as told")
    error.sqlite_errorcode = code
    assert salvage.means_damage(error) is damage


def test_a_schema_that_is_no_text_is_damage_and_a_mistake_of_ours_is_not() -> None:
    assert salvage.means_damage(UnicodeDecodeError("utf-8", b"\xa0", 0, 1, "invalid start byte"))
    assert not salvage.means_damage(RuntimeError("a mistake of ours"))
