"""What `mektep top` shows, gathered each second: the agent's picture of itself, the latest taps, the machine.

Beside the agent: it reads the status file, /proc and the database, asks the agent nothing, and holds nothing (D-124).
So it works while the agent is down, and costs it nothing while it is up.
Not     drawing: agent/cli/top_parts.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from agent.cells.usage import Usage
from agent.cli import status as status_command
from agent.cli.event_line import Told, decoded, told
from agent.config import Config
from agent.errors import AgentError
from agent.model import Lane
from agent.ops.housekeeping import THERMAL
from agent.ops.status import Status
from agent.outbox.stored import Kept, Stored
from agent.texts import Texts

TAPS = 50
LOOKED_AT = 500  # of the record lane's latest, for taps among them
TRAIL = 60  # looks that a sparkline remembers
TAP_KINDS = ("kz.mektep.card.", "kz.mektep.meal.", "kz.mektep.club.", "kz.mektep.attendance.passed.")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The box and its processes."""

    temperature_c: float | None
    agent_cpu_percent: float  # of one core
    agent_memory_mb: float
    cells: int
    cells_cpu_percent: float
    cells_memory_mb: float


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One look."""

    status: Status
    code: int  # exit code that belongs to it
    taps: list[Told]  # the latest last
    taps_trouble: str  # why there are none; empty: they could be read
    machine: Machine
    rates: Mapping[str, float]  # lane -> events accepted a second since the look before
    trails: Mapping[str, list[float]]  # taps, owed, cpu -> one number a look


class Looker:
    """Of one box. close() it."""

    def __init__(self, found: Config, say: Texts, thermal: Path = THERMAL) -> None:
        self._found, self._say, self._thermal = found, say, thermal
        self._stored = Stored(found.state.database)
        self._marks: dict[tuple[str, Lane], int] | None = None
        self._taps: deque[Told] = deque(maxlen=TAPS)
        self._usage: tuple[int, Usage] | None = None
        self._trails = {name: deque([0.0], maxlen=TRAIL) for name in ("taps", "owed", "cpu")}
        self._before: Status | None = None
        self._new = 0

    def close(self) -> None:
        self._stored.close()

    def look(self, now_s: float) -> Seen:
        """Now. Raises AgentError X-002 if this user may not look at the status."""
        status, code = status_command.look(self._found)
        trouble = self._look_at_taps()
        rates = self._rates(status)
        self._before = status
        machine = self._machine(status, now_s)
        owed = sum(lane.last - lane.settled for lane in status.lanes.values())
        for name, value in (("taps", float(self._new)), ("owed", float(owed)), ("cpu", machine.agent_cpu_percent)):
            self._trails[name].append(value)
        return Seen(
            status=status, code=code, taps=list(self._taps), taps_trouble=trouble, machine=machine, rates=rates,
            trails={name: list(trail) for name, trail in self._trails.items()},
        )  # fmt: skip

    def _look_at_taps(self) -> str:
        """Take in what came. Returns why it could not be read."""
        self._new = 0
        try:
            if self._marks is None:
                self._marks = self._stored.marks()
                self._take(self._stored.latest(LOOKED_AT, [Lane.RECORD]))
            if self._stored.changed():
                self._new = self._take(self._stored.newer(self._marks, [Lane.RECORD]))
        except AgentError as error:
            say = self._say
            return f"{error.code}  {say.fact(error.code, error.what)}. {say.instruction(error.code, error.do)}"
        return ""

    def _take(self, events: list[Kept]) -> int:
        taps = [event for event in events if (whole := decoded(event)) and str(whole["type"]).startswith(TAP_KINDS)]
        self._taps.extend(told(event, self._say) for event in taps[-TAPS:])
        return len(taps)

    def _rates(self, status: Status) -> dict[str, float]:
        before = self._before
        if before is None or before.epoch != status.epoch or not before.at or not status.at:
            return {}
        passed_s = (datetime.fromisoformat(status.at) - datetime.fromisoformat(before.at)).total_seconds()
        if passed_s <= 0:
            return {}
        known = before.lanes
        return {name: (lane.last - known[name].last) / passed_s for name, lane in status.lanes.items() if name in known}

    def _machine(self, status: Status, now_s: float) -> Machine:
        alive = status.state != "dead" and status.pid
        if not alive:
            self._usage = None
        elif self._usage is None or self._usage[0] != status.pid:
            self._usage = status.pid, Usage(status.pid)
        usage = self._usage[1] if self._usage else None
        if usage:
            usage.look(now_s)
        cells = (
            {one.cell.pid: one.cell for one in status.sources.values() if one.cell and one.cell.pid} if alive else {}
        )
        return Machine(
            temperature_c=self._temperature(),
            agent_cpu_percent=usage.cpu_percent if usage else 0.0,
            agent_memory_mb=usage.memory_mb if usage else 0.0,
            cells=len(cells),
            cells_cpu_percent=sum(cell.cpu_percent for cell in cells.values()),
            cells_memory_mb=sum(cell.memory_mb for cell in cells.values()),
        )

    def _temperature(self) -> float | None:
        try:
            return int(self._thermal.read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            return None
