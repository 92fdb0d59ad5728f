"""Boxes for tests of `mektep top`: a status file as a living agent leaves it, and a database with some taps."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agent import config
from agent.cli.top_look import Looker
from agent.config import Config
from agent.ops import status
from agent.ops.status import LaneView, SourceView, Status, TroubleView
from agent.texts import load_texts
from tests.agent.cli.command import write_config

CAMERA = """
[[camera]]
name = "hall"
driver = "file"
file = "{file}"
sees = ["tamper"]
"""


def box(folder: Path, *, cameras: bool = False) -> Config:
    (folder / "state").mkdir(exist_ok=True)
    (folder / "run").mkdir(exist_ok=True)
    return config.load(write_config(folder, more=CAMERA.format(file=folder / "room.mkv") if cameras else ""))


def source(state: str = "working", **changes: object) -> SourceView:
    view = SourceView(
        kind="reader", driver="serial_ascii", state=state, since="", last_reading="2026-11-23T08:00:00.000000Z",
        readings=7, garbled=0, repeats=0,
    )  # fmt: skip
    return msgspec.structs.replace(view, **changes)


def living(found: Config, **changes: object) -> Status:
    """Write the status as if this process were the agent."""
    pid = os.getpid()
    lanes = {name: LaneView(last=9, settled=4, bytes=1_000) for name in ("alarm", "record", "telemetry")}
    now = msgspec.structs.replace(
        status.blank("school-07"), state="running", agent="1", pid=pid, pid_start=status.process_start(pid), epoch="e",
        at="2026-11-23T08:00:01.000000Z", clock="synced", lanes=lanes,
        sources={"canteen-1": source(), "gate": source("failed", code="P-101", what="gone", do="Check the plug.")},
        troubles=[TroubleView(code="D-121", what="the disk is full", do="Make room.")],
    )  # fmt: skip
    now = msgspec.structs.replace(now, **changes)
    status.write(found.state.live, now)
    return now


def looker(found: Config, language: str = "en") -> Looker:
    thermal = Path(found.state.runtime) / "temp"
    thermal.write_text("71500\n")
    return Looker(found, load_texts(language), thermal)
