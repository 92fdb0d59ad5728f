"""Which source a word means."""

from __future__ import annotations

import builtins
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agent.audit.centre_database import CentreDatabase
from agent.audit.export import Export
from agent.audit.opening import open_source
from agent.errors import AgentError
from bench.ledger_year import SCHOOL, export
from tests.agent.audit.centre import fill
from tests.agent.audit.kept import ledger


def test_a_folder_and_the_school_that_it_is_of(tmp_path: Path) -> None:
    folder = export([ledger()], tmp_path)
    assert isinstance(open_source(str(folder), SCHOOL), Export)
    with pytest.raises(AgentError, match="it is the ledger of school-07"):
        open_source(str(folder), "school-08")


def test_a_database_by_path_or_url(tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    fill(f"sqlite:///{path}", ledger())
    for text in (str(path), f"sqlite:///{path}"):
        source = open_source(text, "")
        assert isinstance(source, CentreDatabase)
        source.close()


def test_a_database_of_something_else(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("create table x (n)")
    with pytest.raises(AgentError, match="has no ledger in it"):
        open_source(str(tmp_path / "a.db"), "")
    with pytest.raises(AgentError, match="A-101"):
        open_source(f"sqlite:///{tmp_path}/nothing.db", "")


def test_without_the_driver_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "agent.audit.postgres":
            raise ImportError(name)
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AgentError) as error:
        open_source("postgresql://127.0.0.1/x", "")
    assert error.value.code == "A-104"
    assert "mektep-agent[audit]" in error.value.do
