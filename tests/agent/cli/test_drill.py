"""mektep drill: each step when it has come, and those that did not come."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent import config
from agent.cli import drill
from agent.cli.main import main
from agent.incidents.life import Input
from agent.incidents.steps import By
from agent.model import Lane
from agent.ops.asks import asks_of
from agent.ops.control import Control
from tests.agent.cli.command import READER, write_config
from tests.agent.incidents.house import MAIN
from tests.agent.incidents.kept import Kept, kept
from tests.agent.outbox.box import until

PANEL = """
[[sensor]]
name = "fire-panel"
driver = "modbus_panel"
port = "/dev/panel"
unit = 2
profile = "bolid-s2000-pp"
zones = { 2 = "hall" }
"""


@pytest.fixture
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    monkeypatch.setattr(drill, "LOOK_S", 0.01)
    reader = READER.format(name="canteen-1", port="/dev/canteen").rstrip() + '\nalerts = ["fire"]\n'
    path = config.load(write_config(tmp_path, more=reader + PANEL)).state.control
    path.parent.mkdir()
    async with kept(tmp_path) as made, Control(path, asks_of(made.incidents, made.outbox)):
        yield made


def played(tmp_path: Path, *words: str) -> asyncio.Task[tuple[int, list[dict[str, Any]]]]:
    def run() -> tuple[int, list[dict[str, Any]]]:
        out = io.StringIO()
        code = main(["drill", words[0], str(tmp_path / "box.toml"), *words[1:], "--json"], out)
        return code, [json.loads(line) for line in out.getvalue().splitlines()]

    return asyncio.create_task(asyncio.to_thread(run))


async def test_the_whole_chain(box: Kept, tmp_path: Path) -> None:
    playing = played(tmp_path, "fire", "--zone", "2", "--seconds", "20")
    await until(box.incidents.open_now)
    (view,) = box.incidents.open_now()
    assert (view.place, view.drill) == ("hall", True)
    box.outbox.settle(box.outbox.epoch, Lane.ALARM, 1, box.outbox.last(box.outbox.epoch, Lane.ALARM))
    await box.incidents.answer(view.incident, Input.ACKNOWLEDGE, By(channel="card", staff=MAIN))
    code, steps = await playing
    assert (code, {one["step"] for one in steps}) == (0, {"kept", "told", "shown", "stored", "answered"})
    detail = {one["step"]: one["detail"] for one in steps}
    assert (detail["shown"], detail["kept"]) == ("canteen-1", view.incident[:8])
    assert detail["answered"].startswith("acknowledged")
    assert [one["seconds"] for one in steps] == sorted(one["seconds"] for one in steps)


async def test_what_does_not_come_is_named(box: Kept, tmp_path: Path) -> None:
    code, steps = await played(tmp_path, "fight", "--place", "yard", "--seconds", "0.2")
    assert (code, [one["detail"] for one in steps if one["step"] == "missing"]) == (1, ["stored", "answered"])


async def test_a_zone_that_no_panel_names(box: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (await played(tmp_path, "fire", "--zone", "7"))[0] == 2
    assert "U-126" in (said := capsys.readouterr().err)
    assert "2 (hall)" in said
    assert box.incidents.open_now() == ()
