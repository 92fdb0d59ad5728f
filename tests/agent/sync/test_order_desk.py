"""Orders that take long delay no other: over a real broker, with a box that is killed in the middle."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.sync.order_desk import ASIDE_AT_ONCE, WAITING, Lane, lane_of
from agent.sync.order_list import ALARMS, ASIDE, BOX, ORDERS
from agent.sync.orders import Failed, Handler
from agent.sync.settings import LinkSettings
from agent.sync.topics import Order
from tests.agent.sync.box import Box, hurry, open_box, until
from tests.agent.sync.far_centre import FarCentre
from tests.agent.sync.slow_box import DEEDS, GO
from tests.source_tree import ROOT

STARTS_S = 60.0  # a process of its own, on a machine that has other work


class Cameras:
    """Pictures that are ready when the test says so."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.begun: list[int] = []
        self.live = asyncio.Event()
        self.live.set()

    def orders(self) -> dict[str, Handler]:
        return {"camera.snapshot": self._snapshot, "live.keep": self._keep}

    async def _snapshot(self, order: Order) -> dict[str, object]:
        self.begun.append(order.number)
        await self.ready.wait()
        if order.args.get("camera") == "gone":
            raise Failed("camera_gone")
        return {"evidence": "", "blurred": ""}

    async def _keep(self, _order: Order) -> dict[str, object]:
        await self.live.wait()
        return {}


@pytest.fixture
def cameras() -> Cameras:
    return Cameras()


@pytest.fixture
async def online(
    broker_port: int, tmp_path: Path, school: str, centre: FarCentre, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Box]:
    hurry(monkeypatch)
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{broker_port}", orders_key=centre.orders_key_base64)
    async with open_box(tmp_path, settings, school, orders=cameras.orders()) as box:
        box.start()
        await until(lambda: box.state == "online")
        yield box


def take_the_line(port: int, school: str) -> None:
    """Who connects under a box's name ends the box's own connection."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=school, protocol=MQTTv5)
    client.on_connect = lambda *_: client.disconnect()
    client.connect("127.0.0.1", port, clean_start=False)
    client.loop_forever()


def answer_to(centre: FarCentre, number: int) -> dict[str, Any]:
    (found,) = [one for one in centre.answers if one["number"] == number]
    return found


async def answered(centre: FarCentre, *numbers: int) -> None:
    await until(lambda: {one["number"] for one in centre.answers} >= set(numbers))


def test_each_order_has_one_lane() -> None:
    assert set(ORDERS) >= ALARMS | BOX | ASIDE
    assert sum(map(len, (ALARMS, BOX, ASIDE))) == len(ALARMS | BOX | ASIDE)
    assert {name for name in ORDERS if name.startswith("incident.")} <= ALARMS
    assert [lane_of(name) for name in ("drill", "restart", "camera.snapshot", "ping")] == [
        Lane.ALARMS, Lane.BOX, Lane.ASIDE, Lane.QUICK,
    ]  # fmt: skip


async def test_a_stuck_camera_delays_no_other_order(online: Box, centre: FarCentre, cameras: Cameras) -> None:
    epoch = online.outbox.epoch
    centre.order("camera.snapshot", 1, epoch, args={"camera": "gone"})
    centre.order("ping", 2, epoch)
    await answered(centre, 2)
    assert [one["number"] for one in centre.answers] == [2]
    centre.order("camera.snapshot", 1, epoch, args={"camera": "gone"})  # again, while it is being carried out
    centre.order("ping", 3, epoch)
    await answered(centre, 3)
    cameras.ready.set()
    await answered(centre, 1)
    first = answer_to(centre, 1)
    assert (first["outcome"], first["reason"], cameras.begun) == ("failed", "camera_gone", [1])
    centre.order("camera.snapshot", 1, epoch)
    await until(lambda: len(centre.answers) == 4)
    assert centre.answers[-1] == first  # the stored one, though later orders were taken
    assert online.forged == []


async def test_of_those_aside_some_run_and_one_too_many_is_told_so(
    online: Box, centre: FarCentre, cameras: Cameras
) -> None:
    epoch, some = online.outbox.epoch, ASIDE_AT_ONCE + WAITING
    for number in range(1, some + 2):
        centre.order("camera.snapshot", number, epoch)
        if number == ASIDE_AT_ONCE:
            await until(lambda: len(cameras.begun) == ASIDE_AT_ONCE)
    await answered(centre, some + 1)
    busy = answer_to(centre, some + 1)
    assert (busy["outcome"], busy["reason"], len(cameras.begun)) == ("refused", "busy", ASIDE_AT_ONCE)
    centre.order("drill", some + 2, epoch, args={"kind": "fire"})  # an alarm waits for none of them
    await answered(centre, some + 2)
    assert answer_to(centre, some + 2)["outcome"] == "done"
    cameras.ready.set()
    await answered(centre, *range(1, some + 2))
    assert [one["outcome"] for one in centre.answers].count("done") == some + 1
    assert cameras.begun == list(range(1, some + 1))


async def test_an_alarm_waits_for_no_quick_order_either(online: Box, centre: FarCentre, cameras: Cameras) -> None:
    cameras.live.clear()
    for number in range(1, WAITING + 3):
        centre.order("live.keep", number, online.outbox.epoch)
    await answered(centre, WAITING + 2)
    assert answer_to(centre, WAITING + 2)["reason"] == "busy"
    centre.order("drill", 30, online.outbox.epoch, args={"kind": "fire"})
    await answered(centre, 30)
    cameras.live.set()
    await answered(centre, *range(1, WAITING + 2))
    assert {one["outcome"] for one in centre.answers if one["number"] != WAITING + 2} == {"done"}


async def test_an_answer_that_is_ready_when_the_line_is_gone_leaves_on_the_next_one(
    broker_port: int, online: Box, centre: FarCentre, cameras: Cameras
) -> None:
    centre.order("camera.snapshot", 1, online.outbox.epoch)
    await until(lambda: cameras.begun == [1])
    take_the_line(broker_port, centre.school)
    await until(lambda: online.state == "offline" or len(centre.online()) > 1)
    cameras.ready.set()
    await answered(centre, 1)
    assert len(centre.online()) > 1
    assert (answer_to(centre, 1)["outcome"], cameras.begun) == ("done", [1])


# --- killed in the middle -----------------------------------------------------------------------------------


@contextmanager
def slow_box(folder: Path, port: int, centre: FarCentre) -> Iterator[Popen[bytes]]:
    command = [sys.executable, "-m", "tests.agent.sync.slow_box", str(folder), str(port), centre.school]
    box = Popen([*command, centre.orders_key_base64], cwd=ROOT)
    try:
        yield box
    finally:
        box.kill()
        box.wait()


async def test_an_order_whose_box_was_killed_in_the_middle_may_come_again(
    broker_port: int, tmp_path: Path, centre: FarCentre
) -> None:
    deeds = tmp_path / DEEDS
    with slow_box(tmp_path, broker_port, centre):
        await until(centre.online, STARTS_S)
        epoch = str(centre.online()[0]["epoch"])
        centre.order("camera.snapshot", 1, epoch)
        await until(deeds.exists)
        centre.order("ping", 2, epoch)
        await answered(centre, 2)
    born = len(centre.online())
    (tmp_path / GO).touch()
    with slow_box(tmp_path, broker_port, centre):
        await until(lambda: len(centre.online()) > born, STARTS_S)
        centre.order("ping", 2, epoch)
        await until(lambda: [one["number"] for one in centre.answers] == [2, 2])
        assert centre.answers[0] == centre.answers[1]
        centre.order("camera.snapshot", 1, epoch)
        await answered(centre, 1)
        first = centre.answers[-1]
        assert (first["number"], first["outcome"], deeds.read_text()) == (1, "done", "1\n1\n")
        born = len(centre.online())
    with slow_box(tmp_path, broker_port, centre):
        await until(lambda: len(centre.online()) > born, STARTS_S)
        centre.order("camera.snapshot", 1, epoch)
        await until(lambda: len(centre.answers) == 4)
        assert (json.dumps(centre.answers[-1]), deeds.read_text()) == (json.dumps(first), "1\n1\n")
