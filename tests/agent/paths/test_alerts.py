"""What the school itself shows of an incident: at once, with the database stuck, until somebody has answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent.config import SourceConfig
from agent.incidents.kinds import Certainty, Kind
from agent.incidents.life import Input, State
from agent.incidents.steps import By
from agent.incidents.view import View
from agent.paths import alerts
from agent.paths.alerts import Alerts
from agent.paths.signals import Signals
from drivers.readings import Light
from tests.agent.incidents.house import MAIN
from tests.agent.incidents.kept import Kept, kept
from tests.agent.outbox.box import fire, until, write_locked
from tests.agent.paths.device import Device, Settings


def source(name: str, *kinds: Kind) -> SourceConfig:
    return SourceConfig(name=name, kind="signal", driver="d", settings=Settings(), places={}, alerts=kinds)


SOURCES = [source("siren", Kind.FIRE), source("lamp", Kind.FIRE, Kind.OTHER), source("plain")]
SILENT = View(incident="i", kind=Kind.FIRE, place="", certainty=Certainty.CERTAIN, state=State.ACKNOWLEDGED)


def view(kind: Kind, *, drill: bool = False, certainty: Certainty = Certainty.CERTAIN) -> View:
    return msgspec.structs.replace(SILENT, kind=kind, drill=drill, certainty=certainty, state=State.TOLD)


@pytest.mark.parametrize(
    ("views", "shown"),
    [
        ([], {}),
        ([SILENT], {}),
        ([view(Kind.FIRE)], {"siren": Light.ALARM, "lamp": Light.ALARM}),
        ([view(Kind.OTHER)], {"lamp": Light.ALARM}),
        ([view(Kind.FIRE, certainty=Certainty.SUSPECTED)], {"siren": Light.ALERT, "lamp": Light.ALERT}),
        ([view(Kind.FIRE, certainty=Certainty.CORROBORATED)], {"siren": Light.ALERT, "lamp": Light.ALERT}),
        (
            [view(Kind.OTHER), view(Kind.FIRE, certainty=Certainty.SUSPECTED)],
            {"siren": Light.ALERT, "lamp": Light.ALARM},
        ),
        ([view(Kind.BULLYING)], {}),  # told to persons, shown by no lamp
        ([view(Kind.FIRE, drill=True)], {"siren": Light.DRILL, "lamp": Light.DRILL}),
        ([view(Kind.FIRE, drill=True), view(Kind.OTHER)], {"siren": Light.DRILL, "lamp": Light.ALARM}),
        ([view(Kind.OTHER), view(Kind.FIRE, drill=True)], {"siren": Light.DRILL, "lamp": Light.ALARM}),
    ],
)
def test_what_each_device_shows(views: list[View], shown: dict[str, Light]) -> None:
    assert Alerts(SOURCES, None).lit(views) == shown  # type: ignore[arg-type]


class Shown:
    """Incidents on a real outbox, and two devices that show them."""

    def __init__(self, box: Kept) -> None:
        self.box = box
        self.signals = Signals(box.clock)
        self.siren, self.lamp = Device(), Device()
        self.signals.opened("siren", self.siren)
        self.signals.opened("lamp", self.lamp)
        self.alerts = Alerts(SOURCES, self.signals)


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shown]:
    monkeypatch.setattr(alerts, "AGAIN_S", 0.02)
    async with kept(tmp_path) as box:
        made = Shown(box)
        running = asyncio.create_task(made.alerts.run(box.incidents))
        yield made
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_it_is_shown_again_and_again_until_somebody_answers(shown: Shown) -> None:
    await shown.box.incidents.accepting(shown.box.sign(Kind.FIRE))([fire()])
    await until(lambda: shown.siren.lights[2:] and shown.lamp.lights[2:])
    assert set(shown.siren.lights + shown.lamp.lights) == {Light.ALARM}
    (one,) = shown.box.incidents.open_now()
    await shown.box.incidents.answer(one.incident, Input.ACKNOWLEDGE, By(channel="card", staff=MAIN))
    await shown.box.incidents.drill(Kind.FIRE, "yard")
    await until(lambda: shown.siren.lights[-1] is Light.DRILL)
    before = shown.siren.lights.count(Light.ALARM)
    await until(lambda: shown.siren.lights[-3:] == [Light.DRILL] * 3)
    assert shown.siren.lights.count(Light.ALARM) == before


async def test_a_certain_fire_does_not_wait_for_the_database(shown: Shown, tmp_path: Path) -> None:
    with write_locked(tmp_path / "outbox.db"):
        accepting = asyncio.ensure_future(shown.box.incidents.accepting(shown.box.sign(Kind.FIRE))([fire()]))
        await until(lambda: shown.siren.lights)
        assert not accepting.done()
    await accepting


async def test_a_device_that_comes_back_joins_in(shown: Shown) -> None:
    shown.signals.closed("siren")
    await shown.box.incidents.accepting(shown.box.sign(Kind.FIRE))([fire()])
    await until(lambda: shown.lamp.lights)
    assert shown.siren.lights == []
    shown.signals.opened("siren", shown.siren)
    await until(lambda: shown.siren.lights)


async def test_a_drill_is_shown_as_one(shown: Shown) -> None:
    await shown.box.incidents.drill(Kind.FIRE, "hall", "olga")
    await until(lambda: shown.siren.lights)
    assert set(shown.siren.lights) == {Light.DRILL}


async def test_the_event_names_what_shows_it(tmp_path: Path) -> None:
    async with kept(tmp_path) as box:
        box.incidents._locally = Alerts(SOURCES, Signals(box.clock)).locally
        await box.incidents.accepting(box.sign(Kind.FIRE))([fire()])
        await box.incidents.accepting(box.sign(Kind.BULLYING))([fire()])
        assert [one["locally"] for one in await box.told("told")] == [["siren", "lamp"], []]
