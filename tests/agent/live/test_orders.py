"""The centre's orders about cameras: what they do and answer; arguments that do not fit are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.live.orders import camera_orders
from agent.live.stills import Stills
from agent.sync.orders import BadArgs, Denied, Failed
from agent.sync.topics import Order
from tests.agent.evidence.pictures import evidence_of, somebody
from tests.agent.live.box import SESSION, Box, box

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
START = {
    "session": f"{SESSION}1", "camera": "gate", "host": "media.example", "port": 322, "path": "live/x", "seconds": 600,
    "by": "operator olga",
}  # fmt: skip


class Desk:
    def __init__(self, school: Box, folder: Path) -> None:
        self.school = school
        self.evidence = evidence_of(school.outbox, folder, school.clock, somebody)
        stills = Stills(school.opened, self.evidence.keep, school.outbox.accept, school.clock)
        self._orders = camera_orders(school.views, stills)

    async def give(self, name: str, args: dict[str, Any]) -> dict[str, object]:
        order = Order(order=name, school="school-07", epoch=EPOCH, number=1, issued="", expires="", args=args)
        return await self._orders[name](order)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with box(tmp_path) as school:
        made = Desk(school, tmp_path)
        await made.evidence.begin()
        yield made
        await made.evidence.drained()


async def test_a_view_is_begun_kept_and_stopped(desk: Desk) -> None:
    session = {"session": f"{SESSION}1"}
    assert await desk.give("live.start", START | {"main": True}) == {}
    assert desk.school.cameras["gate"].shown[f"{SESSION}1"].main
    assert await desk.give("live.keep", session) == {}
    assert await desk.give("live.stop", session) == {}
    assert await desk.give("live.stop", session) == {}
    with pytest.raises(Failed, match="unknown_session"):
        await desk.give("live.keep", session)


async def test_another_host_is_denied(desk: Desk) -> None:
    with pytest.raises(Denied):
        await desk.give("live.start", START | {"host": "elsewhere.example"})


async def test_who_asks_is_shown_without_letters_that_play_with_a_screen(desk: Desk) -> None:
    await desk.give("live.start", START | {"by": "Ольга\x1b[2J <o@city>\u202e"})
    (shown,) = desk.school.views.shown()
    assert shown.by == "Ольга2J o@city"


async def test_a_picture_of_now_is_two_ids(desk: Desk) -> None:
    result = await desk.give("camera.snapshot", {"camera": "gate"})
    assert set(result) == {"evidence", "blurred"}
    assert all(len(str(id_)) == 36 for id_ in result.values())


BAD: list[tuple[str, dict[str, Any]]] = [
    ("live.start", START | {"session": "1"}),
    ("live.start", START | {"host": "media.example/other"}),
    ("live.start", START | {"host": "user@media.example"}),
    ("live.start", START | {"port": 0}),
    ("live.start", START | {"path": "live/x HTTP/1.0\r\nX: y"}),
    ("live.start", START | {"path": ""}),
    ("live.start", START | {"path": "live/x\n"}),
    ("live.start", START | {"session": f"{SESSION}1\n"}),
    ("live.start", START | {"seconds": 0}),
    ("live.start", START | {"by": ""}),
    ("live.start", START | {"user": "olga"}),
    ("live.start", {key: value for key, value in START.items() if key != "by"}),
    ("live.keep", {}),
    ("live.stop", {"session": f"{SESSION}1", "now": True}),
    ("camera.snapshot", {"camera": ""}),
]


@pytest.mark.parametrize(("name", "args"), BAD)
async def test_wrong_arguments_are_refused(desk: Desk, name: str, args: dict[str, Any]) -> None:
    with pytest.raises(BadArgs):
        await desk.give(name, args)
