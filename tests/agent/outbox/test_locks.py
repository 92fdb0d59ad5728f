"""Who else uses the database: named by pid and command; and never two agents at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.outbox import locks
from tests.agent.outbox.box import holding, opened, tap, until

AGENT = """
import sys
from pathlib import Path
from agent.outbox.locks import only_agent
with only_agent(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.accept([tap()])
    return tmp_path / "outbox.db"


def pids(names: list[str]) -> list[int]:
    return [int(name.split()[0]) for name in names]


@pytest.mark.parametrize(
    "sql",
    [
        ("begin immediate",),
        ("begin immediate", "insert into fact (key, value) values ('a', x'00')"),
        ("pragma locking_mode=exclusive", "begin immediate"),
        ("pragma journal_mode=delete", "begin exclusive"),
    ],
    ids=["a write transaction", "one that has written", "a locked database", "the old kind of journal"],
)
def test_who_holds_the_write_lock_is_named(path: Path, sql: tuple[str, ...]) -> None:
    with holding(path, *sql) as pid:
        (name,) = locks.write_lock_holders(path)
        assert name.startswith(f"{pid} ({sys.executable} -c")
    assert locks.write_lock_holders(path) == []


def test_a_reader_holds_no_write_lock_but_has_it_open(path: Path) -> None:
    with holding(path, "begin", "select * from fact") as pid:
        assert locks.write_lock_holders(path) == []
        assert pids(locks.open_elsewhere(path)) == [pid]


def test_we_ourselves_are_nobody_else(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("begin immediate")
    assert locks.write_lock_holders(path) == []
    assert locks.open_elsewhere(path) == []
    connection.close()


def test_a_lock_on_another_file_is_not_ours(path: Path, tmp_path: Path) -> None:
    with holding(tmp_path / "other.db", "create table a (b)", "begin immediate"):
        assert locks.write_lock_holders(path) == []
        assert locks.open_elsewhere(path) == []


def test_several_are_all_named_and_found_through_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with holding(path, "begin", "select * from fact") as first, holding(path, "begin", "select * from fact") as second:
        assert sorted(pids(locks.open_elsewhere(link))) == sorted([first, second])


def test_a_missing_database_is_held_by_nobody(tmp_path: Path) -> None:
    assert locks.write_lock_holders(tmp_path / "none.db") == []
    assert locks.open_elsewhere(tmp_path / "none.db") == []


def test_a_command_is_told_in_few_words(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "x" * 500]) as other:
        try:
            assert len(locks._name(other.pid)) < 90
        finally:
            other.kill()


def test_a_process_that_is_gone_keeps_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        other.wait()
    assert locks._name(other.pid) == str(other.pid)


# --- one agent a database -------------------------------------------------------------------------------------------


async def test_a_second_agent_is_refused_and_told_which_process_is_the_first(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", AGENT, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AgentError, match=rf"another agent has .*outbox\.db open: {other.pid} \(") as refused:
            async with opened(path):
                pass
        assert (refused.value.code, "Stop the other agent" in refused.value.do) == ("D-104", True)
        other.kill()
    async with opened(path) as outbox:
        assert (await outbox.accept([tap()]))[0].sequence == 3, "a killed agent holds nothing"


async def test_also_within_one_process(path: Path) -> None:
    async with opened(path) as outbox:
        with pytest.raises(AgentError, match=f"open: {os.getpid()} "):
            async with opened(path):
                pass
        await outbox.accept([tap()])
    async with opened(path):
        pass


async def test_an_agent_that_could_not_start_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.mkdir()
    with pytest.raises(AgentError, match="cannot be opened"):
        async with opened(path):
            pass
    path.rmdir()
    async with opened(path) as outbox:
        await until(outbox.writer_answers)
