"""A child process of ours: its words and its end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agent.cells.spawned import Spawned, Spawning
from drivers.catalog import Cell as Limits
from drivers.errors import DeviceError
from tests.agent.cells.kept import ENVIRONMENT
from tests.drivers.supervised import open_files


async def ran(code: str) -> Spawned:
    child = Spawned(
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE, env={})
    )
    await child.keep_words()
    assert await child.gone(5)
    return child


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import sys; sys.exit(3)", "ended with exit code 3"),
        ("import sys; sys.exit('first\\nlast words')", "ended with exit code 1: last words"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
    ],
)
async def test_its_end_is_told_with_its_last_words(code: str, how: str) -> None:
    assert (await ran(code)).how() == ("U-101", how)


async def test_it_is_killed() -> None:
    child = (await Spawning(ENVIRONMENT).bear(Limits(memory_mb=80))).child
    assert not await child.gone(0)
    child.kill()
    assert await child.gone(5)
    child.kill()  # once more harms nobody
    assert not Path(f"/proc/{child.pid}").exists()


async def test_without_an_interpreter_nothing_is_left_open() -> None:
    before = open_files()
    with pytest.raises(DeviceError, match="U-106"):
        await Spawning(ENVIRONMENT).bear(Limits(memory_mb=80, python="/nothing/python"))
    assert open_files() == before
