"""A birth says where the box stands: lanes, what it owes, which reference data it holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.model import Lane
from agent.reference import Reference
from agent.sync.birth import birth
from tests.agent.outbox.box import opened, taps
from tests.clock import FastClock


@pytest.mark.parametrize(("state", "synced"), [("online", True), ("offline", False)])
async def test_it_says_what_is_so(tmp_path: Path, state: str, synced: bool) -> None:
    clock = FastClock(synced=synced)
    reference = Reference(tmp_path / "reference", clock)
    await reference.put("recipients", 7, b'{"snapshot":[]}')
    async with opened(tmp_path / "o.db") as outbox:
        await outbox.accept(taps(2))
        old = outbox.epoch
        epoch = await outbox.open_epoch("rewind")
        outbox.settle(epoch, Lane.RECORD, 1, 1)
        said = json.loads(birth(state, "school-07", "ab" * 16, outbox, reference, clock))
    assert (said["state"], said["school"], said["session"]) == (state, "school-07", "ab" * 16)
    assert said["clock"] == ("synced" if synced else "unsynced")
    assert (said["epoch"], said["owes"]) == (epoch, [old])
    assert said["lanes"]["record"] == {"last": 1, "settled": 1}
    assert said["datasets"] == {"recipients": "7"}
