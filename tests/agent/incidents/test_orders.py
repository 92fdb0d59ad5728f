"""The centre's orders about incidents: what they do, what they answer, what they refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.incidents.kinds import Kind
from agent.incidents.orders import incident_orders
from agent.sync.orders import BadArgs, Failed
from agent.sync.topics import Order
from tests.agent.incidents.house import MAIN
from tests.agent.incidents.kept import Kept, kept

ID = "9" * 8 + "-0000-4000-8000-000000000000"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


async def order(box: Kept, order_name: str, **args: Any) -> dict[str, object]:
    given = Order(
        order=order_name, school="school-07", epoch=ID, number=1, issued="", expires="2030-01-01T00:00:00Z", args=args
    )
    return await incident_orders(box.incidents)[order_name](given)


async def test_a_report_opens_an_incident_and_says_who_was_told(box: Kept) -> None:
    told = await order(box, "incident.report", incident=ID, kind="bullying", place="yard", certain=True, report="r-1")
    assert told == {"state": "told", "to": [{"role": "duty", "staff": MAIN}]}
    (opened,) = await box.told("opened")
    assert (opened["incident"], opened["report"], opened["certainty"]) == (ID, "r-1", "certain")


async def test_an_answer_tells_the_state_or_fails_with_a_word(box: Kept) -> None:
    await order(box, "incident.report", incident=ID, kind="fight")
    assert await order(box, "incident.answer", incident=ID, answer="acknowledged", by=MAIN) == {"state": "acknowledged"}
    args = {"incident": ID, "answer": "confirmed", "by": "", "role": "city", "reason": ""}
    assert await order(box, "incident.answer", **args) == {"state": "confirmed"}
    assert [one["role"] for one in await box.told("answered")] == ["duty", "city"]
    with pytest.raises(Failed, match="already_confirmed"):
        await order(box, "incident.answer", incident=ID, answer="dismissed")
    with pytest.raises(BadArgs):
        await order(box, "incident.answer", incident=ID, answer="dismissed", reason="no_word_of_ours")
    with pytest.raises(Failed, match="unknown_incident"):
        await order(box, "incident.answer", incident=ID.replace("9", "8"), answer="closed")
    assert await order(box, "incident.answer", incident=ID, answer="closed") == {"state": "closed"}


async def test_a_drill_tells_its_incident(box: Kept) -> None:
    told = await order(box, "drill", kind="fire", place="hall")
    (view,) = box.incidents.open_now()
    assert told == {"incident": view.incident}
    assert (view.drill, view.kind) == (True, Kind.FIRE)
    assert await order(box, "drill", kind="fire", place="hall") == told, "the same order carried out again"


BAD: list[tuple[str, dict[str, Any]]] = [
    ("incident.report", {"incident": "x", "kind": "fire"}),
    ("incident.report", {"incident": ID, "kind": "flood"}),
    ("incident.report", {"incident": ID, "kind": "fire", "place": "x" * 65}),
    ("incident.report", {"incident": ID, "kind": "fire", "name": "somebody"}),
    ("incident.answer", {"incident": ID, "answer": "perhaps"}),
    ("incident.answer", {"incident": ID, "answer": "closed", "by": "Aigul"}),
    ("drill", {"place": "hall"}),
]


@pytest.mark.parametrize(("name", "args"), BAD)
async def test_arguments_that_do_not_fit_are_refused(box: Kept, name: str, args: dict[str, Any]) -> None:
    with pytest.raises(BadArgs):
        await order(box, name, **args)
    assert box.incidents.open_now() == ()
