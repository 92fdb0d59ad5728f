"""How long a technician waits for a command: the whole process, with the daemon up, down, and its database locked.

A real daemon with one reader that is there and one that is not. "Locked" is the worst of it: the daemon is down and
another process holds the database for itself alone, so that nobody can read it. Each answer is judged, too: a quick
wrong one is no figure.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from agent.cli.main import COMMANDS
from bench import top_bytes
from bench.box_toml import HEAD
from bench.figure import Figure, median
from simulator.card_reader import CardReader
from simulator.processes import Process

RUNS = 15
TARGETS_S = {"status": 0.5, "doctor": 10.0}
READER = """
[[reader]]
name = "{name}"
driver = "serial_ascii"
port = "{port}"
lights = {{ accepted = "G\\n", refused = "R\\n", wait = "W\\n" }}
"""
Judge = Callable[[dict[str, object]], bool]


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        found = Path(name)
        reader = CardReader("canteen-1", found / "canteen-1", "em4100")
        reader.line.plug()
        config = _config(found, str(reader.line.link))
        daemon = Process(
            "agent", [sys.executable, "-m", "agent", "run", str(config)], found, ready="INFO agent: school"
        )
        await daemon.start()
        try:
            figures = _all(config, "up", lambda status: status["state"] == "running" and bool(status["sources"]))
        finally:
            daemon.kill()
            reader.line.unplug()
        figures += _all(config, "down", lambda status: status["state"] == "dead" and "D-122" not in _codes(status))
        with _locked(found / "state/outbox.db"):
            figures += _all(config, "down and the database locked", lambda status: "D-122" in _codes(status))
        return figures + await top_bytes.measure(folder)


def _config(folder: Path, port: str) -> Path:
    path = folder / "box.toml"
    devices = READER.format(name="canteen-1", port=port) + READER.format(name="gate", port="/dev/no-gate")
    path.write_text(HEAD.format(folder=folder) + "[outbox]\nreserve_mb = 1\nballast_mb = 0\n" + devices)
    return path


def _codes(status: Mapping[str, object]) -> set[str]:
    troubles = status["troubles"]
    return {one["code"] for one in troubles} if isinstance(troubles, list) else set()


def _all(config: Path, when: str, right: Judge) -> list[Figure]:
    """Of each command that this agent has; what it has not is said on standard error, and is no figure."""
    figures = []
    for command, target_s in TARGETS_S.items():
        if command not in COMMANDS:
            print(f"no figure of `mektep {command}`: this agent has no such command", file=sys.stderr)
            continue
        figures.append(_figure(command, target_s, config, when, right if command == "status" else None))
    return figures


def _figure(command: str, target_s: float, config: Path, when: str, right: Judge | None) -> Figure:
    runs = RUNS if right else RUNS // 3
    taken = sorted(_once(command, config, right) for _ in range(runs))
    middle = median(taken)
    return Figure(
        figure=f"mektep {command}, daemon {when}, start to exit, median", value=middle, unit="s",
        limit_or_peer=f"{target_s:g} s", ratio=middle / target_s, target=f"<= {target_s:g} s",
        met=middle <= target_s, range=(taken[0], taken[-1]), runs=runs,
    )  # fmt: skip


def _once(command: str, config: Path, right: Judge | None) -> float:
    """Seconds of one run. Raises AssertionError if it does not tell the truth."""
    words = [sys.executable, "-m", "agent", command, str(config), "--json"]
    began_ns = time.monotonic_ns()
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}, check=False)
    taken_s = (time.monotonic_ns() - began_ns) / 1e9
    if right and not right(json.loads(done.stdout)):
        raise AssertionError(f"mektep {command} says what is not so: {done.stdout[:500]}")
    return taken_s


@contextlib.contextmanager
def _locked(database: Path) -> Iterator[None]:
    """This process keeps it for itself alone."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("pragma locking_mode=exclusive")
        connection.execute("begin exclusive")
        yield
    finally:
        connection.close()
