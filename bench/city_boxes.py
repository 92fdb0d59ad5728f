"""The boxes of a city: each a real `mektep run` with its own certificate, database and card reader; some with a panel.

Each is a process of its own, started by bench/city_agents.py; what it says of its link is noted with the moment. The
readers are ptys that nobody shows a card to. Every tenth box has a fire panel over TCP, whose zones begin to burn and
end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

from agent.sync.identity import load_identity
from bench.city_day import fill
from bench.city_stored import Told
from bench.proc import cpu_s, proportional_bytes
from centre import commands
from simulator.box_config import box_config
from simulator.card_reader import CardReader
from simulator.city import City
from simulator.devices import PANEL, SERIAL_READER
from simulator.fire_panel import FIRE, NORMAL, FirePanel
from simulator.processes import free_port
from simulator.school import LANES

ZONES = 4
PANEL_EVERY = 10
FIRE_S, CALM_S = 2.0, 4.0
AT_ONCE = 8  # that are filled or start at one time
STARTED_S = 120.0
KEPT_LINES = 50
LINK = b"INFO agent.link: link "
PANEL_OVER_TCP = """host = "127.0.0.1"
tcp_port = {port}
poll_ms = 500"""


class Agents:
    """The process that starts them: bench/city_agents.py."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self, config: Path, words: Path) -> int:
        """One more; its process. Raises RuntimeError."""
        async with self._turn:
            if self._process is None:
                pipe = asyncio.subprocess.PIPE
                command = [sys.executable, "-m", "bench.city_agents"]
                self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
            stdin, stdout = self._process.stdin, self._process.stdout
            if stdin is None or stdout is None:
                raise RuntimeError("no pipes")
            stdin.write(f"{config} {words}\n".encode())
            return int(await stdout.readline())

    async def stop(self) -> None:
        """The agents stay."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()


class Box:
    """One school's."""

    def __init__(self, folder: Path, school: str, *, panel: bool) -> None:
        self.school = school
        self.folder = folder
        self.reader = CardReader("canteen-1", folder / "canteen-1", "em4100")
        self.panel = FirePanel(folder, "fire-panel", zones=ZONES) if panel else None
        self.panel_port = free_port() if panel else 0
        self.link: list[tuple[float, str]] = []  # when (monotonic), and what it became
        self.words: list[bytes] = []  # the last that it said
        self.ready = asyncio.Event()
        self.pid = 0
        self._pipe: asyncio.ReadTransport | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def online(self) -> bool:
        return bool(self.link) and self.link[-1][1] in ("online", "probing")

    @property
    def database(self) -> Path:
        return self.folder / "state/outbox.db"

    def make(self, city: City) -> None:
        """Keys, certificate and configuration: as `mektep-centre school add` does, in this process."""
        for made in (self.folder / "state", self.folder / "run"):
            made.mkdir(parents=True)
        text = box_config(self.school, self.folder, city.port, city.orders_key())
        text += SERIAL_READER.format(name=self.reader.name, port=self.reader.line.link, format=self.reader.kind)
        if self.panel:
            text += PANEL.format(where=PANEL_OVER_TCP.format(port=self.panel_port))
        (self.folder / "agent.toml").write_text(text)
        asked = argparse.Namespace(
            config=city.folder / "centre.toml", school=self.school, certificate_dir=self.folder,
            key=load_identity(self.folder / "state").public_base64,
        )  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()):
            commands.school_add(asked)

    async def start(self, agents: Agents) -> None:
        """Devices, then the agent, until it says that it works. Raises TimeoutError with its last words."""
        self.reader.line.plug()
        if self.panel:
            await self.panel.start(tcp_port=self.panel_port)
        words = self.folder / "words"
        os.mkfifo(words)
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        pipe = os.fdopen(os.open(words, os.O_RDONLY | os.O_NONBLOCK), "rb")
        self._pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        self._listening = asyncio.create_task(self._listen(reader))
        self.pid = await agents.start(self.folder / "agent.toml", words)
        try:
            async with asyncio.timeout(STARTED_S):
                await self.ready.wait()
        except TimeoutError as error:
            raise TimeoutError(f"{self.school} does not start: {b''.join(self.words).decode()}") from error

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(LINK):
                self.link.append((time.monotonic(), line.removeprefix(LINK).strip().decode()))
            elif line.startswith(b"INFO agent: school"):
                self.ready.set()
            self.words = [*self.words[-KEPT_LINES:], line]

    async def stop(self) -> None:
        """Devices too. Waits for what the agent writes at its end."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        if self._listening:
            await self._listening  # nobody has its end of the pipe any more
        if self._pipe:
            self._pipe.close()
        if self.panel:
            await self.panel.stop()
        self.reader.line.unplug()

    async def burn(self) -> None:
        """One zone after the other begins to burn and ends, until cancelled; each at most every 24 s: no flapping."""
        if self.panel is None:
            return
        for turn in range(1_000_000):
            self.panel.set(turn % ZONES + 1, FIRE)
            await asyncio.sleep(FIRE_S)
            self.panel.set(turn % ZONES + 1, NORMAL)
            await asyncio.sleep(CALM_S)

    def numbered(self) -> dict[tuple[str, str, str], int]:
        """How far each lane is numbered on the box's disk: by school, epoch and lane."""
        sql = "select e.uuid, m.lane, max(m.last) from message m join epoch e on e.id = m.epoch group by 1, 2"
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as db:
            return {(self.school, epoch, LANES[lane]): last for epoch, lane, last in db.execute(sql)}

    def texts(self) -> list[Told]:
        """Every event that it holds."""
        sql = "select epoch, lane, sequence, json from event"
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as db:
            return [Told(LANES[lane], sequence, epoch, text) for epoch, lane, sequence, text in db.execute(sql)]


class Boxes:
    """All of a city."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir()
        self._agents = Agents()
        each = PANEL_EVERY if count > PANEL_EVERY else 2
        self.all = [
            Box(folder / f"school-{n:03d}", f"school-{n:03d}", panel=n % each == 1) for n in range(1, count + 1)
        ]

    async def make(self, city: City, day: float) -> None:
        """Each owes a share of a usual day from the beginning."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def filled(box: Box) -> None:
            async with turn:
                await fill(box.database, box.school, day)

        async with asyncio.TaskGroup() as tasks:
            for box in self.all:
                box.make(city)
                tasks.create_task(filled(box))
                await asyncio.sleep(0)

    async def start(self) -> None:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(box: Box) -> None:
            async with turn:
                await box.start(self._agents)

        await asyncio.gather(*(one(box) for box in self.all))

    async def stop(self) -> None:
        await asyncio.gather(*(box.stop() for box in self.all))
        await self._agents.stop()

    async def online(self, patience_s: float) -> float:
        """Waits until every box is; the moment when the last one was. Raises TimeoutError with who is not."""
        deadline_s = time.monotonic() + patience_s
        while away := [box for box in self.all if not box.online]:
            if time.monotonic() > deadline_s:
                said = b"".join(away[0].words[-5:]).decode()
                raise TimeoutError(f"{len(away)} boxes are not online, {away[0].school} says: {said}")
            await asyncio.sleep(0.05)
        return max(next(at for at, state in reversed(box.link) if state == "online") for box in self.all)

    def tries(self, since_s: float) -> list[float]:
        """When boxes began to connect, seconds after that moment."""
        return sorted(at - since_s for box in self.all for at, state in box.link if state == "connecting"
                      and at >= since_s)  # fmt: skip

    def memory_mb(self) -> float:
        """What all of them together take, nothing counted twice; 0 if it may not be read."""
        try:
            return sum(proportional_bytes(pid) for pid in self.pids()) / 1e6
        except PermissionError:
            return 0.0

    def cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self.pids())

    def pids(self) -> list[int]:
        return [box.pid for box in self.all if box.pid]

    def numbered(self) -> dict[tuple[str, str, str], int]:
        return {key: last for box in self.all for key, last in box.numbered().items()}


def load() -> float:
    """Of the machine: processes that want to run, over the last minute."""
    return os.getloadavg()[0]
