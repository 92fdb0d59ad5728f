"""The table evidence: each state as it is written is read again, in the order of acceptance."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.evidence import rows
from agent.evidence.rows import RANK, Kept, State
from agent.model import Severity
from tests.agent.outbox.box import opened

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


async def test_a_row_goes_from_promise_to_kept_to_over_and_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path / "o.db") as outbox:
        await outbox.transact(lambda t: rows.promise(t, ONE, "gate", "snapshot", Severity.ERROR))
        await outbox.transact(lambda t: rows.promise(t, TWO, "yard", "snapshot", Severity.INFO))
        found = await outbox.transact(lambda t: rows.keep(t, TWO, 77, "ab" * 32, 5))
        assert found == Kept(
            number=2,
            id=TWO,
            camera="yard",
            kind="snapshot",
            rank=RANK[Severity.INFO],
            bytes=77,
            sha256="ab" * 32,
            since_ns=5,
        )
        await outbox.transact(lambda t: rows.end(t, ONE))
        table = await outbox.transact(rows.load)
        assert [(state, kept.id, kept.bytes) for state, kept in table] == [(State.OVER, ONE, 0), (State.KEPT, TWO, 77)]
        await outbox.transact(lambda t: rows.forget(t, ONE))
        assert [kept.id for _, kept in await outbox.transact(rows.load)] == [TWO]


async def test_an_id_is_given_once(tmp_path: Path) -> None:
    async with opened(tmp_path / "o.db") as outbox:
        await outbox.transact(lambda t: rows.promise(t, ONE, "gate", "snapshot", Severity.ERROR))
        with pytest.raises(Exception, match="UNIQUE"):
            await outbox.transact(lambda t: rows.promise(t, ONE, "gate", "snapshot", Severity.ERROR))


async def test_a_row_learns_its_incident_once_and_since_when_it_was_kept(tmp_path: Path) -> None:
    async with opened(tmp_path / "o.db") as outbox:
        for id_ in (ONE, TWO):
            await outbox.transact(lambda t, id_=id_: rows.promise(t, id_, "gate", "clip", Severity.ERROR))
        await outbox.transact(lambda t: rows.belongs(t, ONE, "first"))
        await outbox.transact(lambda t: rows.belongs(t, ONE, "second"))
        assert await outbox.transact(rows.of_incidents) == {}
        kept = await outbox.transact(lambda t: rows.keep(t, ONE, 1, "ab" * 32, 0))
        assert (kept.incident, kept.since_ns) == ("first", 0)
        assert await outbox.transact(rows.of_incidents) == {ONE: "first"}
        await outbox.transact(lambda t: rows.date(t, 9))
        await outbox.transact(lambda t: rows.date(t, 10))
        assert [(one.id, one.since_ns) for _, one in await outbox.transact(rows.load)] == [(ONE, 9), (TWO, 0)]


def test_severities_rank_as_they_are_named() -> None:
    assert sorted(RANK, key=RANK.__getitem__) == [
        Severity.DEBUG, Severity.INFO, Severity.WARN, Severity.ERROR, Severity.FATAL
    ]  # fmt: skip
