"""A dying card leaves no incident without an owner: rows are taken over, or made again from the events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.incidents.kinds import Kind
from agent.incidents.life import Input
from agent.incidents.steps import By
from tests.agent.incidents.kept import kept
from tests.agent.outbox.box import rows
from tests.agent.outbox.test_remembered import blank, nothing, of

BY = By(channel="centre")
ROWS = "select id, kind, place, state, step, told, reached, due from incident where state <> 'closed' order by number"


async def live(folder: Path) -> dict[str, Kind]:
    """Incidents of every fate. Returns those that are open."""
    async with kept(folder) as box:
        for kind in (Kind.FIRE, Kind.FIGHT, Kind.OTHER, Kind.TAMPER):
            await box.incidents.saw(box.sign(kind, source=f"source-{kind}"))
        ids = {one.kind: one.incident for one in box.incidents.open_now()}
        await box.incidents.answer(ids[Kind.FIGHT], Input.ACKNOWLEDGE, BY)
        await box.incidents.answer(ids[Kind.OTHER], Input.CONFIRM, BY)
        await box.incidents.answer(ids[Kind.OTHER], Input.CLOSE, BY)
        return {one.incident: one.kind for one in box.incidents.open_now()}


async def test_without_damage_to_its_rows_everything_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    await live(tmp_path)
    before, signs = rows(path, ROWS), rows(path, "select * from incident_sign order by 1, 2, 3")
    await asyncio.to_thread(blank, path, nothing)
    assert rows(path, ROWS) == before
    assert rows(path, "select * from incident_sign order by 1, 2, 3") == signs


@pytest.mark.parametrize("damaged", [of("incident"), of("incident", "incident_sign"), of("incident_sign")])
async def test_whatever_is_lost_every_open_incident_has_somebody_to_answer(
    tmp_path: Path, damaged: Callable[[Any], list[int]]
) -> None:
    before = await live(tmp_path)
    await asyncio.to_thread(blank, tmp_path / "outbox.db", damaged)
    async with kept(tmp_path) as box:
        assert {one.incident: one.kind for one in box.incidents.open_now()} == before
        await box.incidents.look()
        assert all(one.to and one.answer_by for one in box.incidents.open_now())


async def test_what_was_made_again_is_told_to_who_is_on_duty(tmp_path: Path) -> None:
    await live(tmp_path)
    await asyncio.to_thread(blank, tmp_path / "outbox.db", of("incident", "incident_sign"))
    async with kept(tmp_path) as box:
        await box.incidents.look()
        told = await box.told("told")
        assert [(one["kind"], [to["role"] for to in one["to"]]) for one in told[-3:]] == [
            ("fire", ["duty"]),
            ("fight", ["duty"]),
            ("tamper", ["duty"]),
        ]
