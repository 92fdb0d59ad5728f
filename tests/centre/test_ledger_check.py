"""Whoever alters the centre's database is found out, and what was altered is named: leaf, day, checkpoint."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centre.database import Database, SqliteDatabase
from centre.ledger_check import Checked, LeafSeen, check, epochs_of
from centre.ledger_entry import UNREADABLE, entry_of, read
from centre.ledger_tree import leaf_hash
from centre.ledger_verdict import VERIFIED
from centre.store import Store
from tests.centre.conftest import Open
from tests.centre.ledger_box import SCHOOL, LedgerBox, copy_of, delivered, kept, one_day

COPIES = itertools.count()


async def two_days(box: LedgerBox) -> None:
    await one_day(box)
    await box.pass_hours(12)
    await one_day(box)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of two days, as it came: leaves 0 to 14, 15 to 28; statements are leaves 14 and 28."""
    return kept(tmp_path_factory.mktemp("honest"), two_days)


@pytest.fixture
def database(honest: Path, tmp_path: Path) -> Iterator[Database]:
    with copy_of(honest, tmp_path) as opened:
        yield opened


def checked(database: Database) -> Checked:
    (epoch,) = epochs_of(database, SCHOOL)
    return check(database, SCHOOL, epoch)


def test_an_honest_database_has_no_fault(database: Database) -> None:
    found = checked(database)
    assert found.faults == []
    assert (found.leaves, found.size, found.verified, found.forked) == (29, 29, 29, False)
    assert [(one.idx, one.day, one.verdict) for one in found.statements] == [
        (14, "2026-11-23", VERIFIED), (28, "2026-11-24", VERIFIED),
    ]  # fmt: skip
    assert all(one.said == one.held for one in found.statements)


def test_it_is_the_same_in_both_databases(tmp_path: Path, open_one: Open) -> None:
    store = Store(open_one())
    delivered(tmp_path / "box", store)
    found = checked(store.database)
    assert (found.faults, found.size, found.verified) == ([], 15, 15)


def test_every_leaf_that_counts_is_handed_on(database: Database) -> None:
    seen: list[LeafSeen] = []
    (epoch,) = epochs_of(database, SCHOOL)
    check(database, SCHOOL, epoch, seen.append)
    assert len(seen) == 29 - 3  # without epoch.opened and the two statements
    assert seen[0].name == f"{epoch}/1"
    assert seen[0].facts.tenge == 950


# --- what was altered -------------------------------------------------------------------------------------------------

PLACE = (
    "stream = (select stream from ledger_leaf where idx = {n}) "
    "and sequence = (select sequence from ledger_leaf where idx = {n})"
)
CLAIM = "insert into ledger_leaf select school, epoch, 7, stream, 99, entry_hash from ledger_leaf where idx = 8"
RESIZE_NOTE = "update ledger_checkpoint set note = replace(note, x'0a' || '11' || x'0a', x'0a' || '12' || x'0a')"
RESIZE_EVENT = "update event set body = replace(body, '\\n11\\n', '\\n12\\n') where type like '%checkpoint%'"


def run(database: Database, sql: str, n: int = 7, m: int = 8) -> None:
    here, there = PLACE.format(n=n), PLACE.format(n=m)
    database.execute(sql.replace("HERE", here).replace("THERE", there).replace("{n}", str(n)).replace("{m}", str(m)))


def rewrite(database: Database, n: int, change: Callable[[str], str], *, hashed: bool) -> None:
    """A leaf's event; `hashed`: the hash beside it, too."""
    ((body,),) = database.execute(f"select body from event where {PLACE.format(n=n)}")
    body = change(body)
    database.execute(f"update event set body = ? where {PLACE.format(n=n)}", (body,))
    if hashed:
        database.execute("update ledger_leaf set entry_hash = ? where idx = ?", (leaf_hash(entry_of(read(body))), n))


def swap(database: Database, *, hashed: bool) -> None:
    bodies = {n: database.execute(f"select body from event where {PLACE.format(n=n)}")[0][0] for n in (7, 8)}
    for n, other in ((7, 8), (8, 7)):
        rewrite(database, n, lambda _, other=other: bodies[other], hashed=hashed)  # type: ignore[misc]


def cheaper(body: str) -> str:
    return body.replace('"tenge":950', '"tenge":1950')


def another_day(body: str) -> str:
    return body.replace('"day":"2026-11-23"', '"day":"2026-11-22"')


def alter(n: int, change: Callable[[str], str], *, hashed: bool = False) -> Callable[[Database], None]:
    return lambda database: rewrite(database, n, change, hashed=hashed)


def sql(*statements: str) -> Callable[[Database], None]:
    def tamper(database: Database) -> None:
        for one in statements:
            run(database, one)

    return tamper


NO_EVENT, NO_LEAF = "delete from event where HERE", "delete from ledger_leaf where idx = {n}"
TAMPERED: list[tuple[str, Callable[[Database], object], str]] = [
    ("a tariff", alter(7, cheaper), r"leaf 7 of .*, 2026-11-23: .*meal.granted.* altered"),
    ("a tariff with its hash", alter(7, cheaper, hashed=True), r"among leaves 0 to 10 is one"),
    ("a tariff, by its statement", alter(7, cheaper, hashed=True), r"leaf 14 of .*, 2026-11-23: the statement"),
    ("a day", alter(7, another_day), r"leaf 7 of .*altered"),
    ("whose it was", alter(7, lambda body: body.replace('"pupil":"0', '"pupil":"1')), "leaf 7 of"),
    ("no JSON", alter(7, lambda body: body[:-1]), r"leaf 7 of .*cannot be read"),
    ("a statement", alter(14, lambda body: body.replace('"meals":', '"meals":1')), "leaf 14 of"),
    ("a removed event", sql(NO_EVENT), r"leaf 7 of .*is gone from the database"),
    ("a removed leaf", sql(NO_LEAF), r"leaf 7 of .* not here"),
    ("a removed leaf with its event", sql(NO_EVENT, NO_LEAF), r"leaf 7 of .*nothing explains it"),
    ("the last leaf removed", sql("delete from ledger_leaf where idx = 28"), r"^pending: leaf 28 is not here"),
    ("all of the ledger's own rows", sql("delete from ledger_leaf", "delete from ledger_checkpoint"), "gone from its"),
    ("two swapped", lambda database: swap(database, hashed=False), r"leaf 7 of .*here stands what came as leaf 8"),
    ("two swapped with hashes", lambda database: swap(database, hashed=True), r"leaf 7 of .*under another number"),
    ("a hash alone", sql("update ledger_leaf set entry_hash = zeroblob(32) where idx = {n}"), "leaf 7 of"),
    ("an event that claims a place", sql(CLAIM), r"leaf 7 of .*second event, record/99"),
    ("a checkpoint", sql("update ledger_checkpoint set note = replace(note, 'A', 'B')"), "altered afterwards"),
    ("a checkpoint's event", sql("delete from event where type like '%checkpoint%'"), "event of a checkpoint"),
    ("a checkpoint's row", sql("delete from ledger_checkpoint where size = 11"), "gone from its table"),
    ("a checkpoint everywhere", sql(RESIZE_NOTE, RESIZE_EVENT), "the signature is not the box's"),
]


@pytest.mark.parametrize(("tamper", "says"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_what_was_altered_is_named(database: Database, tamper: Callable[[Database], object], says: str) -> None:
    tamper(database)
    found = checked(database)
    told = [str(fault) for fault in found.faults] + [one.verdict for one in found.checkpoints]
    assert any(re.search(says, one) for one in told), told


def test_an_alteration_with_its_hash_is_known_to_a_range(database: Database) -> None:
    """The second day's leaves stand between the last checkpoint that fits and the first that does not."""
    rewrite(database, 17, cheaper, hashed=True)
    found = checked(database)
    assert found.verified == 15
    assert any("among leaves 15 to 24" in str(fault) for fault in found.faults)


@given(idx=st.integers(1, 28), at=st.integers(0, 400), char=st.sampled_from('0aZ"{}'), hashed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_changed_character_of_a_leafs_data_goes_unnoticed(
    honest: Path, tmp_path_factory: pytest.TempPathFactory, idx: int, at: int, char: str, hashed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"copy-{next(COPIES)}.db"
    shutil.copy(honest, path)
    database = SqliteDatabase(path)
    ((before,),) = database.execute(f"select body from event where {PLACE.format(n=idx)}")
    first = before.index('"data":') + 7
    at = first + at % (len(before) - first)
    after = before[:at] + char + before[at + 1 :]
    try:
        rewrite(database, idx, lambda _: after, hashed=hashed)
    except UNREADABLE:  # whoever alters it so has no hash for it
        rewrite(database, idx, lambda _: after, hashed=False)
    assert (checked(database).faults == []) == (before == after or read_alike(before, after))
    database.close()
    path.unlink()


def read_alike(before: str, after: str) -> bool:
    """Other bytes of the same meaning, as an escaped letter."""
    try:
        return entry_of(read(before)) == entry_of(read(after))
    except UNREADABLE:
        return False
