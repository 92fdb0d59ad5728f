"""`mektep reader test`: beside a real agent and in its place, on a simulated reader; lights, a card, no number."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.cli.reader import Lights, LightShown, Outcome, hidden
from agent.config import Config
from agent.ops.control import Control
from agent.ops.device_asks import DeviceNow
from simulator.card_reader import CardReader
from tests.agent.cli.command import MEKTEP, READER, ROOT, daemon, mektep, write_config
from tests.agent.cli.looks import living

CARD = "6F007B3972"


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[CardReader]:
    made = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    made.line.plug()
    yield made
    made.line.unplug()


def box(folder: Path, reader: CardReader) -> Path:
    return write_config(folder, more=READER.format(name="canteen-1", port=reader.line.link))


async def tried(file: Path, reader: CardReader, *words: str) -> tuple[int, list[str]]:
    """The command, and a card as soon as it asks for one."""
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "1"}
    pipe = asyncio.subprocess.PIPE
    command = [*MEKTEP, "reader", "test", "canteen-1", str(file), *words]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=pipe)
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(40):
        while line := (await process.stdout.readline()).decode().rstrip():
            lines.append(line)
            if line.startswith("Now show"):
                await reader.show(bytes.fromhex(CARD), patience_s=0.1)
        return await process.wait(), lines


@pytest.mark.parametrize(("words", "shown"), [((), "••••••••72"), (("--show",), CARD)])
async def test_in_the_agents_place(tmp_path: Path, reader: CardReader, words: tuple[str, ...], shown: str) -> None:
    code, lines = await tried(box(tmp_path, reader), reader, *words)
    assert code == 0
    assert lines[0].startswith("The agent does not run")
    assert lines[2:5] == ["  accepted", "  refused", "  wait"]
    assert lines[-1].startswith(f"A card came: em4100 {shown}, ")


async def test_no_card_is_exit_code_1(tmp_path: Path, reader: CardReader) -> None:
    done = await asyncio.to_thread(
        mektep, "reader", "test", "canteen-1", box(tmp_path, reader), "--seconds", "0.2", "--json"
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["form"], [one["code"] for one in told["lights"]]) == (1, "", ["", "", ""])


async def test_a_reader_that_is_not_there(tmp_path: Path) -> None:
    file = write_config(tmp_path, more=READER.format(name="canteen-1", port="/dev/no-reader"))
    done = await asyncio.to_thread(mektep, "reader", "test", "canteen-1", file)
    assert (done.returncode, done.stderr[:5]) == (1, "P-101")
    done = await asyncio.to_thread(mektep, "reader", "test", "canteen-2", file)
    assert (done.returncode, "canteen-1" in done.stderr) == (2, True)


async def test_beside_the_agent_the_card_is_its_own(tmp_path: Path, reader: CardReader) -> None:
    file = box(tmp_path, reader)
    process = daemon(file)
    await process.start()
    try:
        code, lines = await tried(file, reader)
    finally:
        process.kill()
    assert code == 0
    assert lines[-1].startswith("A card came: em4100, "), "its number is nobody's business"


@pytest.mark.parametrize("knows", [True, False])
async def test_the_running_agent_shows_the_lights(tmp_path: Path, knows: bool) -> None:
    """Of an agent that has the ask, and of one that has not."""
    found = living_reader(tmp_path)
    read = [0, 0, 1]

    async def now(_args: dict[str, Any], _account: str) -> object:
        form = "uid4" if read[0] else ""
        return DeviceNow(
            device="canteen-1", kind="reader", driver="some", state="working", code="", what="", do="",
            readings=read.pop(0), last_form=form, parts=[],
        )  # fmt: skip

    async def lights(args: dict[str, Any], _account: str) -> object:
        shown = [{"light": "accepted", "code": "", "what": ""}, {"light": "refused", "code": "R-102", "what": "no"}]
        return {"device": args["device"], "driver": "some", "lights": shown, "interrupted": False}

    handlers = {"device-now": now} | ({"reader-test": lights} if knows else {})
    async with Control(found.state.control, handlers):
        done = await asyncio.to_thread(mektep, "reader", "test", "canteen-1", found.file)
    lines = done.stdout.splitlines()
    assert done.returncode == (1 if knows else 0)
    assert ("  refused  R-102 no" in lines) is knows
    assert lines[-1].startswith("A card came: uid4, ")


def living_reader(folder: Path) -> Config:
    (folder / "run").mkdir()
    found = config.load(write_config(folder, more=READER.format(name="canteen-1", port="/dev/a")))
    living(found)
    return found


@given(st.text("0123456789ABCDEF", max_size=20))
def test_a_hidden_number_says_its_length_and_two_digits(card: str) -> None:
    assert len(hidden(card)) == len(card)
    assert hidden(card).replace("•", "") == card[-2:]


def test_what_is_well() -> None:
    lights = [LightShown(light="accepted")]
    assert Outcome(device="a", running=True, lights=lights, form="uid4").is_well
    assert not Outcome(device="a", running=True, lights=lights).is_well
    assert not Outcome(device="a", running=True, lights=[LightShown(light="wait", code="R-1")], form="uid4").is_well
    assert Lights(lights=lights).interrupted is False
