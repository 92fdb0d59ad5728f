"""A school day: children tap, it burns and smokes now and then, and one fault after the other comes and goes.

The script is school_day.toml; the same seed gives the same children at each reader, in the same order and haste.
"""

from __future__ import annotations

import asyncio
import random
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import msgspec

from simulator.day_school import card_of, comes
from simulator.devices import TakesCards
from simulator.emergencies import Emergencies
from simulator.ending import ends_within
from simulator.fault import Fault
from simulator.faults import FAULTS
from simulator.fire_panel import FIRE, NORMAL
from simulator.more_devices import MoreDevices
from simulator.reckoning import until_stored
from simulator.school import School
from simulator.smoke_detector import SMOKE
from simulator.smoke_sensor import NORMAL as CLEAN
from simulator.smoke_sensor import SMOKE as SMOKY
from simulator.stage import Stage
from simulator.timetable import Now, Phase, Timetable, fitted
from simulator.truth import BUTTON, CONTACT, PICTURE, REPORT, Fire, Odd, Shown, Truth

SCRIPT = Path(__file__).with_name("school_day.toml")
SETTLE_S = 60.0
SEEN_S = 30.0
PRESS_HEARD_S = 2.0
PRESSES_MOST = 30
RUNNING = "school day"
NIGHT = "night"
LOOK_S = 0.5


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """school_day.toml."""

    seed: int
    speed: float
    most_taps_a_minute: float
    light_patience_s: float
    fire_every_s: float
    fire_lasts_s: float
    fire_zones: list[int]
    smoke_every_s: float
    smoke_lasts_s: float
    door_every_s: float
    cover_every_s: float
    press_every_s: float
    act_every_s: float
    between_faults_s: float
    phase: list[Phase]

    def timetable(self, seconds: float | None) -> Timetable:
        """The hours at the script's speed, or so that they fill the seconds. Raises ValueError."""
        speed = fitted(self.phase, seconds) if seconds else self.speed
        return Timetable(self.phase, speed, self.most_taps_a_minute)


def load_script(path: Path = SCRIPT) -> Script:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Script)


def children(seed: int, reader: int) -> Iterator[tuple[bytes, float]]:
    """Whom a reader meets: a card that no other child has, and their haste, 1 on average."""
    chance = random.Random(f"{seed}/{reader}")
    for number in range(1, 1 << 18):
        yield card_of(reader, number), chance.uniform(0.4, 1.6)


class Day:
    """One run. `log` holds the last happenings, for the screen."""

    def __init__(self, school: School, script: Script, faults: list[Fault], seconds: float | None) -> None:
        self.school = school
        self.truth = Truth()
        self.fault: Fault | None = None
        self.fault_since_s = 0.0
        self.done: list[tuple[str, str]] = []  # fault, what became of it
        self.log: list[str] = []
        self.stage = "starting"
        self.began_s = time.monotonic()
        self._script = script
        self._timetable = script.timetable(seconds)
        self._faults = faults
        self._seconds = self._timetable.seconds
        self._ending = asyncio.Event()
        self._queues = {reader.name: asyncio.Lock() for reader in school.devices.readers()}
        self.emergencies = Emergencies(school, self.truth, self.note, self._ending, self._queues)
        self.eyes = Stage(
            school, script.act_every_s, self.note, lambda: self.fault.name if self.fault else "", self._ending
        )

    def now(self) -> Now:
        """By the clock on the school's wall."""
        return self._timetable.at(self._elapsed_s())

    async def run(self) -> None:
        """The day, then the waiting until everything owed is stored."""
        self.stage = RUNNING
        self.began_s = time.monotonic()
        async with asyncio.TaskGroup() as all_day:
            watching = all_day.create_task(self.eyes.watch())
            await self._pass()
            self.stage = "waiting until all is stored"
            await until_stored(self.school, SETTLE_S)
            watching.cancel()

    async def _pass(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number, reader in enumerate(self.school.devices.readers(), 1):
                tasks.create_task(self._tap(reader, number))
            tasks.create_task(self._burn())
            if (more := self.school.devices.more) is not None:
                for happening in (self._smoke, self._open_door, self._cover, self._press):
                    tasks.create_task(happening(more))
            tasks.create_task(self.emergencies.run(self.school.media))
            tasks.create_task(self._until_night())
            for camera in self.school.devices.footage:
                tasks.create_task(self.eyes.play(camera))
            tasks.create_task(self._watch_agent())
            tasks.create_task(self._break_things())

    def note(self, text: str) -> None:
        self.log.append(f"{self._elapsed_s():6.1f} s  {self.now().time}  {text}")
        del self.log[:-200]

    def _elapsed_s(self) -> float:
        return time.monotonic() - self.began_s

    async def _tap(self, reader: TakesCards, number: int) -> None:
        use = self.school.devices.uses.get(reader.name, "")
        for nth, (whole, haste) in enumerate(children(self._script.seed, number), 1):
            card = whole[-reader.card_bytes :]
            if self._ending.is_set():
                return
            if reader.takes_cards():
                async with self._queues[reader.name]:
                    light = await reader.show(card, self._script.light_patience_s)
                pupil, expected = comes(reader.name, nth, use)
                told = reader.number(card)
                self.truth.shown.append(Shown(reader.name, told, light, pupil=pupil, expected=expected))
            await ends_within(self._ending, haste * self._timetable.pause_s(self._elapsed_s()))

    async def _burn(self) -> None:
        """Zones burn in turn; each fire lasts until the panel is reset."""
        for zone in cycle(self._script.fire_zones):
            if await ends_within(self._ending, self._script.fire_every_s):
                return
            with self._fire("fire-panel", zone):
                self.school.panel.set(zone, FIRE)
                self.note(f"fire in zone {zone}")
                await self._until_told("fire-panel", zone, "fire")
                await asyncio.sleep(self._script.fire_lasts_s)
                self.school.panel.set(zone, NORMAL)
            self.note(f"zone {zone} is reset")
            await self._until_told("fire-panel", zone, "normal")

    async def _smoke(self, more: MoreDevices) -> None:
        """In the duct, until it has cleared away; and in the attic, whose sensor is only a hint."""
        detector = more.detector
        while not await ends_within(self._ending, self._script.smoke_every_s):
            with self._fire(detector.name, 1):
                detector.inputs |= SMOKE
                self.note("fire: smoke in the duct")
                await self._until_told(detector.name, 1, "fire")
                await asyncio.sleep(self._script.smoke_lasts_s)
                detector.inputs &= ~SMOKE
            self.note("the duct is clear")
            await self._until_told(detector.name, 1, "normal")
            with self._fire("attic", 1):
                more.board.set(1, SMOKY)
                self.note("fire: smoke in the attic")
                await self._until_told("attic", 1, "fire")
                more.board.set(1, CLEAN)
            await self._until_told("attic", 1, "normal")

    async def _open_door(self, more: MoreDevices) -> None:
        """The door opens, and a contact of the loop closes, until it is told."""
        while not await ends_within(self._ending, self._script.door_every_s):
            more.door.move(closed=False)
            await self._odd(Odd(CONTACT, "door", "active"), "the door is open")
            more.door.move(closed=True)
            await self._usual("door", "idle")
            more.converter.set(contacts=1)
            await self._odd(Odd(CONTACT, "loop", "active"), "a contact of the loop is closed")
            more.converter.set()
            await self._usual("loop", "idle")

    async def _cover(self, more: MoreDevices) -> None:
        """Somebody holds a hand before the camera until it is told."""
        while not await ends_within(self._ending, self._script.cover_every_s):
            more.camera.cover()
            await self._odd(Odd(PICTURE, "gate", "covered"), "a hand before the camera")
            more.camera.clear()
            await self._usual("gate", "clear")

    async def _press(self, more: MoreDevices) -> None:
        """A person presses the report button, again and again until they are heard."""
        while not await ends_within(self._ending, self._script.press_every_s):
            heard = await self._reports()
            self.truth.reports += 1
            self.note("somebody presses the report button")
            for _ in range(PRESSES_MOST):
                self.truth.presses += 1
                await more.button.press()
                if await self._reports(more_than=heard) > heard:
                    break

    async def _reports(self, *, more_than: int = -1) -> int:
        """How many reports the box holds; waits a moment for more. -1 while its database does not answer."""
        found = [-1]

        def looked() -> bool:
            found.append(self.school.count(REPORT, source=BUTTON))
            return found[-1] > more_than

        await self.school.until(looked, PRESS_HEARD_S)
        return found[-1]

    async def _odd(self, odd: Odd, words: str) -> None:
        """It is so, until the box has told it."""
        self.truth.odd.append(odd)
        self.note(words)
        await self._told_as(odd.type, odd.source, odd.state)

    async def _usual(self, source: str, state: str) -> None:
        await self._told_as(PICTURE if state == "clear" else CONTACT, source, state)

    async def _told_as(self, type_: str, source: str, state: str) -> None:
        who = {"camera" if type_ == PICTURE else "source": source}
        if not await self.school.until(lambda: self.school.newest(type_, **who).get("state") == state, SEEN_S):
            self.note(f"{source}: {state} was not told for {SEEN_S:.0f} s")

    @contextmanager
    def _fire(self, sensor: str, zone: int) -> Iterator[None]:
        fire = Fire(zone, time.time(), sensor)
        self.truth.fires.append(fire)
        yield
        fire.to_s = time.time()

    async def _watch_agent(self) -> None:
        """As systemd: an agent that ended is started again. That it ended by itself is a defect, and is told."""
        while not self._ending.is_set():
            await asyncio.sleep(0.5)
            killed = self.fault is not None and self.fault.name == "agent killed"
            if not killed and not self.school.agent.running():
                self.truth.defects.append("the agent ended by itself")
                await self.school.agent.start()

    async def _until_told(self, sensor: str, zone: int, state: str) -> None:
        if not await self.school.until_told(zone, state, sensor, patience_s=SEEN_S):
            self.note(f"{sensor} zone {zone}: {state} was not told for {SEEN_S:.0f} s")

    async def _until_night(self) -> None:
        """The last phase of the day, or its end."""
        while self.now().phase.name != NIGHT and not await ends_within(self._ending, LOOK_S):
            pass
        self.emergencies.at_night.set()

    async def _break_things(self) -> None:
        scale = self._scale()
        await asyncio.sleep(min(3.0, self._seconds / 10))
        for fault in self._faults:
            reason = fault.needs(self.school)
            if reason:
                self.done.append((fault.name, f"left out: {reason}"))
                continue
            self.fault, self.fault_since_s = fault, time.monotonic()
            self.note(f"FAULT {fault.name}")
            await fault.begin(self.school)
            await asyncio.sleep(max(0.5, fault.seconds * scale))
            await fault.end(self.school)
            self.note(f"healed: {fault.name}")
            self.done.append((fault.name, "healed"))
            self.fault = None
            await asyncio.sleep(self._script.between_faults_s * min(1.0, scale))
        left_s = self._seconds - self._elapsed_s()
        await asyncio.sleep(max(0.0, left_s))
        self._ending.set()

    def _scale(self) -> float:
        """So that all faults fit into the day."""
        needed_s = sum(fault.seconds + self._script.between_faults_s for fault in self._faults)
        return max(0.2, min(3.0, (self._seconds - 6.0) / needed_s)) if needed_s else 1.0


def chosen(names: str) -> list[Fault]:
    """all, none, or names joined by commas. Raises ValueError."""
    if names in ("all", "none"):
        return FAULTS if names == "all" else []
    known = {fault.name: fault for fault in FAULTS}
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"no fault {unknown[0]!r}; known: {', '.join(known)}")
    return [known[name] for name in wanted]
