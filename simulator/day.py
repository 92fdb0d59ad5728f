"""A school day: children tap, it smokes now and then, and one fault after the other comes and goes.

The script is school_day.toml; the same seed gives the same day.
"""

from __future__ import annotations

import asyncio
import random
import time
import tomllib
from pathlib import Path

import msgspec

from simulator.card_reader import CardReader
from simulator.faults import FAULTS, Fault, fits
from simulator.fire_panel import FIRE, NORMAL
from simulator.school import School
from simulator.truth import Fire, Shown, Truth

SCRIPT = Path(__file__).with_name("school_day.toml")
SETTLE_S = 60.0


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """school_day.toml."""

    seed: int
    tap_pause_s: tuple[float, float]
    light_patience_s: float
    fire_every_s: float
    fire_lasts_s: float
    fire_zones: list[int]
    between_faults_s: float


def load_script(path: Path = SCRIPT) -> Script:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Script)


class Day:
    """One run. `log` holds the last happenings, for the screen."""

    def __init__(self, school: School, script: Script, faults: list[Fault], seconds: float) -> None:
        self.school = school
        self.truth = Truth()
        self.fault: Fault | None = None
        self.fault_since_s = 0.0
        self.done: list[tuple[str, str]] = []  # fault, what became of it
        self.log: list[str] = []
        self.phase = "starting"
        self.began_s = time.monotonic()
        self._script = script
        self._faults = faults
        self._seconds = seconds
        self._random = random.Random(script.seed)
        self._ending = asyncio.Event()
        self._card = 0

    async def run(self) -> None:
        """The day, then the waiting until everything owed is stored."""
        self.phase = "school day"
        self.began_s = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for reader in self.school.readers:
                tasks.create_task(self._tap(reader))
            tasks.create_task(self._burn())
            tasks.create_task(self._watch_agent())
            tasks.create_task(self._break_things())
        self.phase = "waiting until all is stored"
        await self._settled()

    def note(self, text: str) -> None:
        self.log.append(f"{time.monotonic() - self.began_s:6.1f} s  {text}")
        del self.log[:-200]

    async def _tap(self, reader: CardReader) -> None:
        while not self._ending.is_set():
            self._card += 1
            card = bytes([0x6F]) + self._card.to_bytes(4, "big")
            if reader.line.plugged:
                light = await reader.show(card, self._script.light_patience_s)
                self.truth.shown.append(Shown(reader.name, card, light))
            await asyncio.sleep(self._random.uniform(*self._script.tap_pause_s))

    async def _burn(self) -> None:
        """Zones burn in turn; each fire lasts until the panel is reset."""
        for turn in range(1_000):
            try:
                async with asyncio.timeout(self._script.fire_every_s):
                    await self._ending.wait()
                    return
            except TimeoutError:
                zone = self._script.fire_zones[turn % len(self._script.fire_zones)]
            fire = Fire(zone, time.time())
            self.truth.fires.append(fire)
            self.school.panel.set(zone, FIRE)
            self.note(f"fire in zone {zone}")
            await self._until_told(zone, "fire")
            await asyncio.sleep(self._script.fire_lasts_s)
            self.school.panel.set(zone, NORMAL)
            fire.to_s = time.time()
            self.note(f"zone {zone} is reset")

    async def _watch_agent(self) -> None:
        """As systemd: an agent that ended is started again. That it ended by itself is a defect, and is told."""
        while not self._ending.is_set():
            await asyncio.sleep(0.5)
            killed = self.fault is not None and self.fault.name == "agent killed"
            if not killed and not self.school.agent.running():
                self.truth.defects.append("the agent ended by itself")
                await self.school.agent.start()

    async def _until_told(self, zone: int, state: str) -> None:
        """A real fire does not end because nobody listens: it burns at least until the agent had time to see it."""
        deadline = time.monotonic() + 15.0
        before = self.school.status().get("sources", {}).get("fire-panel", {}).get("readings", 0)
        while time.monotonic() < deadline:
            now = self.school.status().get("sources", {}).get("fire-panel", {})
            if now.get("state") == "working" and now.get("readings", 0) > before:
                return
            await asyncio.sleep(0.1)
        self.note(f"zone {zone}: {state} was not seen for 15 s")

    async def _break_things(self) -> None:
        scale = self._scale()
        await asyncio.sleep(min(3.0, self._seconds / 10))
        for fault in self._faults:
            reason = fits(fault, self.school)
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
        left_s = self._seconds - (time.monotonic() - self.began_s)
        await asyncio.sleep(max(0.0, left_s))
        self._ending.set()

    def _scale(self) -> float:
        """So that all faults fit into the day."""
        needed_s = sum(fault.seconds + self._script.between_faults_s for fault in self._faults)
        return max(0.2, min(3.0, (self._seconds - 6.0) / needed_s)) if needed_s else 1.0

    async def _settled(self) -> None:
        """Until pictures in a row owe nothing. Gives up after a while: the reconciliation says why."""
        deadline = time.monotonic() + SETTLE_S
        calm: set[str] = set()
        while time.monotonic() < deadline and len(calm) < 3:
            status = self.school.status()
            lanes = status.get("lanes", {}).values()
            owes = any(lane["last"] != lane["settled"] for lane in lanes) or status.get("owes")
            calm = set() if owes or not lanes or status.get("alarms_waiting") else calm | {status["at"]}
            await asyncio.sleep(0.2)


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
