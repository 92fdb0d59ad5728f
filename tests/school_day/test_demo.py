"""`mektep demo --seconds N`: every fault the simulator knows, once; text, JSON, and the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import json
import os
import signal
import sys
from pathlib import Path

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
    cases = {case["what"]: case for case in result["incidents"]["cases"]}
    assert len(cases) == 6
    ended = {what: case["state"] for what, case in cases.items() if not case["left_out"]}
    assert set(ended.values()) <= {"closed", "dismissed"}, text
    assert {"a fire in the kitchen", "an intrusion at night", "a report of bullying", "a drill"} <= ended.keys()
    assert ["deputy-head"] in cases["a fire in the kitchen"]["told"]
    assert "no fight or fire footage given: make demo CLIPS=FOLDER" in text
    covered = result["eyes"]["played"][0]
    assert (covered["camera"], covered["what"]) == ("classroom", "lens covered")
    assert covered["noticed"] or covered["faults"], text
    if covered["noticed"]:
        assert covered["still_opened"] == {"police": True, "desk": True}


async def test_an_unknown_fault_is_named() -> None:
    code, text = await _demo("--faults", "coffee")
    assert code == 2
    assert "no fault 'coffee'" in text.splitlines()[-1]


async def test_footage_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    code, text = await _demo("--seconds", "5", "--clips", str(tmp_path))
    assert code == 2
    assert "X-011" in text
    assert str(tmp_path / "manifest.csv") in text
    code, text = await _demo("--rush", "--clips", str(tmp_path))
    assert code == 2
    assert "not for a rush" in text


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
async def test_a_closed_terminal_leaves_nothing_behind(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "demo", "--seconds", "60", "--faults", "none", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    began = (await process.stdout.readline()).decode()
    folder = began.split(" in ")[1].split(":")[0]
    async with asyncio.timeout(60):
        while not _running(folder):
            await asyncio.sleep(0.05)
        process.send_signal(number)
        await process.stdout.read()
        assert await process.wait() == 130
    assert _running(folder) == []
    assert not os.path.exists(folder)


def _running(folder: str) -> list[str]:
    """Command lines of the processes that were started for a school."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path, "rb") as text:
            found.append(text.read().replace(b"\0", b" ").decode(errors="replace"))
    return [command for command in found if folder in command]
