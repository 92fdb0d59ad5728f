"""Incidents on a real outbox: its database, its writer's thread, and what is on the disk in the end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agent.book import Book
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import Kind
from agent.incidents.signs import Family, Seen, Spot
from agent.model import Lane, Moment, Severity
from agent.outbox.outbox import Outbox
from tests.agent.incidents.house import book_of
from tests.agent.outbox.box import events, opened
from tests.agent.school.doorway import MONDAY, utc_ns
from tests.clock import FastClock

SPOTS = {
    "cam-1": Spot(name="cam-1", place="Hall"),
    "cam-2": Spot(name="cam-2", place="hall"),
    "cam-3": Spot(name="cam-3", place="yard"),
}


class Kept:
    """The incidents, their outbox and their clock; `clips` are those that were asked for."""

    def __init__(self, outbox: Outbox, clock: FastClock) -> None:
        self.outbox = outbox
        self.clock = clock
        self.book: Book = book_of()
        self.clips: list[tuple[str, float, float, Severity]] = []
        self.changes = 0
        self.incidents = Incidents(
            outbox.transact, lambda: self.book, clock,
            spots=SPOTS, cameras=list(SPOTS), keep_clip=self._clip,
        )  # fmt: skip
        self.incidents.add_listener(self._changed)

    def sign(
        self, kind: Kind = Kind.OTHER, *, source: str = "button", what: str = "pressed", camera: str = "",
        certain: bool = True, place: str = "hall",
    ) -> Seen:  # fmt: skip
        family = Family.CAMERA if camera else Family.SENSOR
        at = self.clock.now()
        return Seen(
            kind=kind, place=place, source=camera or source, what=what, family=family, certain=certain, at=at,
            camera=camera,
        )  # fmt: skip

    async def told(self, kind: str = "") -> list[dict[str, Any]]:
        """The data of the incident events on the disk, each with its short type."""
        found = await events(self.outbox, Lane.ALARM)
        data = [one["data"] | {"type": one["type"].removeprefix("kz.mektep.").removesuffix(".v1")} for one in found]
        return [one for one in data if not kind or one["type"] == f"incident.{kind}"]

    def _changed(self) -> None:
        self.changes += 1

    async def _clip(self, camera: str, *, before_s: float, after_s: float, severity: Severity, at: Moment) -> str:
        assert at.utc_ns <= self.clock.utc_ns()
        self.clips.append((camera, before_s, after_s, severity))
        return f"{len(self.clips):08x}-0000-4000-8000-000000000000"


@contextlib.asynccontextmanager
async def kept(folder: Path, clock: FastClock | None = None) -> AsyncIterator[Kept]:
    clock = clock or FastClock(utc_ns(f"{MONDAY} 10:00"))
    async with opened(folder / "outbox.db", clock=clock) as outbox:
        made = Kept(outbox, clock)
        await made.incidents.begin()
        yield made
        await made.incidents.drained()
