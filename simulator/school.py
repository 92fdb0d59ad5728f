"""A whole school in one folder: broker, receivers, agent and devices on private ports, TLS with client certificates.

Everything is made by the products' own commands, as an operator and a technician would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.box_config import box_config
from simulator.city import City
from simulator.desk import Desk
from simulator.devices import NO_USES, Devices
from simulator.link_proxy import LinkProxy
from simulator.media_server import MediaServer, certificate
from simulator.more_devices import STAND_IN
from simulator.processes import Process, free_port, output
from simulator.programme import Part
from simulator.truth import ZONE

SCHOOL = "school-07"
LANES = ("alarm", "record", "telemetry")  # by the numbers of the box's database
SMALL_DISK_MB = 24
KEEPALIVE_S = 5  # a line that hangs is noticed soon


class School:
    """make() it, start() it, stop() it. Paths: folder/box for the agent, folder/centre for the centre.

    direct     the box talks to the broker itself, not over the line that faults can cut
    keep_days  of delivered events, as in the box's configuration
    every_kind with one device of each kind: simulator/devices.py
    own_clock  the agent's wall clock can be set (by libfaketime)
    uses       what a reader is for: simulator/devices.py
    kernel_clock  what the kernel says of its clock is the simulator's: trust_clock()
    far        the city leaves the processor to the box: simulator/city.py
    more       devices, as further lines of the configuration
    footage    what cameras play: simulator/programme.py
    live       the city has a media server, to which cameras may be shown
    desk       the city has a desk, for which the caller opens the day: simulator/desk.py
    wrapper    command before the agent's own, such as strace
    """

    def __init__(
        self,
        folder: Path,
        *,
        postgres: bool = False,
        compress: bool = False,
        small_disk: bool = False,
        direct: bool = False,
        keep_days: int = 7,
        own_clock: bool = False,
        every_kind: bool = False,
        uses: Mapping[str, str] = NO_USES,
        kernel_clock: bool = False,
        far: bool = False,
        wrapper: list[str] | None = None,
        more: str = "",
        footage: Sequence[Part] = (),
        live: bool = False,
        desk: bool = False,
    ) -> None:
        self.folder = folder
        self.box = folder / "box"
        self.compress = compress
        self.small_disk = small_disk
        self.keep_days = keep_days
        self.city = City(folder, postgres=postgres, far=far)
        self.devices = Devices(self.box, every_kind=every_kind, uses=uses, footage=footage)
        self.readers = self.devices.serial_readers
        self.panel = self.devices.panel
        self.more = more
        self.media = MediaServer("media", free_port(), folder, folder / "media.pem") if live else None
        self.desk = Desk(self.city) if desk and not Desk.missing() else None
        self.line_port = self.city.port if direct else free_port()
        self.line = LinkProxy(self.line_port, self.city.port)
        self.clock_file = folder / "clock" if own_clock and _faketime() else None
        self._kernel_clock = folder / "kernel-clock" if kernel_clock else None
        self.agent = Process(
            "agent",
            [*(wrapper or []), sys.executable, "-m", "agent", "run", str(self.box / "agent.toml")],
            folder,
            env=self._clock_env() | self._stand_ins(),
            ready="INFO agent: school",
        )

    # --- life -----------------------------------------------------------------------------------------------------

    async def make(self) -> None:
        """Folders, the centre, the box's configuration and registration; nothing runs yet."""
        for made in (self.box / "state", self.box / "run"):
            made.mkdir(parents=True, exist_ok=True)
        self.set_clock("+0")
        if self.small_disk:
            self._mount_small_disk()
        await self.city.make()
        if self.media:
            _, crt = await certificate(self.folder)
            self.city.show_live_at("localhost", self.media.port, crt)
        self._write_config()
        key = await self.public_key()
        for name, value in (self.devices.more.secrets() if self.devices.more else {}).items():
            await self._store_secret(name, value)
        self.city.add_school(SCHOOL, key, self.box)
        with (self.box / "agent.toml").open("a") as config:  # what only the wrapped agent knows
            config.write(self.more)

    async def start(self) -> None:
        """Everything, the agent last."""
        await self.city.start()
        if self.devices.more and not self.city.police_key.exists():
            await self.city.name_recipient(SCHOOL)
        if self.line_port != self.city.port:
            await self.line.start()
        await self.devices.start()
        if self.media:
            await self.media.start()
        await self.agent.start()

    def set_clock(self, offset: str) -> None:
        """Set the agent's wall clock off by so much; only its own, nobody else's."""
        if self.clock_file:
            self.clock_file.write_text(offset)

    def trust_clock(self, *, trusted: bool = True) -> None:
        """As if a time daemon kept the agent's clock, or none did."""
        if self._kernel_clock is None:
            return
        if trusted:
            self._kernel_clock.touch()
        else:
            self._kernel_clock.unlink(missing_ok=True)

    async def stop(self) -> None:
        await self.agent.stop()
        if self.desk:
            await self.desk.stop()
        await self.city.stop()
        await self.line.stop()
        if self.media:
            await self.media.stop()
        await self.devices.stop()

    def clean(self) -> None:
        """Remove the folder, after stop()."""
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _store_secret(self, name: str, value: str) -> None:
        """As a technician does; without a value the box makes a key itself. Raises RuntimeError."""
        words = ["secret", *([] if value else ["--new"]), name, str(self.box / "agent.toml")]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        await process.communicate(f"{value}\n".encode())
        if process.returncode:
            raise RuntimeError(f"mektep secret {name} ended with {process.returncode}")

    # --- what can be seen from outside --------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The agent's live picture; empty if there is none."""
        try:
            found: dict[str, Any] = json.loads((self.box / "run/status.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    async def centre_status(self) -> dict[str, Any]:
        """The centre's report on the school; empty while its database does not answer."""
        return await self.city.status(SCHOOL)

    async def centre_events(self) -> list[str]:
        """Every stored event, verbatim."""
        return await self.city.events(SCHOOL)

    def kept_events(self) -> dict[tuple[str, int, int], str]:
        """What the box still holds, by epoch, lane and sequence."""
        with sqlite3.connect(f"file:{self.box}/state/outbox.db?mode=ro", uri=True) as db:
            rows = db.execute("select epoch, lane, sequence, json from event").fetchall()
        return {(epoch, lane, sequence): text for epoch, lane, sequence, text in rows}

    def numbered(self) -> dict[str, int]:
        """How far the box has numbered each lane of its newest epoch."""
        sql = """select m.lane, max(m.last) from message m
                 where m.epoch = (select max(id) from epoch) group by m.lane"""
        with contextlib.closing(sqlite3.connect(f"file:{self.box}/state/outbox.db?mode=ro", uri=True)) as db:
            return {LANES[lane]: last for lane, last in db.execute(sql)}

    def newest(self, type_: str, **where: str | int) -> dict[str, Any]:
        """The data of the newest event of a type that the box holds, where its data say so; empty if there is none."""
        found: dict[str, Any] = json.loads(self._first(type_, where, "json_extract(json, '$.data')") or "{}")
        return found

    def count(self, type_: str, **where: str | int) -> int:
        """How many events of a type the box holds."""
        return int(self._first(type_, where, "count(*)") or 0)

    def told(self, type_: str) -> list[str]:
        """The events of a type that the box still holds."""
        sql = "select json from event where type = ?"
        with contextlib.closing(sqlite3.connect(f"file:{self.box}/state/outbox.db?mode=ro", uri=True)) as db:
            return [text for (text,) in db.execute(sql, (type_,))]

    def _first(self, type_: str, where: dict[str, str | int], what: str) -> Any:
        matches = "".join(f" and json_extract(json, '$.data.{key}') = ?" for key in where)
        order = "order by (select id from epoch where uuid = event.epoch) desc, sequence desc limit 1"
        with contextlib.closing(sqlite3.connect(f"file:{self.box}/state/outbox.db?mode=ro", uri=True)) as db:
            sql = f"select {what} from event where type = ?{matches} {order}"  # noqa: S608 - our own words
            found = db.execute(sql, (type_, *where.values())).fetchone()
        return found[0] if found else None

    async def until_told(self, zone: int, state: str, sensor: str = "fire-panel", *, patience_s: float = 30.0) -> bool:
        """Until the box holds an alarm with this state of a zone: a real fire does not end because nobody listens."""
        return await self.until(lambda: self.newest(ZONE, zone=zone, sensor=sensor).get("state") == state, patience_s)

    async def until(self, true: Callable[[], bool], patience_s: float = 30.0) -> bool:
        """Until something can be seen in the box's database. False if it does not come in time."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with contextlib.suppress(sqlite3.Error):  # its disk is full, or it has just been killed
                if true():
                    return True
            await asyncio.sleep(0.05)
        return False

    @property
    def config(self) -> str:
        """For the box's commands."""
        return str(self.box / "agent.toml")

    async def public_key(self) -> str:
        """The box's own, as a technician reads it out."""
        _, text = await output([sys.executable, "-m", "agent", "identity", str(self.box / "agent.toml")])
        return text.split()[0]

    async def audit(self) -> dict[str, Any]:
        """What an auditor finds, who has the centre's files and the box's key. Raises RuntimeError."""
        folder = self.folder / "export"
        await self.city.export(SCHOOL, folder)
        words = ["audit", str(folder), "--key", await self.public_key(), "--json"]
        code, text = await output([sys.executable, "-m", "agent", *words])
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise RuntimeError(f"mektep audit ended with {code} and says {text!r}") from error
        return found

    def card_key(self) -> bytes:
        """So that what the centre stores can be compared with the cards shown: the centre's, or the box's own."""
        return self.city.card_key(SCHOOL) or (self.box / "state/card.key").read_bytes()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _write_config(self) -> None:
        text = box_config(
            SCHOOL,
            self.box,
            self.line_port,
            self.city.orders_key(),
            compress=self.compress,
            keepalive_s=KEEPALIVE_S,
            ballast_mb=1,
            keep_days=self.keep_days,
        )
        text += self.devices.config() + "\n"
        (self.box / "agent.toml").write_text(text)

    def _clock_env(self) -> dict[str, str]:
        if self.clock_file is None:
            return {}
        return {
            "LD_PRELOAD": _faketime(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # with it a thread's short waits take a tenth of a second
            "FAKETIME_CACHE_DURATION": "1",
        }

    def _stand_ins(self) -> dict[str, str]:
        """What stands for the hardware and for the kernel: simulator/stand_in."""
        found = self.devices.more.environment() if self.devices.more else {}
        if self._kernel_clock is not None:
            found |= {"KERNEL_CLOCK": str(self._kernel_clock), "PYTHONPATH": str(STAND_IN)}
        return found

    def _mount_small_disk(self) -> None:
        """So that it can be filled: only root can; without it that fault is left out."""
        if os.geteuid() == 0:
            size = f"size={SMALL_DISK_MB}m,mode=700"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.box / "state")], check=False)

    def _unmount(self) -> None:
        if os.path.ismount(self.box / "state"):
            subprocess.run(["umount", "--lazy", str(self.box / "state")], check=False)


def _faketime() -> str:
    """The library of Debian's package faketime, or nothing."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else ""
