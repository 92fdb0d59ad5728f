"""What commands may ask about incidents: answers by the beginning of an id, refusals in words, a drill and its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.errors import AgentError
from agent.incidents.answers import ANSWERS
from agent.incidents.kinds import Kind
from agent.incidents.life import REFUSED as WORDS
from agent.incidents.life import Input, State
from agent.model import Lane
from agent.ops.asks import REFUSED, asks_of
from tests.agent.incidents.kept import Kept, kept
from tests.agent.outbox.box import fire


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


async def asked(box: Kept, word: str, account: str = "olga", **args: Any) -> Any:
    """As it goes over the socket."""
    answer = await asks_of(box.incidents, box.outbox)[word](args, account)
    return msgspec.json.decode(msgspec.json.encode(answer))


async def opens(box: Kept) -> str:
    await box.incidents.accepting(box.sign(Kind.FIRE))([fire()])
    (view,) = box.incidents.open_now()
    return view.incident


async def test_from_the_list_to_its_end(box: Kept) -> None:
    id_ = await opens(box)
    assert [one["state"] for one in (await asked(box, "incidents"))["incidents"]] == ["told"]
    for answer, state in (("acknowledged", "acknowledged"), ("confirmed", "confirmed"), ("closed", "closed")):
        assert (await asked(box, "answer", incident=id_[:6], answer=answer))["state"] == state
    assert (await asked(box, "incidents"))["incidents"] == []
    assert [one["state"] for one in (await asked(box, "incidents", closed=5))["incidents"]] == ["closed"]
    other = await opens(box)
    listed = (await asked(box, "incidents", closed=1))["incidents"]
    assert [one["incident"] for one in listed] == [other, id_], "an open one takes no place of theirs"
    assert {(one["channel"], one["account"]) for one in await box.told("answered")} == {("command", "olga")}


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"incident": "ffff", "answer": "acknowledged"}, "U-124"),
        ({"incident": "", "answer": "acknowledged"}, "U-122"),
        ({"answer": "acknowledged"}, "U-122"),
        ({"incident": "0", "answer": "acknowledged", "more": 1}, "U-122"),
        ({"incident": "0000", "answer": "forgotten"}, "U-122"),
        ({"incident": "0000", "answer": "dismissed", "reason": "no_word_of_ours"}, "U-122"),
    ],
)
async def test_what_is_not_understood(box: Kept, args: dict[str, Any], code: str) -> None:
    await opens(box)
    with pytest.raises(AgentError) as refused:
        await asked(box, "answer", **args)
    assert refused.value.code == code


async def test_a_refusal_says_what_to_do(box: Kept) -> None:
    id_ = await opens(box)
    with pytest.raises(AgentError, match="not decided") as refused:
        await asked(box, "answer", incident=id_, answer="closed")
    assert (refused.value.code, "confirm" in refused.value.do) == ("U-125", True)


def test_every_refusal_of_a_person_has_an_instruction() -> None:
    given = set(ANSWERS.values())
    words = {word for (state, one), word in WORDS.items() if one in given and state in State}
    assert words | {"no_reason"} == set(REFUSED)
    assert given == {Input.ACKNOWLEDGE, Input.CONFIRM, Input.DISMISS, Input.CLOSE}


async def test_a_drill_and_how_far_the_lane_is(box: Kept) -> None:
    begun = await asked(box, "drill", kind="fire", place="hall")
    assert (begun["incident"]["drill"], begun["incident"]["kind"]) == (True, "fire")
    assert begun["alarm"] == await asked(box, "alarm-lane")
    assert begun["alarm"]["last"] == box.outbox.last(box.outbox.epoch, Lane.ALARM) > begun["alarm"]["settled"]
