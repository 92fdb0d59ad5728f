"""`mektep reference`: from the living daemon and from the files of a dead one; its exit code says whether data hold."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec

from agent import config
from agent.cli.main import main
from agent.clock import SystemClock
from agent.ops import status
from agent.ops.status import DatasetView, TroubleView
from agent.reference import Reference
from agent.wall_time import rfc3339
from tests.agent.cli.command import write_config
from tests.agent.sealed import CALENDAR, CARDS, sealed


def shown(path: Path, *words: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(["reference", str(path), *words], out), out.getvalue()


async def test_of_a_dead_daemon_the_files_are_read(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    code, text = shown(path)
    assert (code, "never came" in text) == (0, True)
    found = config.load(path)
    assert not (found.state.reference.parent / "reference.agekey").exists()  # looking makes no key
    clock = SystemClock()
    held = Reference(found.state.reference, clock)
    await held.put("cards", 5, sealed(CARDS, held.recipient), rfc3339(clock.utc_ns()))
    code, text = shown(path, "--json")
    told = json.loads(text)["datasets"]
    assert (code, list(told), told["cards"]["version"], told["cards"]["counts"]["pupils"]) == (0, ["cards"], "5", 1)
    old = rfc3339(clock.utc_ns() - 15 * 86_400 * 1_000_000_000)
    await held.put("calendar", 5, json.dumps(CALENDAR).encode(), old)
    assert shown(path)[0] == 1


def test_of_a_living_one_its_picture_is_shown(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    found = config.load(path)
    found.state.live.parent.mkdir(parents=True, exist_ok=True)
    me = status.process_start(1)
    troubles = [
        TroubleView(code="M-101", what="reference data meals cannot be used", do="Tell the centre."),
        TroubleView(code="D-121", what="the disk is full", do="Make room."),
    ]
    blank = status.blank("school-07")
    cards = DatasetView(version="9", issued="2026-11-26T05:10:00.000000Z")
    picture = {"pid": 1, "pid_start": me, "at": "2026-11-26T08:00:00.000000Z", "reference": {"cards": cards}}
    status.write(found.state.live, msgspec.structs.replace(blank, **picture, troubles=troubles))
    code, text = shown(path)
    assert (code, "M-101" in text, "D-121" in text) == (1, True, False)
    assert "9" in next(line for line in text.splitlines() if line.startswith("cards"))
