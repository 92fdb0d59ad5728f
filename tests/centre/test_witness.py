"""The city cosigns growth, once, and never a second history: its memory is not in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger.note import Kind, Verifier, parse_vkey, verify_cosignature
from centre.database import SqliteDatabase
from centre.store import Store
from centre.witness import FILE, NAME, Witness
from tests.agent.school.decisions import granted
from tests.centre.far_box import FarBox, public
from tests.centre.ledger_box import SCHOOL, LedgerBox, delivered, ledger_box, one_day


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = SqliteDatabase(tmp_path / "centre.db")
    (tmp_path / "keys").mkdir()
    yield Store(database)
    database.close()


@pytest.fixture
def witness(tmp_path: Path, store: Store) -> Witness:
    return Witness(tmp_path, store.database)


def outcomes(witness: Witness) -> list[tuple[int, str, str]]:
    return [(one.size, one.outcome, one.why) for one in witness.cosign(SCHOOL)]


def cosigned(store: Store) -> list[tuple[int, str]]:
    sql = "select size, cosigned from ledger_checkpoint where cosigned <> '' order by size"
    return store.database.execute(sql)


def test_the_newest_checkpoint_is_cosigned_once(tmp_path: Path, store: Store, witness: Witness) -> None:
    delivered(tmp_path / "box", store)
    assert outcomes(witness) == [(15, "cosigned", "")]
    assert outcomes(witness) == [(15, "nothing new", "")]
    ((size, note),) = cosigned(store)
    verifier = parse_vkey(witness.vkey)
    assert (verifier.name, verifier.kind) == (NAME, Kind.COSIGNER)
    assert verify_cosignature(note, Verifier(NAME, Kind.COSIGNER, verifier.public)) > 1_700_000_000
    assert (size, len((tmp_path / FILE).read_text().splitlines())) == (15, 1)


def test_it_follows_as_the_ledger_grows(tmp_path: Path, store: Store, witness: Witness) -> None:
    far = FarBox(SCHOOL)
    store.add_school(SCHOOL, public(far.key))

    async def live() -> None:
        async with ledger_box(tmp_path / "box", far) as box:
            for size in (15, 29):
                await one_day(box)
                await box.deliver(store)
                assert outcomes(witness) == [(size, "cosigned", "")]
                await box.pass_hours(12)

    asyncio.run(live())
    assert [size for size, _ in cosigned(store)] == [15, 29]


def test_nothing_is_cosigned_without_a_checkpoint(tmp_path: Path, store: Store, witness: Witness) -> None:
    async def only_begins(_box: LedgerBox) -> None:
        return

    delivered(tmp_path / "box", store, only_begins)
    assert outcomes(witness) == [(0, "nothing new", "")]


async def another_day(box: LedgerBox) -> None:
    await box.accept(*(granted(n, tenge=900) for n in range(14)))
    await box.evening()


def test_a_ledger_that_lost_what_was_cosigned_is_refused(tmp_path: Path, store: Store, witness: Witness) -> None:
    delivered(tmp_path / "box", store)
    witness.cosign(SCHOOL)
    store.database.execute("delete from ledger_leaf where idx > 11")
    store.database.execute("delete from ledger_checkpoint where size > 11")
    store.database.execute("update ledger_checkpoint set cosigned = ''")
    assert outcomes(witness) == [(11, "refused", "15 leaves were cosigned, and 12 are here")]


def test_another_history_of_the_same_box_is_refused(tmp_path: Path, store: Store, witness: Witness) -> None:
    """The database was put back, the box's too: each by itself is in order, and only who remembers can tell."""
    far = delivered(tmp_path / "box", store)
    witness.cosign(SCHOOL)
    epoch = store.database.execute("select epoch from ledger_edge")[0][0]
    memory = (tmp_path / FILE).read_text()
    for table in ("event", "stream", "ledger_leaf", "ledger_checkpoint", "statement", "ledger_edge"):
        store.database.execute(f"delete from {table}")
    delivered(tmp_path / "other", store, another_day, far)
    new = store.database.execute("select epoch from ledger_edge")[0][0]
    (tmp_path / FILE).write_text(memory.replace(epoch, new))
    assert outcomes(witness) == [(16, "refused", "its first 15 leaves are not those that were cosigned")]
    assert cosigned(store) == []


def test_a_fork_is_never_cosigned(tmp_path: Path, store: Store, witness: Witness) -> None:
    delivered(tmp_path / "box", store)
    store.database.execute("update ledger_leaf set entry_hash = zeroblob(32) where idx = 12")
    ((_, outcome, why),) = outcomes(witness)
    assert (outcome, why) == ("refused", "the box has signed what does not fit its leaves")


def test_a_line_that_the_power_cut_short_is_not_a_memory(tmp_path: Path, store: Store, witness: Witness) -> None:
    delivered(tmp_path / "box", store)
    (tmp_path / FILE).write_bytes(b'{"origin":"mektep')
    assert outcomes(witness) == [(15, "cosigned", "")]
    assert (tmp_path / FILE).read_text().startswith('{"origin":"mektep.kz/school-07/')


def test_a_whole_ledger_that_is_gone_is_told(tmp_path: Path, store: Store, witness: Witness) -> None:
    delivered(tmp_path / "box", store)
    witness.cosign(SCHOOL)
    for table in ("event", "stream", "ledger_leaf", "ledger_checkpoint", "statement", "ledger_edge"):
        store.database.execute(f"delete from {table}")
    assert outcomes(witness) == [(15, "refused", "15 leaves were cosigned, and nothing of this ledger is here")]
