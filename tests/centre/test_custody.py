"""The custody log: rows in a chain that shows an altered, a removed and a cut-off row, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from centre.custody import BEGINNING, Custody
from centre.database import Database, open_database
from centre.errors import CentreError
from tests.centre.conftest import Open
from tests.centre.incident_box import ONE, PICTURE, TWO


@pytest.fixture
def database(open_one: Open) -> Database:
    return open_one()


def four(database: Database) -> Custody:
    log = Custody(database)
    log.note("aliya", "school-07", "", "listed", "")
    log.note("aliya", "school-07", PICTURE, "opened", "incident of 23 November")
    log.note("boris", "school-08", TWO, "downloaded", "")
    log.note("boris", "school-07", ONE, "live", "fire")
    return log


def test_rows_say_who_what_and_why(database: Database) -> None:
    log = four(database)
    found = [(one.number, one.account, one.evidence, one.what, one.reason) for one in log.entries("school-07")]
    assert found == [
        (1, "aliya", "", "listed", ""), (2, "aliya", PICTURE, "opened", "incident of 23 November"),
        (4, "boris", ONE, "live", "fire"),
    ]  # fmt: skip
    assert [one.number for one in log.entries(evidence=TWO)] == [3]


def test_the_latest_first(database: Database) -> None:
    log = four(database)
    assert [one.number for one in log.latest(3)] == [4, 3, 2]
    assert [one.number for one in log.latest(9, "school-08")] == [3]
    assert log.latest(1) == list(log.entries())[-1:]


def test_nothing_is_opened_without_a_reason(database: Database) -> None:
    for what in ("opened", "live"):
        with pytest.raises(CentreError, match="K-160"):
            Custody(database).note("aliya", "school-07", PICTURE, what, "  ")
    assert list(Custody(database).entries()) == []


def test_an_untouched_chain_is_whole(database: Database) -> None:
    assert Custody(database).verify() == Custody(database).verify(0, BEGINNING)
    assert Custody(database).verify().faults == []
    log = four(database)
    found = log.verify()
    assert (found.rows, found.faults) == (4, [])
    log.note("boris", "school-07", ONE, "listed", "")
    assert log.verify(found.rows, found.hash).faults == []


TAMPERED = [
    ("a row altered", "update custody set account = 'nobody' where number = 2", "row 2 was altered"),
    ("a row removed", "delete from custody where number = 2", "rows 2 to 2 are missing"),
    ("the end cut off", "delete from custody where number = 4", "rows are missing at the end"),
]


@pytest.mark.parametrize(("name", "sql", "fault"), TAMPERED)
def test_whoever_touches_it_is_seen(tmp_path: Path, name: str, sql: str, fault: str) -> None:
    database = open_database(f"sqlite:///{tmp_path}/centre.db")
    log = four(database)
    database.execute(sql)
    assert any(fault in one for one in log.verify().faults)
    database.close()


def test_who_cuts_the_end_off_and_covers_it_is_seen_by_what_was_kept_elsewhere(database: Database) -> None:
    log = four(database)
    kept = log.verify()
    with database.transaction():
        database.execute("delete from custody where number = 4")
        third = database.execute("select hash from custody where number = 3")[0][0]
        database.execute("update custody_end set number = 3, hash = ?", (third,))
    assert log.verify().faults == []
    assert log.verify(kept.rows, kept.hash).faults == ["row 4, whose hash was kept elsewhere, is not there"]
    log.note("boris", "school-07", ONE, "listed", "another one in its place")
    assert log.verify(kept.rows, kept.hash).faults == ["row 4 is not the one whose hash was kept elsewhere"]


def test_many_at_once_make_one_chain(open_one: Open) -> None:
    logs = [Custody(open_one()) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda log=log: [log.note("a", "school-07", ONE, "listed", "") for _ in range(5)])
        for log in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (logs[0].verify().rows, logs[0].verify().faults) == (20, [])
