"""mektep incident, against a real agent and without one: the list, answers, and what is refused."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent import config
from agent.cli.main import main
from agent.incidents.kinds import Kind
from agent.incidents.life import State
from agent.ops.asks import asks_of
from agent.ops.control import Control
from tests.agent.cli.command import write_config
from tests.agent.incidents.kept import Kept, kept
from tests.agent.outbox.box import fire


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Kept]:
    """Incidents on a real outbox, asked over the socket that the configuration names."""
    path = config.load(write_config(tmp_path)).state.control
    path.parent.mkdir()
    async with kept(tmp_path) as made, Control(path, asks_of(made.incidents, made.outbox)):
        yield made


async def mektep(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    return await asyncio.to_thread(main, list(words), out), out.getvalue()


async def test_from_a_fire_to_its_end(box: Kept, tmp_path: Path) -> None:
    file = str(tmp_path / "box.toml")
    assert await mektep("incident", "list", file) == (0, "nothing happens\n")
    await box.incidents.accepting(box.sign(Kind.FIRE))([fire()])
    code, text = await mektep("incident", "list", file)
    assert (code, "FIRE  hall  certain" in text) == (1, True)
    short = text.split()[0]
    assert await mektep("incident", "acknowledge", short, file) == (0, f"{short}  FIRE  somebody is on the way\n")
    assert (await mektep("incident", "list", file))[0] == 0
    code, text = await mektep("incident", "dismiss", short, file, "--reason", "false_alarm", "--json")
    assert (code, json.loads(text)["state"]) == (0, "dismissed")
    assert (await mektep("incident", "close", short, file))[0] == 0
    code, text = await mektep("incident", "list", file, "--closed", "3", "--json")
    told: dict[str, Any] = json.loads(text)
    assert (code, told["running"], [one["state"] for one in told["incidents"]]) == (0, True, ["closed"])
    (answer, _) = await box.told("answered")
    assert (answer["channel"], answer["answer"]) == ("command", "acknowledged")


async def test_a_refusal_is_explained(box: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await box.incidents.accepting(box.sign(Kind.FIRE))([fire()])
    (view,) = box.incidents.open_now()
    assert (await mektep("incident", "close", view.incident, str(tmp_path / "box.toml")))[0] == 2
    assert "U-125" in capsys.readouterr().err
    assert [one.state for one in box.incidents.open_now()] == [State.TOLD]


def test_a_dismissal_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["incident", "dismiss", "3f2a", str(write_config(tmp_path))])


async def test_without_an_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(write_config(tmp_path))
    assert (await mektep("incident", "list", file))[0] == 3  # it has never run: nothing is known
    assert (await mektep("incident", "acknowledge", "3f2a", file))[0] == 3
    assert capsys.readouterr().err.count("U-121") == 2
