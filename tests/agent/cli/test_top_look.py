"""What a look brings: taps once each, rates, the machine; without an agent, and where the database may not be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.ops.status import CellView, LaneView
from tests.agent.cli.looks import box, living, looker, source
from tests.agent.outbox.box import fire, holding, opened, tap, taps


async def test_taps_are_told_once_the_latest_last(tmp_path: Path) -> None:
    found = box(tmp_path)
    async with opened(found.state.database) as outbox:
        await outbox.accept([*taps(2), fire()])
        living(found)
        looking = looker(found)
        assert [one.device for one in looking.look(1.0).taps] == ["canteen-1"] * 2
        await outbox.accept([tap(5, "gate"), fire()])
        seen = looking.look(2.0)
        assert [one.device for one in seen.taps] == ["canteen-1", "canteen-1", "gate"]
        assert seen.trails["taps"] == [0.0, 0.0, 1.0]
        await outbox.accept(taps(120))
        assert len(looking.look(3.0).taps) == 50
        looking.close()


async def test_rates_machine_and_cells(tmp_path: Path) -> None:
    found = box(tmp_path)
    cell = CellView(pid=7, memory_mb=40, cpu_percent=1.5, falls=0)
    sources = {"a": source(cell=cell), "b": source(cell=cell)}
    living(found, sources=sources)
    looking = looker(found)
    assert looking.look(1.0).rates == {}
    lanes = {"record": LaneView(last=13, settled=4, bytes=0)}
    living(found, sources=sources, lanes=lanes, at="2026-11-23T08:00:03.000000Z")
    seen = looking.look(3.0)
    assert seen.rates == {"record": 2.0}
    assert seen.machine.temperature_c == 71.5
    assert (seen.machine.cells, seen.machine.cells_memory_mb, seen.machine.cells_cpu_percent) == (1, 40, 1.5)
    assert seen.machine.agent_memory_mb > 10
    assert seen.trails["owed"] == [0.0, 15.0, 9.0]
    looking.close()


async def test_without_an_agent_its_last_picture_stays(tmp_path: Path) -> None:
    found = box(tmp_path)
    async with opened(found.state.database) as outbox:
        await outbox.accept(taps(1))
    living(found, pid_start=1)
    looking = looker(found)
    seen = looking.look(1.0)
    assert (seen.code, seen.status.state, len(seen.taps)) == (3, "dead", 1)
    assert seen.machine.agent_memory_mb == 0.0
    looking.close()


async def test_a_database_that_is_held_costs_the_taps_alone(tmp_path: Path) -> None:
    found = box(tmp_path)
    living(found)
    looking = looker(found, "ru")
    assert looking.look(1.0).taps_trouble.startswith("X-201")
    async with opened(found.state.database) as outbox:
        await outbox.accept(taps(1))
    with holding(found.state.database, "pragma locking_mode=exclusive", "begin exclusive"):
        assert "D-122" in looking.look(2.0).taps_trouble
    assert looking.look(3.0).taps_trouble == ""
    looking.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_not_read_it_is_told_so(tmp_path: Path) -> None:
    found = box(tmp_path)
    living(found)
    (tmp_path / "state").chmod(0o700)
    tmp_path.chmod(0o755)
    looking = looker(found)
    os.seteuid(65_534)
    try:
        trouble = looking._look_at_taps()
    finally:
        os.seteuid(0)
    assert trouble.startswith("X-202")
