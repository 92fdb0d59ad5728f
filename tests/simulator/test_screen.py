"""The live screen: whatever happens, every row fits from 80x24 up, the newest line and the worst trouble are on it; and
the reconciliation as text.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulator.city import City, Open
from simulator.day import RUNNING, Day, load_script
from simulator.desk import Desk
from simulator.devices import Devices
from simulator.faults import FAULTS
from simulator.fire_panel import FIRE
from simulator.programme import Act, Part
from simulator.screen import View, print_result
from simulator.smoke_detector import SMOKE
from simulator.stage_report import GIVE
from simulator.truth import Fire, Shown

NAMES = [
    "canteen-1", "canteen-2", "gym-1", "gym-2", "library", "hall", "fire-panel", "duct", "attic", "door", "button",
    "loop", "hall-lamp", "gate", "classroom", "corridor", "kitchen",
]  # fmt: skip
SIZES = [(80, 24), (100, 30), (117, 30), (118, 30), (120, 36), (200, 60)]
LONG = "a fact that goes on and on, as the facts of drivers do when they quote the words of a library " * 3
DO = "Find it with `fuser -v`, end it, and look whether the lock is gone; the agent goes on by itself afterwards."


def part(camera: str) -> Part:
    """As much of what a camera plays as is shown."""
    act = Act("fight", frozenset({"fight"}), (Path("scene"),), ("clip.mp4",))
    return Part(camera, ("fight",), (Path("usual"),), (act,), ("calm.mp4",), 1.0)


class FakeSchool:
    """As much of a school as the screen looks at."""

    def __init__(self, tmp: Any, status: dict[str, Any]) -> None:
        self.devices = Devices(tmp, every_kind=True, footage=[part(name) for name in NAMES[-3:]])
        self.devices.footage[1].act = part("corridor").acts[0]
        self.devices.panel.zones[1] = FIRE
        self.desk = Desk(City(tmp))
        self._status = status

    def status(self) -> dict[str, Any]:
        return self._status


def source(code: str = "") -> dict[str, Any]:
    trouble = {"code": code, "what": LONG, "do": DO} if code else {}
    return {"state": "failed" if code else "working", "readings": 123_456, "garbled": 12_345} | trouble


WELL = {
    "school": "school-07",
    "epoch": "e",
    "sources": {name: source() for name in NAMES},
    "lanes": {lane: {"last": 1_234_567, "settled": 1_234_000} for lane in ("alarm", "record", "telemetry")},
    "link": {"state": "online", "rtt_ms": 3.2, "bytes_per_s": 123_456_789.0},
    "disk": {"commit_p99_ms": 12_345.6},
    "alarms_sent_ahead": 12,
    "troubles": [],
    "eyes": {"classroom": {"people": 4}, "corridor": {"people": -1}},
}
ILL = WELL | {
    "sources": {name: source("S-105") for name in NAMES},
    "link": {"state": "waiting", "code": "L-101", "what": LONG, "do": DO},
    "troubles": [{"code": "D-122", "what": LONG, "do": DO}],
}
STATUSES = {"not started": {}, "well": WELL, "ill": ILL}


@pytest.fixture(params=STATUSES)
def day(request: pytest.FixtureRequest, tmp_path: Any) -> Day:
    """An hour of it, with all that can be long."""
    day = Day(FakeSchool(tmp_path, STATUSES[request.param]), load_script(), [], 60)  # type: ignore[arg-type]
    day.stage = RUNNING
    day.school.devices.serial_readers[0].latency_ms, day.school.devices.serial_readers[0].last_light = [1_234.5], "G"
    day.school.devices.more.detector.inputs |= SMOKE
    day.truth.shown = [Shown("canteen-1", "em4100:00", "G")] * 123_456
    day.truth.fires = [Fire(1, 0.0)]
    for number in range(100):
        day.note(f"FAULT {number} {LONG}")
    day.note("the newest")
    return day


def drawn(view: View, columns: int, rows: int) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=rows, force_terminal=True, color_system=None)
    console.print(view, end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().split("\n")


@pytest.mark.parametrize("fault", [None, *FAULTS], ids=lambda fault: fault.name if fault else "none")
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36)])
def test_every_row_fits_whatever_is_broken(day: Day, columns: int, rows: int, fault: Any) -> None:
    day.fault = fault
    lines = [line for line in drawn(View(day), columns, rows) if line]
    assert len(lines) == rows
    assert all(len(line) == columns for line in lines)
    if fault:
        assert f"FAULT  {fault.name}" in lines[2]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_what_matters_is_on_it(day: Day, columns: int, rows: int) -> None:
    lines = [line for line in drawn(View(day), columns, rows) if line]
    text = "\n".join(lines)
    assert len(lines) == rows
    for word in ("07:4", "first shift arrives", *NAMES):
        assert word in text
    for word in ("readings", "garbled", "1234.5") if columns >= 118 else ():
        assert word in text
    for word in (
        "● green",
        "○ no light",
        "1 2 3 4",
        "● smoke",
        "○ shut",
        "● fight",
        "○ as usual",
        "at centre",
        "the newest",
        "fires: 1",
    ):
        assert word in text
    assert all(line.endswith(("│", "╮", "╯")) for line in lines)  # no panel is cut off


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_worst_trouble_is_told_with_what_to_do(tmp_path: Any, columns: int, rows: int) -> None:
    day = Day(FakeSchool(tmp_path, ILL), load_script(), [], 60)  # type: ignore[arg-type]
    text = "\n".join(drawn(View(day), columns, rows))
    assert "healing: D-122" in text
    assert "D-122 a fact that goes on" in text
    assert "→ Find it with `fuser -v`" in text
    assert "FAILED S-105" in text
    assert "all is well" not in text


@pytest.mark.parametrize(("status", "words"), [({}, "the agent is starting"), (WELL, "all is well")])
def test_it_says_how_it_goes(tmp_path: Any, status: dict[str, Any], words: str) -> None:
    day = Day(FakeSchool(tmp_path, status), load_script(), [], 60)  # type: ignore[arg-type]
    assert words in "\n".join(drawn(View(day), 80, 24))


def test_what_the_centre_holds_stands_beside_what_the_box_accepted(tmp_path: Any) -> None:
    view = View(Day(FakeSchool(tmp_path, WELL), load_script(), [], 60))  # type: ignore[arg-type]
    view.centre = {"epochs": {"e": {"record": {"through": 777_777}}}}
    line = next(line for line in drawn(view, 80, 24) if "record" in line)
    assert line.split()[1:5] == ["record", "1234567", "567", "777777"]


OPEN = [
    Open("fire", "kitchen", "told", 0, "unanswered", ""),
    Open("fight", "corridor", "acknowledged", 0, "first", ""),
    Open("medical", "sports entrance", "told", 1, "first", ""),
]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_open_incidents_are_on_it_and_where_to_look_at_them(tmp_path: Any, columns: int, rows: int) -> None:
    school = FakeSchool(tmp_path, WELL)
    view = View(Day(school, load_script(), [], 60))  # type: ignore[arg-type]
    assert "no incident is open" in "\n".join(drawn(view, columns, rows))
    view.incidents = OPEN
    text = "\n".join(drawn(view, columns, rows))
    assert "3 incidents open, fire kitchen waits" in text
    assert school.desk.short in text
    for word in ("told, unanswered", "corridor", "drill: told") if columns >= 118 else ():
        assert word in text
    view.incidents = OPEN * 20
    lines = [line for line in drawn(view, columns, rows) if line]
    assert len(lines) == rows
    assert ("more" in "\n".join(lines)) == (columns >= 118)


def test_that_no_footage_was_given_is_said(tmp_path: Any) -> None:
    school = FakeSchool(tmp_path, WELL)
    day = Day(school, load_script(), [], 60)  # type: ignore[arg-type]
    assert GIVE not in "\n".join(drawn(View(day), 80, 24))
    for columns in (80, 130):
        shown = "\n".join(drawn(View(day), columns, 24))
        assert shown.count(" seen") == 1
        assert "4 seen" in shown
    del school.devices.footage[1:]
    assert GIVE in "\n".join(drawn(View(day), 80, 24))


@pytest.mark.parametrize(("wrong", "words"), [([], "Nothing lost"), (["card 1 is lost"], "WRONG  card 1 is lost")])
def test_the_reconciliation_says_what_is_wrong_or_that_nothing_is(wrong: list[str], words: str) -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    print_result(console, {"taps": 3, "faults": {"line cut": "healed"}, "wrong": wrong})
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert words in text
    assert ("Nothing lost" in text) == (wrong == [])
    assert "line cut" in text
