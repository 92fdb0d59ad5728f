"""Ledgers as they arrive from a real box: verdicts, in whatever order and pieces; nothing is ever blocked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.events import Statement, draft
from agent.ledger.merkle import EMPTY_ROOT
from agent.ledger.note import Checkpoint, PrivateKey, base64_text, sign_note
from agent.ledger.origin import origin_of
from agent.school_events import Checkpoint as CheckpointEvent
from centre.database import SqliteDatabase
from centre.judge import Judged
from centre.ledger import keys_of
from centre.ledger_verdict import VERIFIED, kind_of
from centre.store import Store
from tests.agent.school.decisions import granted
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import EPOCH, OTHER_EPOCH, FarBox, event, public
from tests.centre.ledger_box import SCHOOL, LedgerBox, delivered, lived, one_day


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = SqliteDatabase(tmp_path / "centre.db")
    yield Store(database)
    database.close()


@pytest.fixture
def either(open_one: Open) -> Store:
    """Of both kinds."""
    return Store(open_one())


@pytest.fixture
def far() -> FarBox:
    return FarBox(SCHOOL)


def known(store: Store, far: FarBox) -> FarBox:
    store.add_school(SCHOOL, public(far.key))
    return far


def checkpoints(store: Store) -> list[tuple[int, str]]:
    return store.database.execute("select size, verdict from ledger_checkpoint order by size, sequence")


def statements(store: Store) -> list[tuple[int, str]]:
    return store.database.execute("select idx, verdict from statement order by idx")


def leaves(store: Store) -> list[int]:
    return [idx for (idx,) in store.database.execute("select idx from ledger_leaf order by idx, sequence")]


def test_a_boxs_day_is_verified(tmp_path: Path, either: Store) -> None:
    store = either
    delivered(tmp_path / "box", store)
    assert leaves(store) == list(range(15))
    assert checkpoints(store) == [(11, VERIFIED), (15, VERIFIED)]
    assert statements(store) == [(14, VERIFIED)]


async def three_days(box: LedgerBox) -> None:
    for _ in range(3):
        await one_day(box)
        await box.pass_hours(12)


def test_days_go_on_from_each_other(tmp_path: Path, store: Store) -> None:
    delivered(tmp_path / "box", store, three_days)
    assert [verdict for _, verdict in statements(store)] == [VERIFIED] * 3
    assert {verdict for _, verdict in checkpoints(store)} == {VERIFIED}


@pytest.mark.parametrize("seed", range(2))
def test_in_any_order_and_twice(tmp_path: Path, either: Store, far: FarBox, seed: int) -> None:
    store = either
    batches = list(lived(tmp_path / "box", known(store, far), three_days, size=3))
    order = [*batches, *batches[::2]]
    random.Random(seed).shuffle(order)
    for one in order:
        store.store([one])
    assert leaves(store) == sorted(set(leaves(store)))
    assert [verdict for _, verdict in statements(store)] == [VERIFIED] * 3
    assert {verdict for _, verdict in checkpoints(store)} == {VERIFIED}


def test_it_waits_for_the_leaves_and_then_judges(tmp_path: Path, store: Store, far: FarBox) -> None:
    batches = list(lived(tmp_path / "box", known(store, far), size=2))
    missing = batches.pop(1)
    for one in batches:
        store.store([one])
    assert {verdict for _, verdict in [*checkpoints(store), *statements(store)]} == {"pending"}
    store.store([missing])
    assert {verdict for _, verdict in [*checkpoints(store), *statements(store)]} == {VERIFIED}


def test_the_edge_that_is_kept_may_be_lost(tmp_path: Path, store: Store, far: FarBox) -> None:
    """It saves time, and nothing rests on it."""
    batches = list(lived(tmp_path / "box", known(store, far), three_days, size=8))
    for one in batches:
        store.store([one])
        store.database.execute("update ledger_edge set peaks = ?, size = 5", (b"",))
    assert {verdict for _, verdict in [*checkpoints(store), *statements(store)]} == {VERIFIED}


# --- what does not fit ------------------------------------------------------------------------------------------------


def altered(one: Judged, old: str, new: str) -> Judged:
    """As a box would send it that had decided otherwise: its leaves have other hashes."""
    bodies = [event.body.replace(old, new).encode() for event in one.events]
    return batch(one.lane, one.first, bodies, epoch=one.epoch, box=FarBox(SCHOOL))


def test_a_leaf_that_the_box_did_not_sign(tmp_path: Path, store: Store, far: FarBox) -> None:
    for one in lived(tmp_path / "box", known(store, far), size=100):
        assert [part.verdict for part in store.store([altered(one, '"meal":"lunch"', '"meal":"dinner"')])[0]] == [
            "stored"
        ]
    assert [kind_of(verdict) for _, verdict in checkpoints(store)] == ["differs", "differs"]
    ((_, verdict),) = statements(store)
    assert verdict == "differs: the root before leaf 14 is another"


def test_a_statement_that_adds_up_otherwise(tmp_path: Path, store: Store, far: FarBox) -> None:
    async def days(box: LedgerBox) -> None:
        await box.accept(*(granted(n) for n in range(3)))
        await box.outbox.transact(lambda transaction: transaction.execute("update tally set count = 7"))
        await box.evening()

    delivered(tmp_path / "box", store, days, far)
    ((_, verdict),) = statements(store)
    assert verdict == ("differs: granted of 2026-11-23, free-1-4, 950 tenge: the statement says 7, the leaves 3")
    assert {verdict for _, verdict in checkpoints(store)} == {VERIFIED}


async def _claims(box: LedgerBox, note: str, size: int) -> None:
    await box.outbox.accept([draft(CheckpointEvent(size=size, reason="order", note=note), box.clock.now())])


def signed(box: LedgerBox, size: int, root: bytes, epoch: str = "") -> str:
    origin = origin_of(SCHOOL, epoch or box.outbox.epoch)
    key = PrivateKey(box.far.key)
    return sign_note(str(Checkpoint(origin, size, root)), origin, key)


ROOT = bytes(range(32))


@pytest.mark.parametrize(
    ("size", "claimed", "kind", "why"),
    [
        (15, 15, "fork", "two histories"),  # a size that was signed before, with another root
        (4, 4, "fork", "two histories"),  # smaller than what was verified
        (16, 15, "differs", "it is said to be of 15 leaves and signed for 16"),
        (99, 99, "pending", ""),
    ],
)
def test_a_second_history(
    tmp_path: Path, store: Store, far: FarBox, size: int, claimed: int, kind: str, why: str
) -> None:
    async def days(box: LedgerBox) -> None:
        await one_day(box)
        await _claims(box, signed(box, size, ROOT), claimed)

    delivered(tmp_path / "box", store, days, far)
    found = store.database.execute("select verdict from ledger_checkpoint order by sequence")
    assert [verdict for (verdict,) in found[:-1]] == [VERIFIED, VERIFIED]
    assert kind_of(found[-1][0]) == kind
    assert why in found[-1][0]


def test_a_smaller_one_that_fits_is_verified_late(tmp_path: Path, store: Store, far: FarBox) -> None:
    """An order may ask for one of an old size; the edge has gone on meanwhile."""

    async def days(box: LedgerBox) -> None:
        await one_day(box)
        await _claims(box, signed(box, 0, EMPTY_ROOT), 0)

    delivered(tmp_path / "box", store, days, far)
    assert checkpoints(store)[0] == (0, VERIFIED)


def test_a_checkpoint_of_another_log_or_key(tmp_path: Path, store: Store, far: FarBox) -> None:
    async def days(box: LedgerBox) -> None:
        await _claims(box, signed(box, 1, ROOT, OTHER_EPOCH), 1)
        await _claims(box, "no note", 1)
        origin = origin_of(SCHOOL, box.outbox.epoch)
        await _claims(box, sign_note(str(Checkpoint(origin, 1, ROOT)), origin, PrivateKey(bytes(32))), 1)

    delivered(tmp_path / "box", store, days, far)
    assert sorted(verdict for _, verdict in checkpoints(store)) == [
        "differs: it is no signed note",
        "differs: no key of this school's box has signed it",
        "differs: no key of this school's box has signed it",
    ]


def test_what_a_former_key_signed_stays_signed(tmp_path: Path, store: Store) -> None:
    """A box was replaced; what the old one owed comes later, and its ledger is as good as before."""
    old, new = FarBox(SCHOOL), FarBox(SCHOOL)
    batches = lived(tmp_path / "box", known(store, old))
    known(store, new)
    assert keys_of(store.database, SCHOOL) == [public(new.key), public(old.key)]
    for one in batches:
        store.store([one])
    assert {verdict for _, verdict in checkpoints(store)} == {VERIFIED}


# --- odd claims are stored, and have no place -----------------------------------------------------------------------


def test_a_statement_that_begins_elsewhere(tmp_path: Path, store: Store, far: FarBox) -> None:
    async def days(box: LedgerBox) -> None:
        await one_day(box)
        said = Statement(
            day="2026-11-23", first=3, end=15, root_first=base64_text(ROOT), root_end=base64_text(ROOT), lines=[],
            meals=0, meals_tenge=0, visits=0, visits_tenge=0, suspicions=0, record_last=1, datasets={},
        )  # fmt: skip
        await box.accept(draft(said, box.clock.now()))
        await _claims(box, "", 0)

    delivered(tmp_path / "box", store, days, far)
    assert statements(store)[1] == (
        15,
        "differs: it begins at leaf 3, and must at 15; the root before leaf 15 is another",
    )


@pytest.mark.parametrize(
    "changes",
    [{"leaf": "x"}, {"leaf": 3}, {"leaf": "1e3"}, {"data": {"salt": "no", "pupil": ""}, "leaf": "0"}],
    ids=str,
)
def test_an_event_whose_claim_is_none_is_stored_all_the_same(store: Store, changes: dict[str, Any]) -> None:
    verdicts = store.store([batch("record", 1, [event(SCHOOL, "record", 1, **changes)])])
    assert [part.verdict for part in verdicts[0]] == ["stored"]
    assert leaves(store) == []


@pytest.mark.parametrize("type_", ["ledger.statement", "ledger.checkpoint"])
@pytest.mark.parametrize(
    "data", [{}, {"size": "x"}, {"size": -1, "note": ""}, {"size": 2**80, "note": "\n\n"}], ids=str
)
def test_a_note_that_cannot_be_read_is_stored_all_the_same(store: Store, type_: str, data: dict[str, Any]) -> None:
    one = event(SCHOOL, "record", 1, type=f"kz.mektep.{type_}.v1", data=data, leaf="0")
    assert [part.verdict for part in store.store([batch("record", 1, [one])])[0]] == ["stored"]
    (((_, verdict)),) = [*checkpoints(store), *statements(store)]
    assert kind_of(verdict) == "differs"


def test_a_reissued_statement_or_checkpoint_speaks_of_its_own_log(store: Store) -> None:
    place = f"{OTHER_EPOCH}/record/9"
    for number, type_ in enumerate(("statement", "checkpoint"), 1):
        one = event(
            SCHOOL,
            "record",
            number,
            type=f"kz.mektep.ledger.{type_}.v1",
            data={},
            leaf=str(number - 1),
            reissueof=place,
        )
        store.store([batch("record", number, [one])])
    assert (checkpoints(store), statements(store)) == ([], [])
    assert leaves(store) == [0, 1]


def test_two_that_claim_one_place_are_both_filed(store: Store) -> None:
    bodies = [event(SCHOOL, "record", number, leaf="0", data={"n": number}) for number in (1, 2)]
    store.store([batch("record", 1, bodies)])
    assert leaves(store) == [0, 0]


def test_events_without_a_leaf_cost_no_query(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = store.database.execute

    def execute(sql: str, args: Any = ()) -> Any:
        asked.append(sql)
        return real(sql, args)

    monkeypatch.setattr(store.database, "execute", execute)
    store.store([batch("record", 1, [event(SCHOOL, "record", 1)])])
    assert [sql for sql in asked if "ledger" in sql or "statement" in sql] == []
    assert msgspec.json.decode(event(SCHOOL, "record", 1, epoch=EPOCH))["source"].split("/")[3] == EPOCH
