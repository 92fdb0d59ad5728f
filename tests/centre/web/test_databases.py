"""Connections that are lent."""

from __future__ import annotations

import threading

import pytest

from centre.errors import StoreDown
from centre.web import databases
from centre.web.databases import CONNECTIONS_MAX, Databases


def test_a_connection_is_lent_to_one_at_a_time_and_used_again(database_url: str) -> None:
    pool = Databases(database_url)
    with pool.borrow() as one, pool.borrow() as other:
        assert one is not other
        assert one.execute("select 1") == other.execute("select 1")
    with pool.borrow() as again:
        assert again in (one, other)
    pool.close()


def test_who_comes_when_all_are_lent_waits_its_turn(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Databases(f"sqlite:///{tmp_path}/centre.db")
    lent = [pool.borrow() for _ in range(CONNECTIONS_MAX)]
    for one in lent:
        one.__enter__()
    monkeypatch.setattr(databases, "WAIT_S", 0.01)
    with pytest.raises(StoreDown), pool.borrow():
        pass
    monkeypatch.setattr(databases, "WAIT_S", 5.0)
    threading.Timer(0.05, lambda: lent[0].__exit__(None, None, None)).start()
    with pool.borrow() as found:
        assert found.execute("select 1") == [(1,)]
    pool.close()
