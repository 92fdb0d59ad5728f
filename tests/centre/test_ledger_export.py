"""A ledger as files: what a stranger needs to find its roots, with nothing of ours."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main as mektep
from agent.ledger.entry import entry_of
from agent.ledger.log import Log
from agent.ledger.merkle import leaf_hash
from agent.ledger.note import open_checkpoint, parse_vkey
from centre.database import SqliteDatabase
from centre.erasure import erase
from centre.errors import CentreError
from centre.ledger_check import check
from centre.ledger_export import Manifest, export
from centre.store import Store
from tests.agent.ledger.notes import ZERO_WITNESS
from tests.agent.school.decisions import pupil
from tests.centre.ledger_box import SCHOOL, delivered

WITNESS = ZERO_WITNESS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = SqliteDatabase(tmp_path / "centre.db")
    made = Store(database)
    delivered(tmp_path / "box", made)
    yield made
    database.close()


def exported(store: Store, out: Path, month: str = "") -> Manifest:
    def track(items: Iterable[str], total: int) -> Iterable[str]:
        found = list(items)
        assert len(found) <= total
        return found

    return export(
        store.database, SCHOOL, out, month=month, witness=[WITNESS], made_ns=1_795_507_200_000_000_000, track=track
    )


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def entry(line: Any) -> bytes:
    """As the box's own code has it."""
    return line["entry"].encode() if "entry" in line else entry_of(line["type"], line["time"], line["data"])


def check_by_itself(folder: Path) -> None:
    """Every checkpoint's root, from the files alone."""
    manifest = json.loads((folder / "manifest.json").read_text())
    (epoch,) = manifest["epochs"]
    events = lines(folder / epoch / "events.jsonl")
    assert [int(one["leaf"]) for one in events] == list(range(15))
    hashes = [leaf_hash(entry(one)) for one in events]
    assert (folder / epoch / "hashes").read_text().split() == [one.hex() for one in hashes]
    key = parse_vkey(manifest["keys"][0])
    for line in lines(folder / epoch / "checkpoints.jsonl"):
        checkpoint = open_checkpoint(line["note"], f"mektep.kz/{SCHOOL}/{epoch}", [key])
        assert checkpoint.root == Log().grown(hashes[: checkpoint.size])[0].root()
        assert line.keys() == {"note", "sequence", "cosigned"}


def test_a_stranger_finds_the_roots(tmp_path: Path, store: Store) -> None:
    manifest = exported(store, tmp_path / "out")
    assert (manifest.school, manifest.made) == (SCHOOL, "2026-11-24T08:00:00.000000Z")
    assert manifest.witnesses == [WITNESS]
    check_by_itself(tmp_path / "out")


def audited(source: Path | str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What `mektep audit` says, which knows nothing of us."""
    capsys.readouterr()
    code = mektep.main(["audit", str(source)])
    return code, capsys.readouterr().out


def test_mektep_audit_agrees(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    erase(store.database, SCHOOL, pupil(3), "operator", "")
    exported(store, tmp_path / "out")
    exported(store, tmp_path / "out.tar")
    for source in (tmp_path / "out", tmp_path / "out.tar", f"sqlite:///{tmp_path}/centre.db"):
        code, said = audited(source, capsys)
        assert code == 0, said
        assert "15 leaves, 15 of them under a signed checkpoint" in said


def test_mektep_audit_names_the_same_leaf(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "update event set body = replace(body, ':950', ':1950') where body like '%\"leaf\":\"7\"%'"
    store.database.execute(sql)
    (epoch,) = exported(store, tmp_path / "out").epochs
    assert [fault.idx for fault in check(store.database, SCHOOL, epoch).faults] == [7, 14]
    for source in (tmp_path / "out", f"sqlite:///{tmp_path}/centre.db"):
        code, said = audited(source, capsys)
        assert code == 1
        assert "leaf 14" in said


def test_the_events_are_verbatim(tmp_path: Path, store: Store) -> None:
    (epoch,) = exported(store, tmp_path / "out").epochs
    sql = "select body from event e join ledger_leaf l on l.sequence = e.sequence and l.stream = e.stream order by idx"
    bodies = [body for (body,) in store.database.execute(sql)]
    assert (tmp_path / "out" / epoch / "events.jsonl").read_text().splitlines() == bodies


def test_an_erased_event_is_its_entry(tmp_path: Path, store: Store) -> None:
    exported(store, tmp_path / "before")
    erase(store.database, SCHOOL, pupil(3), "operator", "")
    (epoch,) = exported(store, tmp_path / "out").epochs
    before, after = (lines(tmp_path / name / epoch / "events.jsonl") for name in ("before", "out"))
    assert [sorted(one) for one in after if "entry" in one] == [["entry", "leaf"]] * 2
    assert [entry(one) for one in before] == [entry(one) for one in after]
    check_by_itself(tmp_path / "out")


def test_an_archive_holds_the_same(tmp_path: Path, store: Store) -> None:
    exported(store, tmp_path / "november.tar")
    with tarfile.open(tmp_path / "november.tar") as archive:
        archive.extractall(tmp_path)  # our own
    check_by_itself(tmp_path / "november")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")) == []


@pytest.mark.parametrize(("month", "count"), [("", 1), ("2026-11", 1), ("2026-10", 0), ("2026-12", 0)])
def test_a_month_takes_its_ledgers_whole(tmp_path: Path, store: Store, month: str, count: int) -> None:
    assert len(exported(store, tmp_path / "out", month).epochs) == count


def test_what_is_gone_has_no_line(tmp_path: Path, store: Store) -> None:
    store.database.execute('delete from event where body like \'%"leaf":"7"%\'')
    (epoch,) = exported(store, tmp_path / "out").epochs
    assert [int(one["leaf"]) for one in lines(tmp_path / "out" / epoch / "events.jsonl")] == [*range(7), *range(8, 15)]


def test_nothing_is_overwritten(tmp_path: Path, store: Store) -> None:
    for name in ("out", "out.tar"):
        exported(store, tmp_path / name)
        with pytest.raises(CentreError, match="K-154"):
            exported(store, tmp_path / name)
    (tmp_path / "empty").mkdir()
    exported(store, tmp_path / "empty")


def test_a_name_that_somebody_has_put_into_the_database_leads_nowhere_else(tmp_path: Path, store: Store) -> None:
    for table in ("stream", "ledger_leaf", "ledger_checkpoint"):
        store.database.execute(f"update {table} set epoch = '../../elsewhere'")
    with pytest.raises(CentreError, match="is no epoch"):
        exported(store, tmp_path / "out")
