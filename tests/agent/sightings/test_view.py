"""A box's last days, read without the daemon and beside it; what cannot be read is told with what to do."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from agent import db
from agent.errors import AgentError
from agent.sightings import rows
from agent.sightings.view import STEP, Days, days
from tests.agent.outbox.box import opened, write_locked
from tests.agent.sightings.test_rows import ROW, SEEN
from tests.clock import START_NS


def test_a_box_that_never_ran_has_no_days(tmp_path: Path) -> None:
    assert days(tmp_path / "nothing" / "outbox.db", 0) == Days()


def test_a_database_of_an_older_agent_has_none_and_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    connection = sqlite3.connect(path, isolation_level=None)
    for number, sql in db.steps():
        if number < STEP:
            connection.executescript(f"{sql}\npragma user_version={number};")
    connection.close()
    assert days(path, 0) == Days()


async def test_it_is_read_while_the_agent_has_it_open_and_while_somebody_else_locks_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with opened(path) as outbox:
        await outbox.transact(lambda one: rows.put_score(one, ROW))
        await outbox.transact(lambda one: rows.add_sighting(one, SEEN))
        with write_locked(path):
            found = days(path, START_NS)
    assert (found.scores, [one.kind for one in found.sightings]) == ([ROW], ["fight"])
    assert days(path, START_NS) == found


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(AgentError, match="cannot be read") as wrong:
        days(tmp_path / "outbox.db", 0)
    assert wrong.value.code == "D-101"


def test_who_may_not_look_is_told_how_to(tmp_path: Path) -> None:
    """As nobody, in a process of its own: for root every folder is open."""
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o000)
        with pytest.raises(AgentError, match="X-002"):
            days(closed / "outbox.db", 0)
        return
    os.chmod(tmp_path, 0o700)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setresuid(65534, 65534, 65534)
            days(tmp_path / "outbox.db", 0)
        except AgentError as error:
            code = 0 if error.code == "X-002" and "sudo" in error.do else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
