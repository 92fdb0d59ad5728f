"""What the rules see becomes incidents, in the commit of the alarm; a card at a reader may be an answer."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.book import Book
from agent.config import SourceConfig
from agent.datasets import Calendar, Cards, Pupil, Staff
from agent.evidence.picture import Ids, Shows
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import Kind, Means
from agent.incidents.life import State
from agent.incidents.signs import Spot
from agent.model import Draft, Lane, Severity
from agent.outbox.outbox import Outbox
from agent.paths.alarm import AlarmPath
from agent.paths.rules import Rules
from agent.paths.signals import Signals
from agent.paths.tap import TapPath
from agent.pipelines.watch import Watch
from agent.school.cards import card_hash
from agent.school.defects import Defects
from agent.school.purpose import Purpose
from agent.sources import Station
from agent.watching.eyes import Board
from drivers.readings import (
    CardForm,
    ContactChange,
    ContactState,
    Light,
    Noticed,
    PictureChange,
    PictureState,
    Pressed,
    Reading,
    Tap,
    ZoneChange,
    ZoneState,
)
from tests.agent.incidents.house import MAIN, ROSTER
from tests.agent.outbox.box import events, opened
from tests.agent.paths.device import Device, Settings
from tests.clock import FastClock

KEY = bytes(range(32))
KIND_OF: dict[object, str] = {Tap: "reader", Noticed: "eyes", PictureChange: "camera"}
STAFF_CARD, CHILD_CARD = "6F007B3972", "0000000001"
SPOTS = {
    "panel": Spot(name="panel", places={3: "Sports hall"}),
    "cam-1": Spot(name="cam-1", place="sports hall"),
    "button": Spot(name="button", place="yard", means=Means.FIGHT),
    "here": Spot(name="here", place="yard", means=Means.ANSWER),
    "door": Spot(name="door", place="porter", means=Means.INTRUSION),
}


def hashed(card: str) -> str:
    return card_hash(KEY, CardForm.EM4100, card)


CARDS = Cards(
    card_key=base64.b64encode(KEY).decode(),
    classes=[],
    pupils=[Pupil(pupil="0a" * 8, class_="5А", cards=[hashed(CHILD_CARD)])],
    staff=[Staff(staff=MAIN, cards=[hashed(STAFF_CARD)], may=["meals", "incidents"])],
)


class School:
    """Rules and incidents on one outbox; the clock stands still."""

    def __init__(
        self,
        outbox: Outbox,
        clock: FastClock,
        watches: Mapping[str, Watch] | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.outbox, self.clock = outbox, clock
        book = Book({"cards": CARDS, "duty": ROSTER} | ({"calendar": calendar} if calendar else {}))
        self.board = Board(clock, watches=watches or {})
        self.incidents = Incidents(outbox.transact, lambda: book, clock, spots=SPOTS, cameras=["cam-1"])
        self.alarms = AlarmPath(outbox.accept, self._ahead, clock)
        self.rules = Rules(
            self.alarms, TapPath(outbox.transact, Defects(clock)), KEY, clock, signals=Signals(clock), keep=self._keep,
            book=lambda: book, board=self.board, record=outbox.accept, incidents=self.incidents, spots=SPOTS,
        )  # fmt: skip
        self.device = Device()

    async def reads(self, name: str, reading: Callable[..., Reading], **given: Any) -> None:
        """`given` are the reading's own fields."""
        spot = SPOTS.get(name, Spot(name=name))
        config = SourceConfig(
            name=name, kind=KIND_OF.get(reading, "sensor"), driver="d", settings=Settings(),
            places=dict(spot.places), place=spot.place, means=spot.means, purpose=Purpose.MEALS,
        )  # fmt: skip
        at = self.clock.now()
        made = reading(at_ns=at.utc_ns, monotonic_ns=at.monotonic_ns, **given)
        await self.rules.on_reading(Station(config, self.clock), self.device, made)
        await self.alarms.drained()
        await self.incidents.drained()

    async def taps(self, card: str, reader: str = "canteen-1") -> Light:
        await self.reads(reader, Tap, card=card, form=CardForm.EM4100)
        return self.device.lights[-1]

    def open_ones(self) -> list[tuple[Kind, str, State]]:
        return [(one.kind, one.place, one.state) for one in self.incidents.open_now()]

    async def alarm_types(self) -> list[str]:
        found = await events(self.outbox, Lane.ALARM)
        return [one["type"].removeprefix("kz.mektep.").removesuffix(".v1") for one in found]

    async def _keep(self, _picture: Shows, _camera: str, _severity: Severity) -> Ids:
        return Ids(snapshot="11111111-0000-4000-8000-000000000000")

    async def _ahead(self, _alarm: Draft) -> bool:
        return False


@contextlib.asynccontextmanager
async def school_in(folder: Path) -> AsyncIterator[School]:
    clock = FastClock()
    async with opened(folder / "outbox.db", clock=clock) as outbox:
        yield School(outbox, clock)


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with school_in(tmp_path) as made:
        yield made


def fire(school: School) -> Any:
    return school.reads("panel", ZoneChange, zone=3, state=ZoneState.FIRE, before=None, codes=(37,), words="fire")


def notice(school: School, kind: str) -> Any:
    return school.reads(
        "eyes", Noticed, camera="cam-1", detector=kind, kind=kind, zone="", score=0.9, lasted_s=1.0, box=None,
        detail="", jpeg=b"j", blurred=b"",
    )  # fmt: skip


async def test_a_camera_and_a_panel_of_one_place_are_one_fire(school: School) -> None:
    await notice(school, "smoke")
    await fire(school)
    assert school.open_ones() == [(Kind.FIRE, "sports hall", State.TOLD)]
    assert await school.alarm_types() == [
        *("camera.noticed", "incident.opened", "incident.evidence", "incident.told"),
        *("fire.zone", "incident.joined", "incident.told"),
    ]


async def test_what_is_no_sign_opens_nothing(school: School) -> None:
    await school.reads("panel", ZoneChange, zone=3, state=ZoneState.FAULT, before=None, codes=(1,), words="fault")
    await notice(school, "flame")
    assert school.open_ones() == []
    assert await school.alarm_types() == ["fire.zone", "camera.noticed"]


async def test_a_button_reports_what_it_means_and_another_answers(school: School) -> None:
    await school.reads("button", Pressed)
    assert school.open_ones() == [(Kind.FIGHT, "yard", State.TOLD)]
    await school.reads("here", Pressed)
    assert school.open_ones() == [(Kind.FIGHT, "yard", State.ACKNOWLEDGED)]
    assert (await school.alarm_types()).count("report.pressed") == 2


async def test_a_door_at_night_and_a_covered_camera(school: School) -> None:
    await school.reads("door", ContactChange, contact="", state=ContactState.ACTIVE, before=None)
    await school.reads("cam-1", PictureChange, state=PictureState.COVERED, before=None, jpeg=b"j")
    assert school.open_ones() == [
        (Kind.INTRUSION, "porter", State.TOLD),
        (Kind.TAMPER, "sports hall", State.TOLD),
    ]


async def test_a_staff_card_answers_and_is_no_gesture_while_it_is_held(school: School) -> None:
    await fire(school)
    assert await school.taps(STAFF_CARD) is Light.ACCEPTED
    assert school.open_ones() == [(Kind.FIRE, "sports hall", State.ACKNOWLEDGED)]
    school.clock.advance(1.0)
    assert await school.taps(STAFF_CARD) is Light.ACCEPTED  # it still lies there
    school.clock.advance(2.0)
    assert await school.taps(STAFF_CARD) is Light.READY, "the canteen's gesture begins"


async def test_a_child_eats_while_it_burns_elsewhere(school: School) -> None:
    await fire(school)
    assert await school.taps(CHILD_CARD) is Light.REFUSED  # no data of meals: refused as ever
    assert school.open_ones() == [(Kind.FIRE, "sports hall", State.TOLD)]


async def test_while_nothing_waits_the_incidents_are_not_asked(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school.incidents, "answering", None)
    assert await school.taps(STAFF_CARD) is Light.READY


async def test_two_cards_at_two_readers_at_one_moment(school: School) -> None:
    await fire(school)
    await asyncio.gather(school.taps(STAFF_CARD), school.taps(STAFF_CARD, "canteen-2"))
    assert school.device.lights in ([Light.ACCEPTED, Light.READY], [Light.READY, Light.ACCEPTED])
    assert (await school.alarm_types()).count("incident.answered") == 1
