"""Live views on a real outbox, with a camera of the test that notes what is asked of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from agent.config import SourceConfig
from agent.datasets import Live, MediaServer
from agent.live.open_cameras import OpenCameras
from agent.live.views import Asked, LiveViews
from agent.model import Lane
from agent.outbox.outbox import Outbox, open_outbox
from agent.sources import Station
from drivers.driver import Counters, LiveProgress, LiveTarget
from drivers.errors import DeviceError
from drivers.readings import Still
from tests.agent.sync.box import SMALL
from tests.clock import FastClock

SESSION = "7f3a0000-0000-4000-8000-00000000000"  # and a digit
RULES = Live(servers=[MediaServer(host="media.example", port=322, ca="PEM")], sessions=2, seconds=900)


class Settings(msgspec.Struct, frozen=True):
    """Of a camera whose video comes encoded."""

    masks: tuple[tuple[tuple[float, float], ...], ...] = ()
    ring_s: float = 10.0


class Ribbon(msgspec.Struct, frozen=True):
    """Of one that has no packets."""


class Camera:
    """Of the shapes of drivers.driver.Source and agent.live.open_cameras.Filmed."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.filmed = self
        self.on_live: Callable[[LiveProgress], None] = lambda _: None
        self.shown: dict[str, LiveTarget] = {}
        self.ended: list[str] = []
        self.answers_at_once = True
        self.still_: Still | DeviceError = Still(jpeg=b"\xff\xd8", blurred=b"\xff\xd8b", at_ns=5, monotonic_ns=6)

    def show_live(self, session: str, target: LiveTarget) -> None:
        self.shown[session] = target
        if self.answers_at_once:
            self.tell(session, "started")

    def end_live(self, session: str) -> None:
        self.ended.append(session)
        if self.answers_at_once:
            self.tell(session, "ended", "stopped", bytes_sent=5_000)

    def tell(self, session: str, state: str, reason: str = "", bytes_sent: int = 0) -> None:
        self.on_live(LiveProgress(session=session, state=state, reason=reason, bytes_sent=bytes_sent))

    async def still(self) -> Still:
        if isinstance(self.still_, DeviceError):
            raise self.still_
        return self.still_


def config(name: str, masks: Any = ()) -> SourceConfig:
    return SourceConfig(name=name, kind="camera", driver="rtsp", settings=Settings(masks=masks), places={})


class Box:
    """Cameras gate and yard, which are open; hall, which has a mask; desk, which is on the ribbon connector."""

    def __init__(self, outbox: Outbox, clock: FastClock, ca: str = "CITY") -> None:
        self.outbox, self.clock = outbox, clock
        self.rules: Live | None = RULES
        self.forbidden: list[str] = []
        self.opened = OpenCameras()
        self.configs = [config("gate"), config("yard"), config("hall", (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),))]
        self.configs.append(msgspec.structs.replace(config("desk"), driver="csi", settings=Ribbon()))
        self.cameras = {one.name: Camera() for one in self.configs}
        self.views = LiveViews(
            outbox, clock, self.configs, self.opened, lambda: self.rules, lambda: ca, self.forbidden.append
        )
        self._open: dict[str, AbstractContextManager[None]] = {}
        for one in self.configs:
            self.open(one.name)

    def open(self, name: str) -> None:
        """The camera works."""
        station = Station(next(one for one in self.configs if one.name == name), self.clock)
        self._open[name] = self.opened.while_open(station, self.cameras[name])  # type: ignore[arg-type]
        self._open[name].__enter__()

    def close(self, name: str) -> None:
        self._open.pop(name).__exit__(None, None, None)

    async def begin(self) -> None:
        """As run() does."""
        await self.views._end_of_earlier_life()
        self.views._begun.set()

    async def start(self, number: int = 1, camera: str = "gate", **changes: Any) -> None:
        asked = Asked(
            session=f"{SESSION}{number}", camera=camera, host="media.example", port=322, path="live/secret",
            seconds=600, by="operator olga",
        )  # fmt: skip
        await self.views.start(msgspec.structs.replace(asked, **changes))

    async def records(self, kind: str = "live.view") -> list[dict[str, Any]]:
        """The data of each event of a kind, in order."""
        lane = {"camera.list": Lane.TELEMETRY}.get(kind, Lane.RECORD)
        batch = await self.outbox.read(self.outbox.epoch, lane, 0, max_bytes=1 << 20, max_events=1_000)
        events = json.loads(batch.body) if batch else []
        return [one["data"] for one in events if one["type"] == f"kz.mektep.{kind}.v1"]

    async def told(self) -> list[tuple[str, str, str]]:
        """Session's digit, state, reason."""
        await self.views.look()
        return [(one["session"][-1], one["state"], one.get("reason", "")) for one in await self.records()]


@asynccontextmanager
async def box(folder: Path, **more: Any) -> AsyncIterator[Box]:
    clock = FastClock()
    async with open_outbox(folder / "box.db", school="school-07", clock=clock, settings=SMALL) as outbox:
        made = Box(outbox, clock, **more)
        await made.begin()
        yield made
