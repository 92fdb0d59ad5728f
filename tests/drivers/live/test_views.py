"""The views of a cell: how each goes is told to its end; a device takes its views with it; a defect ends one view."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import msgspec
import pytest

from drivers.cameras.ring import Followed, OnOver, Ring
from drivers.cell import CellClock
from drivers.cell_wire import LiveNews, LiveStart
from drivers.driver import LiveTarget
from drivers.live import views
from drivers.live.push import View
from drivers.live.views import REFUSED, Views
from simulator.processes import free_port
from tests.drivers.live.far_media import city_ca, far_media, form, packet, target
from tests.drivers.supervised import until


class Filming:
    """A camera with a ring that a thread of its own would fill."""

    def __init__(self, refuses: str = "") -> None:
        self.ring = Ring(0, 1 << 20)
        self.asked: list[tuple[bool, bool]] = []
        self.over: OnOver = lambda _reason, _what: None
        self._refuses = refuses
        self._numbers = count()

    def live(self, *, main: bool, masked: bool, on_over: OnOver) -> Followed | str:
        self.asked.append((main, masked))
        self.over = on_over
        return self._refuses or self.ring

    async def film(self, pictures: int) -> None:
        for number in (next(self._numbers) for _ in range(pictures)):
            await asyncio.to_thread(self.ring.put, packet(number), form())


class Told:
    def __init__(self) -> None:
        self.news: list[LiveNews] = []
        self.views = Views(self.news.append, CellClock())

    def states(self, session: str = "one") -> list[str]:
        return [one.progress.state for one in self.news if one.progress.session == session]

    @property
    def end(self) -> tuple[str, str]:
        last = self.news[-1].progress
        assert last.state == "ended"
        return last.reason, last.what


NOWHERE = LiveTarget(host="localhost", port=free_port(), path="x", ca=city_ca())


def start(session: str = "one", where: LiveTarget = NOWHERE, channel: int = 1) -> LiveStart:
    return LiveStart(channel, session, where)


async def test_a_view_begins_with_the_last_keyframe_and_is_told_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "GOING_S", 0.05)
    async with far_media() as server:
        camera, told = Filming(), Told()
        await camera.film(10)  # the last keyframe is number 6
        told.views.start(start(where=target(server, path="live/views")), camera)
        await server.until_shown(4)
        await camera.film(3)
        await server.until_shown(7)
        await until(lambda: "going" in told.states())
        told.views.stop(1, "one")
        await until(lambda: told.states()[-1] == "ended")
    assert told.states()[0] in ("started", "going")
    last = told.news[-1]
    assert (last.channel, last.progress.reason, last.progress.skipped) == (1, "stopped", 0)
    assert last.progress.bytes_sent > 0
    assert camera.ring._followers == []


async def test_which_stream_and_whether_there_are_masks_are_the_order_s() -> None:
    camera, told = Filming(), Told()
    for session, main, masked in (("one", False, True), ("two", True, False)):
        told.views.start(start(session, msgspec.structs.replace(NOWHERE, main=main, masked=masked)), camera)
    await until(lambda: len(camera.asked) == 2)
    assert camera.asked == [(False, True), (True, False)]
    await told.views.end(1)


ENDS: list[tuple[str, Any, str]] = [
    ("its process knows of no masks", Filming("masked"), "masked"),
    ("no encoder", Filming("no_encoder"), "no_encoder"),
    ("a device without packets", object(), "codec"),
    ("no device yet", None, "codec"),
]


@pytest.mark.parametrize(("source", "reason"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
async def test_what_is_not_for_passing_on(source: Any, reason: str) -> None:
    told = Told()
    told.views.start(start(), source)
    await until(lambda: told.news)
    assert told.end == (reason, REFUSED[reason])


async def test_what_is_followed_can_end_by_itself_also_while_a_picture_waits() -> None:
    """From whatever thread it is told; what waits is not sent any more."""
    async with far_media() as server:
        camera, told = Filming(), Told()
        await camera.film(4)
        told.views.start(start(where=target(server, path="live/over")), camera)
        await server.until_shown(4)
        await asyncio.to_thread(camera.over, "masked", "another size")
        await until(lambda: told.states()[-1] == "ended")
        assert told.end == ("masked", "another size")
        await until(lambda: server.look() and server.went == 1)
        assert camera.ring._followers == []


async def test_a_host_that_is_not_there_is_told() -> None:
    camera, told = Filming(), Told()
    await camera.film(1)
    told.views.start(start(), camera)
    await until(lambda: told.news)
    assert told.end[0] == "host"


async def test_a_defect_ends_this_view_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: View) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(View, "run", fail)
    camera, told = Filming(), Told()
    told.views.start(start(), camera)
    await until(lambda: told.news)
    assert told.end[0] == "defect"
    assert told.end[1].startswith("ZeroDivisionError in line ")
    assert camera.ring._followers == []


async def test_what_cannot_be_followed_ends_this_view_and_is_told() -> None:
    """Pictures made anew start a thread with the first who looks."""
    camera, told = Filming(), Told()
    camera.ring.follow = fail_to_start  # type: ignore[method-assign]
    told.views.start(start(), camera)
    await until(lambda: told.news)
    assert told.end[0] == "defect"
    assert told.end[1].startswith("RuntimeError in line ")
    await until(lambda: not told.views._going)


def fail_to_start(*_: object) -> None:
    raise RuntimeError("can't start new thread")


async def test_a_device_takes_its_views_with_it_and_no_others() -> None:
    camera, other, told = Filming(), Filming(), Told()  # nothing is filmed: they wait
    told.views.start(start("one"), camera)
    told.views.start(start("one"), camera)  # twice is once
    told.views.start(start("two"), camera)
    told.views.start(start("far", channel=2), other)
    await until(lambda: len(camera.ring._followers) == 2)
    await told.views.end(1)
    assert (told.states("one"), told.states("two"), told.states("far")) == (["ended"], ["ended"], [])
    assert (camera.ring._followers, len(other.ring._followers)) == ([], 1)
    told.views.stop(2, "nobody's")
    told.views.stop(2, "far")
    await until(lambda: told.states("far") == ["ended"])
