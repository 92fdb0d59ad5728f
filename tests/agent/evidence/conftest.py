"""The box that keeps pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agent.evidence.kept import Box
from tests.agent.evidence.pictures import evidence_of, somebody
from tests.agent.outbox.box import opened as outbox_opened
from tests.clock import FastClock


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    clock = FastClock()
    async with outbox_opened(tmp_path / "o.db", clock=clock) as outbox:
        evidence = evidence_of(outbox, tmp_path, clock, somebody, quota_mb=1)
        await evidence.begin()
        yield Box(tmp_path, outbox, evidence, clock)
