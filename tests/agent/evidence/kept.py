"""A box that keeps pictures: an outbox and the evidence beside it, and what lies on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.evidence.store import Evidence
from agent.model import Severity
from agent.outbox.outbox import Outbox
from tests.agent.evidence.pictures import change, jpeg
from tests.agent.outbox.box import records, rows
from tests.clock import FastClock


class Box:
    """An outbox and the evidence beside it."""

    def __init__(self, folder: Path, outbox: Outbox, evidence: Evidence, clock: FastClock) -> None:
        self.folder, self.outbox, self.evidence, self.clock = folder, outbox, evidence, clock

    async def keep(
        self, size: int = 20_000, seed: int = 1, severity: Severity = Severity.ERROR, camera: str = "gate"
    ) -> str:
        """A picture, until it is kept or told as lost."""
        ids = await self.evidence.keep(change(jpeg(size, seed)), camera, severity)
        await self.evidence.drained()
        return ids.snapshot

    def files(self) -> dict[str, bytes]:
        return {path.stem: path.read_bytes() for path in (self.folder / "evidence").glob("*")}

    def table(self) -> list[tuple[Any, ...]]:
        return rows(self.folder / "o.db", "select id, state from evidence order by number")

    async def sealed(self) -> list[dict[str, Any]]:
        return await records(self.outbox, "evidence.sealed")

    async def lost(self) -> list[tuple[str, str]]:
        return [(one["evidence"], one["reason"]) for one in await records(self.outbox, "evidence.lost")]
