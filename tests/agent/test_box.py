"""The parts of a box are joined: what runs for ever has a name, and what is wrong in any part reaches the status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import config
from agent.box import Box
from agent.cells.slots import slots_of
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.ops.systemd import Notifier
from agent.reference import Reference
from agent.school.card_key import load_card_key
from agent.secrets import SecretStore
from agent.sync.identity import load_identity
from agent.sync.order_list import ORDERS
from tests.agent.cli.command import READER, write_config
from tests.agent.outbox.box import opened, until


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    found = config.load(write_config(tmp_path, more=READER.format(name="canteen-1", port="/dev/canteen")))
    state = Path(found.state.directory)
    for folder in (state, Path(found.state.runtime)):
        folder.mkdir()
    keys = (load_identity(state), load_card_key(found.state.card_key))
    clock = SystemClock()
    async with slots_of({}) as slots, opened(tmp_path / "outbox.db") as outbox:
        reference = Reference(found.state.reference, clock)
        yield Box(found, clock, outbox, slots, reference, keys, {}, Notifier(""))


async def test_what_runs_has_a_name_of_its_own(box: Box, tmp_path: Path) -> None:
    work = box.work(SecretStore(tmp_path / "secrets", None))
    for one in work.values():
        one.close()
    assert {"canteen-1", "writer", "link", "incidents", "alerts", "watch"} <= set(work)


async def test_it_takes_the_orders_of_the_closed_list_and_no_others(box: Box) -> None:
    assert set(box._link._desk._orders._handlers) == set(ORDERS)


async def test_the_trouble_of_every_part_reaches_the_status(box: Box) -> None:
    before = {one.code for one in box._pictures.take().troubles}
    box._defects.failed("meals", ZeroDivisionError("a defect"))
    box._incidents._failed(ZeroDivisionError("a defect"))
    box._ledger._defects.failed("hour", ZeroDivisionError("a defect"))
    found = {one.code for one in box._pictures.take().troubles} - before
    assert {"M-103", "M-104", "A-122"} <= found


async def test_a_part_that_fails_by_itself_is_told_and_started_again(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.box.AGAIN_S", 0.01)
    lives: list[str] = []

    async def fails_once() -> None:
        lives.append("life")
        if len(lives) == 1:
            raise ZeroDivisionError("a defect")
        await asyncio.Event().wait()

    monkeypatch.setattr(box._scores, "run", fails_once)
    work = box.work(SecretStore(tmp_path / "secrets", None))
    running = asyncio.create_task(work.pop("scores"))
    for one in work.values():
        one.close()
    await until(lambda: len(lives) == 2)
    assert "U-127" in {one.code for one in box._pictures.take().troubles}
    running.cancel()


async def test_what_ended_the_writer_is_told_and_not_what_could_not_be_written_after_it(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ended() -> None:
        raise AgentError("D-102", "the outbox's writer has ended", do="Nothing.")

    monkeypatch.setattr(box._history, "finish", ended)
    await box.drained()


async def test_a_box_that_was_never_started_ends_in_order(box: Box) -> None:
    await box.drained()
