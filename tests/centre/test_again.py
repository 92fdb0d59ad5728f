"""Rows that are sent until they arrive, on both databases: one sender's at a time, with longer and longer pauses."""

from __future__ import annotations

import pytest

from centre.again import lease, pause_ns
from centre.order_queue import OrderQueue
from centre.school_time import S_NS
from tests.centre.conftest import Open


@pytest.mark.parametrize(("tries", "pause_s"), [(0, 1), (1, 2), (5, 32), (6, 60), (10_000, 60)])
def test_each_pause_is_twice_the_one_before_up_to_the_longest(tries: int, pause_s: int) -> None:
    assert pause_ns(tries, 60) == pause_s * S_NS


def test_a_row_is_one_senders_until_its_lease_ends(open_one: Open) -> None:
    database, other = open_one(), open_one()
    row = OrderQueue(database).add("school-07", "ping", {}, for_s=60)
    assert lease(database, "order_due", row, "due", 1, S_NS)
    assert not lease(other, "order_due", row, "due", S_NS, S_NS)
    assert lease(other, "order_due", row, "due", 1 + S_NS, S_NS)


def test_what_is_over_since_it_was_read_is_nobodys(open_one: Open) -> None:
    """Its next_ns says nothing then: another sender has had its answer meanwhile."""
    database = open_one()
    row = OrderQueue(database).add("school-07", "ping", {}, for_s=60)
    database.execute("update order_due set state = 'done', next_ns = 0 where id = ?", (row,))
    assert not lease(database, "order_due", row, "due", 1, S_NS)
