"""`mektep demo --seconds N`: every fault the simulator knows, once; text, JSON, and the exit code."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from simulator.faults import FAULTS

SECONDS = 30


async def _demo(*words: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "demo", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.timeout(300)
async def test_a_day_with_every_fault_loses_nothing() -> None:
    code, text = await _demo("--seconds", str(SECONDS))
    assert code == 0, text
    result = json.loads(text.splitlines()[-1])
    assert result["wrong"] == []
    assert set(result["faults"]) == {fault.name for fault in FAULTS}
    left_out = {name: what for name, what in result["faults"].items() if what != "healed"}
    if os.geteuid() == 0:
        assert left_out == {}, text
    assert 0 < result["green"] <= result["cards_stored"]
    assert result["fires_told"] >= result["fires"] > 0


async def test_an_unknown_fault_is_named() -> None:
    code, text = await _demo("--faults", "coffee")
    assert code == 2
    assert "no fault 'coffee'" in text.splitlines()[-1]
