"""`make test-box` lives a box's whole way and is no part of `make test`. Held here: each order has its check."""

from __future__ import annotations

from agent.sync.order_list import ORDERS
from tests.box.story import GIVEN


def test_the_story_gives_every_order_of_the_closed_list() -> None:
    assert GIVEN.keys() == ORDERS.keys()
