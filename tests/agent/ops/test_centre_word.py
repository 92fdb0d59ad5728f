"""The box's word and the centre's, asked over a real line; why they cannot be had."""

from __future__ import annotations

import pytest

from agent.errors import AgentError
from agent.ops.centre_word import BothWords, word_asks
from agent.sync import centre_word
from tests.agent.outbox.box import taps
from tests.agent.sync.box import Box, until
from tests.agent.sync.conftest import box, broker_port, centre, school  # noqa: F401 - fixtures
from tests.agent.sync.far_centre import FarCentre


async def test_both_are_of_one_moment(box: Box, centre: FarCentre) -> None:  # noqa: F811
    await box.outbox.accept(taps(3))
    box.start()
    await until(box.owes_nothing)
    centre.highest = {"record": 4}
    both = await word_asks(box.outbox, box.link)["centre-word"]({}, "olga")
    assert isinstance(both, BothWords)
    assert {(one.lane, one.last, one.settled) for one in both.box} == {
        ("alarm", 0, 0),
        ("record", 4, 4),
        ("telemetry", 0, 0),
    }
    assert {(one.lane, one.highest) for one in both.centre} == {("alarm", 0), ("record", 4), ("telemetry", 0)}
    assert both.at


async def test_without_a_line_and_without_an_answer(
    box: Box,  # noqa: F811
    centre: FarCentre,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = word_asks(box.outbox, box.link)["centre-word"]
    with pytest.raises(AgentError, match="X-211"):
        await asked({}, "olga")
    box.start()
    await until(lambda: box.state == "online" or box.owes_nothing())
    centre.welcoming = False
    monkeypatch.setattr(centre_word, "WITHIN_S", 0.1)
    with pytest.raises(AgentError, match="X-211 the centre has not answered"):
        await asked({}, "olga")
    with pytest.raises(AgentError, match="U-122"):
        await asked({"more": 1}, "olga")
