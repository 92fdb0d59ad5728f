"""The camera's side of a channel: live views are told on, pictures are answered, late or lost ones are errors."""

from __future__ import annotations

import asyncio

import pytest

from agent.cells import filmed
from agent.cells.filmed import Filmed
from drivers.cell_wire import LiveNews, LiveStart, LiveStop, Snap, Snapped, ToCell
from drivers.driver import LiveProgress, LiveTarget
from drivers.errors import DeviceError
from drivers.readings import Still

STILL = Still(jpeg=b"\xff\xd8", blurred=b"\xff\xd8b", at_ns=5, monotonic_ns=6)
TARGET = LiveTarget(host="media.example", port=322, path="live/secret", ca="")


class Line:
    def __init__(self) -> None:
        self.said: list[ToCell] = []
        self.filmed = Filmed(3, self.said.append)

    async def asked(self) -> asyncio.Future[Still]:
        asking = asyncio.ensure_future(self.filmed.still())
        await asyncio.sleep(0)
        return asking


async def code_of(asking: asyncio.Future[Still]) -> str:
    with pytest.raises(DeviceError) as caught:
        await asking
    return caught.value.code


def test_live_views_are_said_and_heard() -> None:
    line, heard = Line(), []
    line.filmed.on_live = heard.append
    line.filmed.show_live("a", TARGET)
    line.filmed.end_live("a")
    assert line.said == [LiveStart(3, "a", TARGET), LiveStop(3, "a")]
    progress = LiveProgress(session="a", state="started")
    line.filmed.hear(LiveNews(3, progress))
    assert heard == [progress]
    assert "secret" not in repr(line.said)


async def test_each_picture_comes_to_who_asked_for_it() -> None:
    line = Line()
    first, second = await line.asked(), await line.asked()
    assert line.said == [Snap(3, 1), Snap(3, 2)]
    other = Still(jpeg=b"2", blurred=b"", at_ns=7, monotonic_ns=8)
    line.filmed.hear(Snapped(3, 2, other, None))
    line.filmed.hear(Snapped(3, 9, other, None))  # nobody's
    line.filmed.hear(Snapped(3, 1, STILL, None))
    assert (await first, await second) == (STILL, other)
    assert line.filmed._snaps == {}


@pytest.mark.parametrize(("trouble", "code"), [(("V-106", "no whole picture", "Wait."), "V-106"), (None, "U-107")])
async def test_without_a_picture_there_is_a_reason(trouble: tuple[str, str, str] | None, code: str) -> None:
    line = Line()
    asking = await line.asked()
    line.filmed.hear(Snapped(3, 1, None, trouble))
    assert await code_of(asking) == code


async def test_a_cell_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filmed, "SNAP_S", 0.02)
    line = Line()
    assert await code_of(await line.asked()) == "U-105"
    line.filmed.hear(Snapped(3, 1, STILL, None))  # too late: nobody's


async def test_the_end_of_the_camera_is_told_to_who_waits_and_to_who_asks_then() -> None:
    line = Line()
    asking = await line.asked()
    line.filmed.end(DeviceError("V-101", "gone", do="Look."))
    assert await code_of(asking) == "V-101"
    assert await code_of(await line.asked()) == "V-101"
    closed = Line()
    closed.filmed.end(None)
    assert await code_of(await closed.asked()) == "U-101"
    assert closed.said == []


async def test_who_no_longer_wants_it_is_let_go() -> None:
    line = Line()
    asking = await line.asked()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
