"""The centre's database, SQLite and PostgreSQL: what an export says, and more exactly which leaf was changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.audit.audit import Report, audit
from agent.audit.centre_database import CentreDatabase
from agent.audit.opening import open_source
from agent.audit.signed import trusted
from agent.audit.source import Source
from agent.errors import AgentError
from agent.ledger.entry import entry_of
from bench.ledger_year import EPOCH, SCHOOL, Ledger
from centre.database import open_database
from tests.agent.audit.centre import fill, sequence_of
from tests.agent.audit.kept import LEAVES, audited, data_of, ledger
from tests.centre.conftest import database_url, databases, postgres  # noqa: F401 - fixtures

Url = str
LATER = 'update event set body = replace(body, \'"time":"2026\', \'"time":"2027\') where sequence'
SEQUENCES = [sequence_of(event) for event in ledger().events]
_: Callable[..., Source] = CentreDatabase


@pytest.fixture
def url(tmp_path: Path) -> Url:
    url = f"sqlite:///{tmp_path}/centre.db"
    fill(url, ledger())
    return url


def look(url: Url, school: str = "") -> Report:
    source = open_source(url, school)
    try:
        return audit(source, trusted(source.school, [], source.keys, []))
    finally:
        source.close()


def change(url: Url, sql: str) -> None:
    database = open_database(url)
    database.execute(sql)
    database.close()


def told(report: Report) -> list[tuple[str, str, int]]:
    return [(one.code, one.case, one.first) for one in report.findings]


def test_it_says_what_an_export_says(database_url: Url) -> None:  # noqa: F811
    fill(database_url, ledger())
    report, export = look(database_url), audited(ledger())
    assert (report.findings, report.months, report.logs) == ([], export.months, export.logs)
    assert [one.code for one in report.notes] == ["A-162"]
    change(database_url, f"{LATER} = {SEQUENCES[60]}")
    assert told(look(database_url)) == [("A-115", "", 60)]
    source = open_source(database_url, SCHOOL)
    kept = source.logs[0].leaf(77)
    assert kept is not None
    assert (kept.index, kept.body) == (77, ledger().events[77])
    assert source.logs[0].leaf(LEAVES) is None
    source.close()


def test_a_changed_event_a_changed_hash_and_one_that_is_gone(url: Url) -> None:
    change(url, f"{LATER} = {SEQUENCES[60]}")
    change(url, f"delete from event where sequence = {SEQUENCES[70]}")
    change(url, "update ledger_leaf set entry_hash = (select entry_hash from ledger_leaf where idx = 1) where idx = 90")
    assert told(look(url)) == [("A-115", "", 60), ("A-113", "gone", 70), ("A-116", "", 90)]


def test_a_leaf_that_was_taken_out_and_one_that_was_put_in(url: Url) -> None:
    change(url, "delete from ledger_leaf where idx = 500")
    assert ("A-111", "", 500) in told(look(url))
    again = "select school, epoch, 500, stream, sequence, entry_hash from ledger_leaf where idx = 501"
    change(url, f"insert into ledger_leaf {again}")
    assert ("A-114", "misplaced", 500) in told(look(url))


def test_both_the_event_and_its_hash_were_changed(url: Url) -> None:
    change(url, "update ledger_leaf set entry_hash = (select entry_hash from ledger_leaf where idx = 1) where idx = 90")
    change(url, f"{LATER} = {SEQUENCES[90]}")
    found = [one for one in look(url).findings if one.code == "A-132"]
    assert [one.first <= 90 <= one.last for one in found] == [True]


def test_an_erased_child(url: Url) -> None:
    made: Ledger = ledger()
    index = next(place for place, event in enumerate(made.events) if b"meal.granted" in event)
    data = data_of(made.events[index])
    time = made.events[index].partition(b'"time":"')[2][:27].decode()
    entry = entry_of("kz.mektep.meal.granted.v1", time, data).decode()
    change(url, f"insert into ledger_entry values ('{SCHOOL}', '{EPOCH}', {index}, '{entry}')")
    change(url, f"update event set body = '{{}}' where sequence = {SEQUENCES[index]}")
    report = look(url)
    assert (report.findings, report.logs[0].erased, report.months) == ([], 1, audited(made).months)


def test_a_ledger_that_was_taken_out_whole(url: Url) -> None:
    change(url, "delete from ledger_leaf")
    change(url, "delete from stream where lane = 'telemetry'")
    assert told(look(url)) == [("A-133", "", 0)]


def test_which_school(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/centre.db"
    open_database(url).close()
    with pytest.raises(AgentError, match="0 schools"):
        look(url)
    fill(url, ledger())
    fill(url, Ledger(school="school-08", epoch="00000000-0000-4000-8000-000000000008"))
    with pytest.raises(AgentError) as error:
        look(url)
    assert "school-07, school-08" in error.value.do
    assert look(url, SCHOOL).findings == []
    with pytest.raises(AgentError, match="no ledger of school-09"):
        look(url, "school-09")
