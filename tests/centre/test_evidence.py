"""What the centre keeps of sealed files, on both databases: parts until they are whole, and what the records say."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

import centre.database
import centre.evidence
from centre.database import open_database
from centre.errors import StoreDown
from centre.evidence import EvidenceStore, Outcome
from centre.parts import Part
from centre.store import Store
from centre.wire import EVIDENCE_MAX
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import event

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SEALED = random.Random(1).randbytes(40_000)
PART = 16_384


def part(offset: int, *, name: str = ONE, school: str = "school-07", sealed: bytes = SEALED, **changes: Any) -> Part:
    body = changes.pop("body", sealed[offset : offset + PART])
    sha256 = changes.pop("sha256", hashlib.sha256(sealed).hexdigest())
    return Part(school, name, sha256, len(sealed), offset, body)


def told(outcomes: list[Outcome]) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(one.verdict, one.have) for one in outcomes]


@pytest.fixture
def evidence(open_one: Open) -> EvidenceStore:
    return EvidenceStore(open_one())


def test_parts_in_any_order_become_whole(evidence: EvidenceStore) -> None:
    assert told(evidence.store([part(32_768)])) == [("partial", [(32_768, 39_999)])]
    assert told(evidence.store([part(0), part(32_768)])) == [("partial", [(0, 16_383), (32_768, 39_999)])]
    assert evidence.sealed(ONE) == []
    assert told(evidence.store([part(PART)])) == [("whole", [(0, 39_999)])]
    assert evidence.sealed(ONE) == [("school-07", SEALED)]
    assert told(evidence.store([part(0)])) == [("whole", [(0, 39_999)])]  # the receipt was lost on its way
    assert evidence.sealed(ONE) == [("school-07", SEALED)]


def test_another_file_under_the_same_id_is_not_stored(evidence: EvidenceStore) -> None:
    other = random.Random(2).randbytes(40_000)
    evidence.store([part(0)])
    assert told(evidence.store([part(PART, sealed=other)])) == [("conflict", [])]
    assert told(evidence.store([part(PART), part(32_768)])) == [("whole", [(0, 39_999)])]
    assert evidence.sealed(ONE) == [("school-07", SEALED)]
    assert told(evidence.store([part(0, sealed=other)])) == [("conflict", [])]


def test_two_schools_may_have_the_same_id(evidence: EvidenceStore) -> None:
    other = random.Random(2).randbytes(100)
    evidence.store([part(0), part(PART), part(32_768), part(0, school="school-08", sealed=other)])
    assert evidence.sealed(ONE) == [("school-07", SEALED), ("school-08", other)]
    assert evidence.sealed(ONE, "school-08") == [("school-08", other)]


def test_bytes_that_do_not_have_the_hash_are_forgotten_and_may_come_again(evidence: EvidenceStore) -> None:
    evidence.store([part(0), part(PART, body=bytes(PART))])
    assert told(evidence.store([part(32_768)])) == [("damaged", [])]
    assert evidence.known() == []
    assert told(evidence.store([part(0), part(PART), part(32_768)])) == [("whole", [(0, 39_999)])]


def test_a_file_in_crumbs_is_forgotten(evidence: EvidenceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centre.evidence, "PIECES_MAX", 50)
    crumbs = [part(at, body=SEALED[at : at + 1]) for at in range(0, 102, 2)]
    assert told(evidence.store(crumbs[:50]))[0][0] == "partial"
    assert told(evidence.store(crumbs[50:])) == [("damaged", [])]
    assert evidence.known() == []
    assert told(evidence.store([part(0), part(PART), part(32_768)])) == [("whole", [(0, 39_999)])]


def test_an_honest_cut_of_the_largest_file_has_far_fewer_pieces() -> None:
    assert EVIDENCE_MAX // 4_096 * 2 <= centre.evidence.PIECES_MAX


class Forgets:
    """A database in which another receiver forgets the file each time that it is looked for."""

    lock = ""

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def execute(self, *_: object) -> list[Any]:
        return []


def test_a_file_that_another_receiver_forgets_meanwhile_is_tried_again() -> None:
    with pytest.raises(StoreDown, match="forgotten"):
        EvidenceStore(Forgets()).store([part(0)])  # type: ignore[arg-type]


def test_many_files_in_one_group(evidence: EvidenceStore) -> None:
    found = evidence.store([part(0, name=TWO), part(0), part(PART, name=TWO)])
    assert [(one.name, one.have) for one in found] == [(ONE, [(0, 16_383)]), (TWO, [(0, 32_767)])]


def test_two_receivers_at_once_store_every_byte_once(open_one: Open) -> None:
    """Each has its own connection; the row is locked."""
    stores = [EvidenceStore(open_one()), EvidenceStore(open_one())]
    parts = [part(at, body=SEALED[at : at + 1_000]) for at in range(0, 40_000, 1_000)]
    outcomes: list[Outcome] = []

    def work(store: EvidenceStore, seed: int) -> None:
        mine = list(parts)
        random.Random(seed).shuffle(mine)
        for one in mine:
            outcomes.extend(store.store([one]))

    threads = [threading.Thread(target=work, args=(store, seed)) for seed, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 80
    assert {one.verdict for one in outcomes} == {"partial", "whole"}
    assert stores[0].sealed(ONE) == [("school-07", SEALED)]


def test_while_the_database_cannot_commit_nothing_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centre.database, "BUSY_S", 0.05)
    evidence = EvidenceStore(open_database(f"sqlite:///{tmp_path}/centre.db"))
    with contextlib.closing(sqlite3.connect(tmp_path / "centre.db", isolation_level=None)) as foreign:
        foreign.execute("begin immediate")
        with pytest.raises(StoreDown):
            evidence.store([part(0)])
    assert evidence.known() == []
    assert told(evidence.store([part(0)])) == [("partial", [(0, 16_383)])]


# --- what the records say -------------------------------------------------------------------------------------------


def record(sequence: int, kind: str, data: dict[str, Any]) -> bytes:
    return event("school-07", "record", sequence, type=f"kz.mektep.evidence.{kind}.v1", data=data)


def test_records_tell_of_pictures_that_have_not_come(open_one: Open) -> None:
    store = Store(open_one())
    sealed = {"evidence": ONE, "camera": "gate", "bytes": 40_000}
    bodies = [
        record(1, "sealed", sealed),
        record(2, "lost", {"evidence": TWO, "camera": "yard", "reason": "quota"}),
        record(3, "lost", {"evidence": "", "camera": "yard", "reason": "no_recipient"}),
        record(4, "sealed", {"evidence": 7}),
        event("school-07", "record", 5, type="kz.mektep.evidence.sealed.v1", data=None),
    ]
    (verdicts,) = store.store([batch("record", 1, bodies)])
    assert [(one.verdict, one.first, one.last) for one in verdicts] == [("stored", 1, 5)]  # whatever they say
    evidence = EvidenceStore(store.database)
    found = {one.id: (one.state, one.camera, one.bytes, one.reason) for one in evidence.known()}
    assert found == {ONE: ("told", "gate", 40_000, ""), TWO: ("lost", "yard", 0, "quota")}
    evidence.store([part(0)])
    assert [(one.state, one.stored) for one in evidence.known("school-07") if one.id == ONE] == [("partial", PART)]
    evidence.store([part(PART), part(32_768)])
    (whole,) = [one for one in evidence.known() if one.id == ONE]
    assert (whole.state, whole.stored, whole.camera, whole.at) == (
        "whole", 40_000, "gate", "2026-11-23T08:12:39.123456Z"
    )  # fmt: skip
    assert evidence.known("school-08") == []


def test_the_same_record_twice_is_one(open_one: Open) -> None:
    store = Store(open_one())
    once = batch("record", 1, [record(1, "sealed", {"evidence": ONE, "camera": "gate", "bytes": 9})])
    store.store([once, once])
    store.store([once])
    assert len(EvidenceStore(store.database).known()) == 1
