"""Who keeps the time, and the clock on battery."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import clocks
from agent.doctor.clocks import clock, rtc
from agent.ops.status import TroubleView
from tests.agent.doctor.boxes import NOW_NS, box, picture, told

RTC = "sys/class/rtc/rtc0/since_epoch"


@pytest.mark.parametrize(("word", "found"), [("synced", "ok"), ("unsynced", "warn H-131")])
def test_the_running_agent_knows(tmp_path: Path, word: str, found: str) -> None:
    assert told(clock(box(tmp_path, alive=True, picture=picture(clock=word)))) == [found]


def test_without_it_the_kernel_is_asked(tmp_path: Path) -> None:
    assert told(clock(box(tmp_path, picture=picture(clock="synced")))) in (["ok"], ["warn H-131"])


def test_a_jump_of_the_last_day_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jump = TroubleView(code="H-133", what="the clock was set by +3600.0 s", do="Look.")
    monkeypatch.setattr(clocks, "last_day", lambda _site, _part: [jump])
    assert told(clock(box(tmp_path, alive=True, picture=picture()))) == ["note H-133"]


@pytest.mark.parametrize(("off_s", "found"), [(0, "ok"), (-59, "ok"), (61, "note H-134"), (-86_400, "note H-134")])
def test_the_clock_on_battery_is_compared(tmp_path: Path, off_s: int, found: str) -> None:
    assert told(rtc(box(tmp_path, {RTC: str(NOW_NS // 10**9 + off_s)}))) == [found]


def test_a_box_without_one_is_told(tmp_path: Path) -> None:
    assert told(rtc(box(tmp_path))) == ["note H-132"]
