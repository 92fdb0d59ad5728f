"""The list of orders is closed: the box takes these and no others, and the contract has exactly these rows."""

from __future__ import annotations

import re

import pytest

from agent.sync.order_list import ORDERS
from tests.source_tree import ROOT

SECTION = (ROOT / "docs/protocol.md").read_text(encoding="utf-8").partition("\n## 6. ")[2].partition("\n## ")[0]
TABLE = SECTION.partition("| order | `args` | `result` |\n")[2].partition("\n\n")[0]


def test_the_contract_has_a_row_for_each_order_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \|", TABLE, re.MULTILINE)
    assert sorted(rows) == sorted(ORDERS)


@pytest.mark.parametrize(("name", "room"), ORDERS.items())
def test_an_order_is_carried_out_where_the_list_says(name: str, room: str) -> None:
    assert f'"{name}"' in (ROOT / room).read_text(encoding="utf-8")
