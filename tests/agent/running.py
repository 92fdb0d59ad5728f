"""The daemon as a whole, with devices of the test: what it is given, and what it shows."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent import daemon
from agent.config import Config, SourceConfig, StatePlaces
from agent.ops import status
from agent.ops.status import Status
from agent.ops.systemd import Notifier
from agent.sync.settings import LinkSettings
from drivers import catalog
from drivers.driver import Clock, Counters, Finding, Secrets, Source, Verdict
from drivers.readings import CardForm, Light, Reading, Tap, ZoneChange, ZoneState
from tests.agent.sync.box import SMALL, until

ORDERS_KEY = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="


class Settings(msgspec.Struct, frozen=True):
    port: str = ""


class Device:
    """A driver whose readings come from the test; `fault` is raised at the next connection or reading."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.readings: asyncio.Queue[Reading | Exception] = asyncio.Queue()
        self.lights: list[Light] = []
        self.connections = 0
        self.fault: Exception | None = None

    def probe(self, _settings: msgspec.Struct) -> Finding:
        return Finding(verdict=Verdict.OK, code="", what="")

    @contextlib.asynccontextmanager
    async def connect(
        self, _settings: msgspec.Struct, _clock: Clock, _secrets: Secrets
    ) -> AsyncIterator[Source[Reading]]:
        self.connections += 1
        if self.fault:
            raise self.fault
        yield self

    def __aiter__(self) -> AsyncIterator[Reading]:
        return self

    async def __anext__(self) -> Reading:
        reading = await self.readings.get()
        if isinstance(reading, Exception):
            raise reading
        return reading

    async def show(self, light: Light) -> None:
        self.lights.append(light)

    def tap(self, number: int = 1) -> None:
        self.readings.put_nowait(Tap(card=f"{number:010X}", form=CardForm.EM4100, at_ns=1, monotonic_ns=1))

    def zone(self, state: ZoneState) -> None:
        change = ZoneChange(zone=1, state=state, before=None, codes=(37,), words="", at_ns=1, monotonic_ns=1)
        self.readings.put_nowait(change)


class Listening(Notifier):
    def __init__(self) -> None:
        super().__init__("")
        self.heard: list[str] = []

    def _send(self, text: str) -> None:
        self.heard.append(text.split("\n")[0])


class Running:
    """A daemon with devices `good` and `bad`, a panel, and a lamp beside `good`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.devices = {name: Device() for name in ("good", "bad", "panel", "lamp")}
        monkeypatch.setattr(catalog, "load", lambda driver: self.devices[driver])
        self.systemd = Listening()
        sources = tuple(
            SourceConfig(
                name=name,
                kind={"panel": "sensor", "lamp": "signal"}.get(name, "reader"),
                driver=name,
                settings=Settings(),
                places={1: "gym"} if name == "panel" else {},
                signal="lamp" if name == "good" else "",
            )
            for name in self.devices
        )
        self.config = Config(
            file="box.toml",
            school="school-07",
            state=StatePlaces(directory=str(folder / "state"), runtime=str(folder / "run")),
            centre=LinkSettings(broker="mqtt://127.0.0.1:1", orders_key=ORDERS_KEY),
            outbox=SMALL,
            sources=sources,
        )
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.task = asyncio.create_task(daemon.run(self.config, self.systemd, {}))
        await until(lambda: self.task.done() or "READY=1" in self.systemd.heard)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    def picture(self) -> Status | None:
        return status.read(self.folder / "run" / "status.json")

    def state_of(self, name: str) -> str:
        found = self.picture()
        return f"{found.sources[name].state} {found.sources[name].code}".strip() if found else ""

    def recorded(self, type_: str) -> list[str]:
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/state/outbox.db?mode=ro", uri=True)) as db:
            return [text for (text,) in db.execute("select json from event where type = ?", (type_,))]
