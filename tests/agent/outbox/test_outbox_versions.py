"""The outbox over an update and back."""

from __future__ import annotations

from pathlib import Path

from agent import db
from tests.agent.outbox.test_outbox import opened, path, rows, tap, taps

__all__ = ["path"]


async def test_after_an_update_that_was_undone_the_agent_before_goes_on_where_it_was(path: Path) -> None:
    """The newer agent's step only added: nothing is lost, nothing is numbered twice."""
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
    connection = db.connect(path)
    newer = db.newest_version() + 2
    connection.executescript(f"create table tomorrow (a text not null default '') strict; pragma user_version={newer};")
    connection.close()
    async with opened(path) as outbox:
        assert (await outbox.accept([tap()]))[0].sequence == 5
    assert rows(path, "select count(*) from event") == [(5,)]
