"""PostgreSQL without writing: no password in the words of a command, and its troubles in ours."""

from __future__ import annotations

import pytest

from agent.audit.postgres import PostgresRows
from agent.audit.rows import Rows
from agent.errors import AgentError
from simulator.postgres import Postgres
from simulator.processes import free_port
from tests.centre.conftest import postgres  # noqa: F401 - a fixture


def test_rows(postgres: Postgres) -> None:  # noqa: F811
    rows: Rows = PostgresRows(postgres.url)
    pieces = list(rows.stream("select n from generate_series(1, ?) n", (4_500,)))
    assert [len(some) for some in pieces] == [2_000, 2_000, 500]
    assert "event" not in rows.tables() or rows.tables()
    rows.close()


def test_it_cannot_be_written(postgres: Postgres) -> None:  # noqa: F811
    rows = PostgresRows(postgres.url)
    with pytest.raises(AgentError, match="A-101"):
        rows.all("create table x (n int)")
    rows.close()


@pytest.mark.parametrize("url", ["postgresql://me:secret@127.0.0.1/x", "postgresql://127.0.0.1/x?password=secret"])
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(AgentError) as error:
        PostgresRows(url)
    assert error.value.code == "A-104"
    assert "secret" not in f"{error.value} {error.value.do}"


def test_what_is_no_url() -> None:
    with pytest.raises(AgentError, match="A-104"):
        PostgresRows("postgresql://[")


def test_nobody_there() -> None:
    with pytest.raises(AgentError) as error:
        PostgresRows(f"postgresql://mektep@127.0.0.1:{free_port()}/x")
    assert error.value.code == "A-101"
