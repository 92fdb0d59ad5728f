"""A sender of parts on a real store, and a centre that keeps what it gets; the wire's time is the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agent.evidence.retention import Turn
from agent.evidence.rows import Kept
from agent.evidence.store import Evidence
from agent.model import Severity
from agent.outbox.outbox import Outbox
from agent.sync.flow import Flow
from agent.sync.identity import load_identity
from agent.sync.mqtt import Outgoing
from agent.sync.parts import Parts
from agent.sync.topics import ByteRange, EvidenceReceipt, EvidenceVerdict, Topics
from tests.agent.evidence.pictures import change, evidence_of, jpeg, somebody
from tests.agent.outbox.box import opened
from tests.clock import FastClock

SCHOOL = "school-07"
Place = tuple[str, int, int]  # id, first, last


class Wire:
    """A sender of parts, its store, a centre that keeps what it got, and all that was published."""

    def __init__(self, parts: Parts, evidence: Evidence, outbox: Outbox, folder: Path) -> None:
        self.parts, self.evidence, self.outbox, self.folder = parts, evidence, outbox, folder
        self.flow = Flow()
        self.now_s = 100.0
        self.sent: list[Outgoing] = []
        self.centre: dict[str, dict[int, int]] = {}  # id: byte ranges that it has
        self.parts.connected(self.flow)

    async def keep(self, size: int = 30_000, severity: Severity = Severity.ERROR, seed: int = 1) -> Kept:
        ids = await self.evidence.keep(change(jpeg(size, seed)), f"camera-{seed}", severity)
        await self.evidence.drained()
        kept = self.evidence.shelf.find(ids.snapshot)
        assert kept is not None
        return kept

    async def send(self) -> list[Place]:
        """All that may be sent now."""
        before = len(self.sent)
        while await self._send_one():
            pass
        return [place(one) for one in self.sent[before:]]

    async def _send_one(self) -> bool:
        for turn in Turn:
            if await self.parts.send(turn, self.flow, self.now_s, self.sent.append):
                return True
        return False

    def store(self, *places: Place) -> None:
        for id_, first, last in places:
            self.centre.setdefault(id_, {})[first] = last

    def receipt(self, kept: Kept, verdict: str = "", **changes: Any) -> EvidenceReceipt:
        have = sorted(self.centre.get(kept.id, {}).items())
        whole = {byte for first, last in have for byte in range(first, last + 1)} == set(range(kept.bytes))
        body: dict[str, Any] = {
            "school": SCHOOL, "evidence": kept.id, "sha256": kept.sha256, "bytes": kept.bytes,
            "verdict": EvidenceVerdict(verdict or ("whole" if whole else "partial")),
            "have": [ByteRange(first=first, last=last) for first, last in have], "time": "",
        }  # fmt: skip
        return EvidenceReceipt(**(body | changes))

    def take(self, receipt: EvidenceReceipt, way_s: float = 0.01) -> None:
        self.now_s += way_s
        self.parts.take(receipt, self.flow, self.now_s)

    async def deliver(self, kept: Kept, rounds: int = 200) -> list[Place]:
        """Until the centre has it."""
        found: list[Place] = []
        while self.evidence.shelf.find(kept.id) and (rounds := rounds - 1):
            places = await self.send()
            found += places
            self.store(*places)
            self.take(self.receipt(kept))
        await self.evidence.drained()
        return found


def place(one: Outgoing) -> Place:
    offset = int(one.properties["offset"])
    return one.topic.rpartition("/")[2], offset, offset + len(one.payload) - 1


def covered(places: list[Place]) -> list[int]:
    return sorted(byte for _, first, last in places for byte in range(first, last + 1))


@asynccontextmanager
async def open_wire(folder: Path) -> AsyncIterator[Wire]:
    async with opened(folder / "o.db") as outbox:
        evidence = evidence_of(outbox, folder, FastClock(), somebody)
        await evidence.begin()
        parts = Parts(evidence.shelf, load_identity(folder), Topics(SCHOOL), lambda: 0.0)
        yield Wire(parts, evidence, outbox, folder)
