"""What the daemon does by the clock: picture and watchdog each second, health each minute, a record of a set clock;
freed memory goes back to the system each ten minutes.

The watchdog is fed while the writer answers, also when it waits for a lock or a full disk: restarting would not
help those.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from agent.clock import Clock
from agent.clock_watch import ClockWatch
from agent.events import ClockCorrected, Health, LaneHealth, Refused, draft
from agent.model import Draft
from agent.ops import status
from agent.ops.picture import Pictures
from agent.ops.systemd import Notifier
from agent.outbox.outbox import Outbox
from agent.paths.alarm import AlarmPath
from drivers.freed_memory import give_back

log = logging.getLogger("agent.housekeeping")

PICTURE_S = 1.0
HEALTH_S = 60.0
GIVE_BACK_S = 600.0
THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")


class Housekeeping:
    """Four endless tasks; the daemon's TaskGroup owns them."""

    def __init__(
        self,
        clock: Clock,
        outbox: Outbox,
        alarms: AlarmPath,
        pictures: Pictures,
        notifier: Notifier,
        thermal: Path = THERMAL,
    ) -> None:
        self._clock = clock
        self._outbox = outbox
        self._alarms = alarms
        self._pictures = pictures
        self._notifier = notifier
        self._thermal = thermal
        self._started_ns = clock.monotonic_ns()
        self._told_refusals: dict[str, int] = {}

    async def keep_picture(self, path: Path) -> None:
        """Write the picture and feed the watchdog, each second. Waits for nothing else. Runs for ever."""
        while True:
            picture = self._pictures.take()
            self._write(path, picture)
            if self._outbox.writer_answers():
                self._notifier.alive(_line(picture))
            await self._clock.sleep(PICTURE_S)

    async def keep_watch(self) -> None:
        """Notice a set clock, and tell what chattering sources gathered. Runs for ever."""
        watch = ClockWatch(self._clock.utc_ns(), self._clock.monotonic_ns())
        while True:
            await self._clock.sleep(PICTURE_S)
            await self._alarms.tell_gathered()
            if off_by_ns := watch.look(self._clock.utc_ns(), self._clock.monotonic_ns()):
                log.warning("the clock was set by %.3f s", off_by_ns / 1e9)
                corrected = ClockCorrected(off_by_ns=off_by_ns, by="system")
                await self._outbox.accept([draft(corrected, self._clock.now())])

    async def report_health(self) -> None:
        """One telemetry event a minute, and a record of what was refused. Runs for ever."""
        while True:
            await self._clock.sleep(HEALTH_S)
            picture = self._pictures.take()
            await self._outbox.accept([self._health(picture), *self._refusals(picture)])

    async def keep_memory(self) -> None:
        """What was freed is given back: in a thread, since it takes milliseconds. Runs for ever."""
        while True:
            await self._clock.sleep(GIVE_BACK_S)
            await asyncio.to_thread(give_back)

    def _write(self, path: Path, picture: status.Status) -> None:
        try:
            status.write(path, picture)
        except OSError as error:  # a full or vanished tmpfs must not stop a school's box
            log.warning("the picture cannot be written to %s: %s", path, error)

    def _health(self, picture: status.Status) -> Draft:
        sources = {name: source.code or source.state for name, source in picture.sources.items()}
        lanes = {
            name: LaneHealth(last=lane.last, settled=lane.settled, bytes=lane.bytes)
            for name, lane in picture.lanes.items()
        }
        health = Health(
            uptime_s=(self._clock.monotonic_ns() - self._started_ns) // 1_000_000_000,
            lanes=lanes,
            disk_free_bytes=picture.disk.free_bytes,
            wal_bytes=picture.disk.wal_bytes,
            commit_p99_ms=picture.disk.commit_p99_ms,
            sources=sources,
            temperature_c=self._temperature_c(),
            camera_clocks_s={name: off for name, off in _clocks(picture).items() if off is not None},
        )
        return draft(health, self._clock.now())

    def _refusals(self, picture: status.Status) -> list[Draft]:
        """What was refused since the last report, by reason."""
        now, told = picture.link.refused, self._told_refusals
        fresh = {reason: count - told.get(reason, 0) for reason, count in now.items() if count > told.get(reason, 0)}
        self._told_refusals = dict(now)
        return [draft(Refused(reason=reason, count=count), self._clock.now()) for reason, count in fresh.items()]

    def _temperature_c(self) -> float | None:
        try:
            return int(self._thermal.read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            return None  # not a Pi


def _clocks(picture: status.Status) -> dict[str, float | None]:
    return {name: source.video.clock_off_s for name, source in picture.sources.items() if source.video}


def _line(picture: status.Status) -> str:
    """The one line of `systemctl status`."""
    working = sum(source.state == "working" for source in picture.sources.values())
    owed = sum(lane.last - lane.settled for lane in picture.lanes.values())
    return f"{working} of {len(picture.sources)} devices work, {owed} events owed, centre {picture.link.state}"
