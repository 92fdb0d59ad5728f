"""Figures of a real database, with its agent up, with another program's lock on it, damaged, and gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.bundle.database import STALE, facts, history, owed
from agent.bundle.site import Missing
from agent.history import rows
from agent.history.rows import Part, Stretch
from tests.agent.bundle.laid_out import NOW_NS, by_name, site
from tests.agent.outbox.box import fire, opened, taps

READER = Stretch(
    part=Part.DEVICE, name="canteen-1", state="failed", code="P-101", at_ns=NOW_NS - 10**9, first_ns=NOW_NS
)


async def made(folder: Path) -> Path:
    path = folder / "state/outbox.db"
    path.parent.mkdir()
    async with opened(path) as outbox:
        await outbox.accept([*taps(3), fire()])
        await outbox.transact(lambda transaction: rows.add(transaction, [READER]))
    return path


async def test_what_is_owed_and_no_event(tmp_path: Path) -> None:
    await made(tmp_path)
    told = by_name(list(owed(site(tmp_path))))
    lanes = {one["lane"]: (one["owed"], one["last"]) for one in told["lanes.json"]}  # type: ignore[union-attr]
    assert lanes == {"alarm": (1, 1), "record": (3, 3), "telemetry": (0, 0)} or lanes["alarm"] == (1, 1)
    assert told["evidence.json"] == []
    assert "00000001" not in str(told)


async def test_the_figures(tmp_path: Path) -> None:
    path = await made(tmp_path)
    told = by_name(list(facts(site(tmp_path))))
    assert told["database.json"]["files"]["outbox.db"] == path.stat().st_size  # type: ignore[index]
    assert told["database.json"]["user_version"] == told["database.json"]["newest_schema"]  # type: ignore[index]
    assert told["database-rows.json"]["history"] == 1  # type: ignore[index]
    assert (told["database-check.json"], told["gaps"]) == (["ok"], [])


async def test_the_history(tmp_path: Path) -> None:
    await made(tmp_path)
    (one,) = by_name(list(history(site(tmp_path))))["history.json"]  # type: ignore[misc]
    assert (one["name"], one["code"], one["at"]) == ("canteen-1", "P-101", "2026-11-26T08:59:59.000000Z")


@pytest.mark.parametrize("look", [owed, facts, history])
async def test_one_that_is_locked_is_read_as_it_was(tmp_path: Path, look: object) -> None:
    path = await made(tmp_path)
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        db.execute("pragma locking_mode=exclusive").fetchone()
        db.execute("begin exclusive")
        told = by_name(list(look(site(tmp_path))))  # type: ignore[operator]
    db.close()
    assert told["gaps"][0] == STALE  # type: ignore[index]
    assert "database-check.json" not in told
    assert len(told) >= 2


async def test_one_that_is_damaged_says_how(tmp_path: Path) -> None:
    path = await made(tmp_path)
    with path.open("r+b") as file:
        file.seek(0)
        file.write(b"nothing like a database at all")
    with pytest.raises(Missing, match="cannot be read"):
        list(facts(site(tmp_path)))


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="No such file"):
        list(owed(site(tmp_path)))
