"""Each device: as the running agent sees it; without it as a process of its own finds it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.doctor.devices import devices
from agent.doctor.site import Site
from agent.ops.status import CellView, PartView, SourceView
from simulator.serial_line import SerialLine
from tests.agent.cli.command import READER
from tests.agent.doctor.boxes import box, configured, picture, told

WELL = SourceView(
    kind="reader", driver="serial_ascii", state="working", since="", last_reading="", readings=100, garbled=0, repeats=0
)  # fmt: skip


def seen(folder: Path, view: SourceView | None) -> Site:
    sources = {"gate": view} if view else {}
    site = configured(folder, more=READER.format(name="gate", port="/dev/no-gate"), alive=True)
    return msgspec.structs.replace(site, picture=picture(sources=sources))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({}, ["ok"]),
        ({"code": "P-104", "what": "went away", "do": "Check."}, ["fault P-104"]),
        ({"garbled": 1}, ["note H-171"]),
        ({"garbled": 50}, ["warn H-171"]),
        ({"parts": [PartView(kind="contact", part="", place="", state="cut")]}, ["warn H-172"]),
        ({"cell": CellView(pid=1, memory_mb=1, cpu_percent=0, falls=2)}, ["note U-101"]),
        ({"cell": CellView(pid=1, memory_mb=1, cpu_percent=0, falls=0)}, ["ok"]),
    ],
)
def test_by_the_eyes_of_the_agent(tmp_path: Path, words: dict[str, object], found: list[str]) -> None:
    findings = devices(seen(tmp_path, msgspec.structs.replace(WELL, **words)))
    assert told(findings) == found
    assert all("gate" in one.fact for one in findings)


def test_a_device_that_the_running_agent_does_not_know(tmp_path: Path) -> None:
    assert told(devices(seen(tmp_path, None))) == ["warn H-178"]


async def test_without_the_agent_they_are_looked_at_from_outside(tmp_path: Path) -> None:
    line = SerialLine(tmp_path / "reader", baud=9_600)
    line.plug()
    try:
        more = READER.format(name="here", port=line.link) + READER.format(name="gone", port="/dev/no-such")
        site = configured(tmp_path, more=more, file=tmp_path / "box.toml", patience_s=30.0)
        held, gone = devices(site)
        assert held.fact.startswith("here: ")
        assert told([gone]) == ["fault P-101"]
        hurried = msgspec.structs.replace(site, patience_s=0.001)
        assert told(devices(hurried)) == ["note H-190"]
    finally:
        line.unplug()


def test_without_a_configuration_there_are_none(tmp_path: Path) -> None:
    assert devices(box(tmp_path)) == []
