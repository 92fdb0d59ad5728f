"""`mektep sensor test`: what each zone says now and what changes first; beside a real agent and in its place."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.cli.sensor import line
from agent.ops.device_asks import PartNow
from agent.texts import LANGUAGES, load_texts
from drivers.readings import ContactState, ZoneState
from simulator.smoke_sensor import SMOKE, SmokeSensor
from tests.agent.cli.command import MEKTEP, ROOT, daemon, mektep, write_config

BOARD = """
[[sensor]]
name = "smoke"
driver = "serial_smoke"
port = "{port}"
zones = {{ 1 = "attic", 2 = "stairs" }}
"""


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[SmokeSensor]:
    made = SmokeSensor(tmp_path / "smoke", zones=2, beat_s=0.1)
    made.plug()
    yield made
    made.unplug()


def box(folder: Path, board: SmokeSensor) -> Path:
    return write_config(folder, more=BOARD.format(port=board.line.link))


async def tried(file: Path, board: SmokeSensor, language: str = "C") -> tuple[int, list[str]]:
    """The command, and smoke as soon as it asks for a change."""
    environment = os.environ | {"LC_ALL": language, "PYTHONUTF8": "1"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *MEKTEP, "sensor", "test", "smoke", str(file), cwd=ROOT, env=environment, stdout=pipe
    )
    assert process.stdout is not None
    lines: list[str] = []
    asks = load_texts(language[:2])("test.change_it")
    async with asyncio.timeout(40):
        while text := (await process.stdout.readline()).decode().rstrip():
            lines.append(text.strip())
            if text == asks:
                board.states[2] = SMOKE
        return await process.wait(), lines


async def test_in_the_agents_place(tmp_path: Path, board: SmokeSensor) -> None:
    code, lines = await tried(box(tmp_path, board), board, "ru_RU.UTF-8")
    assert code == 0
    assert lines[1].startswith("зона 1 attic: норма")
    assert "зона 2 stairs" in lines[-1]
    assert "ПОЖАР" in lines[-1]


async def test_beside_the_agent(tmp_path: Path, board: SmokeSensor) -> None:
    file = box(tmp_path, board)
    process = daemon(file)
    await process.start()
    try:
        await asyncio.to_thread(mektep, "sensor", "test", "smoke", file, "--seconds", "2")  # until it has read
        code, lines = await tried(file, board)
    finally:
        process.kill()
    assert code == 0
    assert "zone 1 attic: normal" in lines[0]
    assert "zone 2 stairs: FIRE" in lines[-1]


async def test_nothing_changes(tmp_path: Path, board: SmokeSensor) -> None:
    done = await asyncio.to_thread(
        mektep, "sensor", "test", "smoke", box(tmp_path, board), "--seconds", "0.1", "--json"
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["changed"], [one["part"] for one in told["parts"]]) == (1, [], ["1", "2"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_word(language: str) -> None:
    say = load_texts(language)
    for kind, states in (("zone", ZoneState), ("contact", ContactState)):
        for state in states:
            assert say(f"{kind}.{state.value}") != f"{kind}.{state.value}"
    part = PartNow(kind="zone", part="3", place="gym", state="fire", codes=[37, 2], words="smoke")
    assert line(part, say) == f"{say('zone.title')} 3 gym: {say('zone.fire')}  (37 2, smoke)"
