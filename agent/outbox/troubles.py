"""What is wrong with the database or its disk right now, in words a technician can act on. Codes D-12x."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from agent.model import Lane
from agent.outbox import lanes, locks
from agent.outbox.checkpointer import TOO_LONG_BYTES, Checkpointer
from agent.outbox.settings import MB, OutboxSettings
from agent.outbox.upkeep import Upkeep
from agent.outbox.writer import Writer

STUCK_S = 1.0  # shorter waits are nobody's business


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One row: code, fact, instruction, since when."""

    code: str
    what: str
    do: str
    since_ns: int


class Troubles:
    """Looks at the outbox's parts; changes none."""

    def __init__(
        self, path: Path, settings: OutboxSettings, upkeep: Upkeep, checkpointer: Checkpointer, writer: Writer
    ) -> None:
        self._path = path
        self._settings = settings
        self._upkeep = upkeep
        self._checkpointer = checkpointer
        self._writer = writer
        self._since: dict[str, int] = {}

    def now(self, utc_ns: int) -> list[Trouble]:
        """The troubles of this moment; `since_ns` is when each was first seen."""
        found = [fact for fact in (self._stuck(), self._low(), self._log()) if fact] + self._crowded()
        self._since = {code: self._since.get(code, utc_ns) for code, _, _ in found}
        return [Trouble(code=code, what=what, do=do, since_ns=self._since[code]) for code, what, do in found]

    def _stuck(self) -> tuple[str, str, str] | None:
        stuck = self._writer.stuck
        if stuck is None or time.monotonic() - stuck.since_s < STUCK_S:
            return None
        if stuck.reason == "full":
            what = "the disk is full: nothing can be recorded, readers show wait"
            return "D-121", what, "Free space on the disk of the state directory; the agent goes on by itself."
        holders = ", ".join(locks.write_lock_holders(self._path)) or "unknown"
        what = f"another process holds the database locked: {holders}"
        return "D-122", what, "End that process or close its transaction; the agent goes on by itself."

    def _low(self) -> tuple[str, str, str] | None:
        free_mb = self._upkeep.free_bytes / MB
        if self._upkeep.starved:
            what = f"the disk was full; the space set aside is in use ({free_mb:.0f} MB free)"
            return "D-125", what, "Free space on the disk of the state directory."
        if free_mb >= self._settings.reserve_mb:
            return None
        what = f"only {free_mb:.0f} MB are free: telemetry is dropped and recorded"
        return "D-123", what, "Free space on the disk of the state directory."

    def _log(self) -> tuple[str, str, str] | None:
        size = self._checkpointer.log_bytes()
        if size <= TOO_LONG_BYTES:
            return None
        readers = ", ".join(locks.open_elsewhere(self._path)) or "none seen"
        what = f"the database's log has grown to {size / MB:.0f} MB; it is open in: {readers}"
        return "D-124", what, "Close the programs named: an old view of theirs keeps the log from starting over."

    def _crowded(self) -> list[tuple[str, str, str]]:
        """Lanes that never drop and are over their quota."""
        rules = lanes.rules(self._settings, disk_low=False)
        over = [
            lane for lane in Lane if not rules[lane].sheds and self._upkeep.lane_bytes(lane) > rules[lane].quota_bytes
        ]
        do = "See why the centre does not take events; nothing is dropped while the disk has space."
        return [
            (
                f"D-{126 + lane}",
                f"lane {lane.word} holds {self._upkeep.lane_bytes(lane) / MB:.0f} MB, over its quota",
                do,
            )
            for lane in over
        ]
