"""Somebody walks through the picture: at night an intrusion with its still and whom to tell, by day nothing.

The picture, the motion gate, the detector with its vote, the schedule, the rules, and a real database; the pose network
alone is made: it finds what is dark.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.config import SourceConfig
from agent.datasets import Bell, Calendar, Shift
from agent.incidents.kinds import Kind
from agent.incidents.life import State
from agent.model import Lane
from agent.outbox.outbox import Outbox
from agent.pipelines.detectors import PLANS
from agent.pipelines.eye import Eye
from agent.pipelines.networks import Networks
from agent.pipelines.watch import Detects, Watch, Zone
from agent.sources import Station
from drivers.frame_slot import FrameSlot
from drivers.readings import Noticed
from tests.agent.outbox.box import events, opened
from tests.agent.paths.device import Settings
from tests.agent.paths.test_rules_incidents import School
from tests.agent.pipelines.watched import HEIGHT, WIDTH, Filled, walker
from tests.clock import START_NS, FastClock

HOUR_NS = 3_600_000_000_000
DAY, NIGHT = START_NS, START_NS + 12 * HOUR_NS  # 08:00 and 20:00 of a Monday
BELLS = [Bell(lesson=1, starts="08:00", ends="08:45"), Bell(lesson=2, starts="08:55", ends="09:40")]
CALENDAR = Calendar(
    utc_offset_min=0, first="2026-09-01", last="2027-05-25", weekdays=[1, 2, 3, 4, 5],
    shifts=[Shift(shift=1, bells=BELLS)],
)  # fmt: skip
ROOM = np.full((HEIGHT, WIDTH), 120, np.uint8)
RIGHT_HALF = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]


class FindsWhatIsDark(Networks):
    """One row of the pose network for all that is dark."""

    @cached_property
    def pose(self) -> Any:
        return self

    def poses(self, frame: Any) -> NDArray[np.float32]:
        shown = frame if isinstance(frame, np.ndarray) else frame.bgr
        rows, columns = np.nonzero(shown[..., 0] < 60)
        if not len(rows):
            return np.zeros((0, 56), np.float32)
        row = np.zeros((1, 56), np.float32)
        row[0, 51:] = rows.min() / HEIGHT, columns.min() / WIDTH, rows.max() / HEIGHT, columns.max() / WIDTH, 0.6
        return row


class Corridor:
    """A camera, its eye, and the school's rules."""

    def __init__(self, folder: Path, outbox: Outbox, clock: FastClock, watch: Watch, calendar: Calendar | None) -> None:
        self.clock = clock
        self.school = School(outbox, clock, {"cam-1": watch}, calendar)
        self.filled = Filled(folder, "cam-1", watch)
        slot = FrameSlot.open(self.filled.camera.slot)
        self.eye = Eye(self.filled.camera, slot, PLANS, FindsWhatIsDark(), clock)

    async def shows(self, *pictures: NDArray[np.uint8]) -> list[Noticed]:
        """Five a second, as a camera gives them while something moves."""
        eyes = SourceConfig(name="eyes", kind="eyes", driver="eyes", settings=Settings(), places={})
        found = []
        for shown in pictures:
            self.clock.advance(0.2)
            now = self.clock.now()
            self.filled.slot.put(
                shown.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2), WIDTH, HEIGHT,
                at_ns=now.utc_ns, monotonic_ns=now.monotonic_ns, moving=True,
            )  # fmt: skip
            picture = self.eye.newest()
            assert picture is not None
            for notice in self.eye.look(picture):
                found.append(notice)
                await self.school.rules.on_reading(Station(eyes, self.clock), self.school.device, notice)
                await self.school.alarms.drained()
                await self.school.incidents.drained()
        return found


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with opened(tmp_path / "outbox.db", clock=FastClock()) as made:
        yield made


def passes(seconds: float = 6.0) -> list[NDArray[np.uint8]]:
    """Somebody walks from the left to the right."""
    count = round(seconds * 5)
    return [ROOM, ROOM, *(walker(round(at / count * 250)) for at in range(count)), ROOM, ROOM]


PRESENCE = Watch(sees=[Detects.PRESENCE])


async def test_somebody_at_night_is_an_intrusion(tmp_path: Path, outbox: Outbox) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(NIGHT), PRESENCE, CALENDAR)
    (notice,) = await corridor.shows(*passes())
    assert (notice.detector, notice.kind, notice.score) == ("presence", "presence", pytest.approx(0.6))
    assert notice.jpeg
    assert notice.blurred
    assert corridor.school.open_ones() == [(Kind.INTRUSION, "sports hall", State.TOLD)]
    found = await events(outbox, Lane.ALARM)
    seen, opened_, *_ = (one for one in found if "camera.noticed" in one["type"] or "incident.opened" in one["type"])
    assert (seen["data"]["suspected"], seen["data"]["camera"]) == ("presence", "cam-1")
    assert opened_["data"]["certainty"] == "suspected"


@pytest.mark.parametrize(
    ("now_ns", "synced", "calendar"),
    [(DAY, True, CALENDAR), (NIGHT, False, CALENDAR), (NIGHT, True, None)],
    ids=["a lesson", "no trusted clock", "no calendar"],
)
async def test_where_somebody_may_be_or_nobody_can_know_nothing_is_told(
    tmp_path: Path, outbox: Outbox, now_ns: int, synced: bool, calendar: Calendar | None
) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(now_ns, synced=synced), PRESENCE, calendar)
    assert len(await corridor.shows(*passes())) == 1, "the eye is not told that it rests: the daemon decides"
    assert corridor.school.open_ones() == []
    assert await events(outbox, Lane.ALARM) == []


async def test_while_it_rests_the_network_does_not_look(tmp_path: Path, outbox: Outbox) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(DAY), PRESENCE, CALENDAR)
    corridor.eye.rest(corridor.school.board.resting(corridor.clock.now(), CALENDAR)["cam-1"])
    assert await corridor.shows(*passes()) == []
    assert corridor.eye.looked().detectors["presence"].runs == 0


async def test_a_coat_that_hangs_still_is_nobody_and_costs_no_look(tmp_path: Path, outbox: Outbox) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(NIGHT), PRESENCE, CALENDAR)
    assert await corridor.shows(*[walker(100)] * 30) == []
    assert corridor.eye.looked().detectors["presence"].runs == 0


async def test_something_that_flashes_past_once_is_nobody(tmp_path: Path, outbox: Outbox) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(NIGHT), PRESENCE, CALENDAR)
    assert await corridor.shows(*[ROOM] * 5, walker(100), *[ROOM] * 30) == []


async def test_who_stays_outside_its_zones_may_be_there(tmp_path: Path, outbox: Outbox) -> None:
    zone = Zone(name="store", outline=RIGHT_HALF, sees=[Detects.PRESENCE])
    watch = Watch(sees=[Detects.PRESENCE], zone=[zone])
    corridor = Corridor(tmp_path, outbox, FastClock(NIGHT), watch, CALENDAR)
    to_and_fro = [walker(10 + 20 * (at % 2)) for at in range(30)]
    assert await corridor.shows(ROOM, *to_and_fro) == []
    (notice,) = await corridor.shows(*[walker(200 + 20 * (at % 2)) for at in range(30)])
    assert notice.zone == "store"


async def test_who_stays_is_told_again_after_five_minutes_as_the_same_intrusion(tmp_path: Path, outbox: Outbox) -> None:
    corridor = Corridor(tmp_path, outbox, FastClock(NIGHT), PRESENCE, CALENDAR)
    assert len(await corridor.shows(*passes())) == 1
    corridor.clock.advance(200.0)
    assert await corridor.shows(*passes()) == []
    corridor.clock.advance(100.0)
    assert len(await corridor.shows(*passes())) == 1
    assert len(corridor.school.open_ones()) == 1
