"""Who keeps the time, and the clock on battery."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent import kernel_clock
from agent.doctor import clocks
from agent.doctor.clocks import clock, rtc, zone
from agent.ops.status import DatasetView, TroubleView
from tests.agent.doctor.boxes import NOW_NS, box, closed, configured, picture, told

RTC = "sys/class/rtc/rtc0/since_epoch"


@pytest.mark.parametrize(("word", "found"), [("synced", "ok"), ("unsynced", "warn H-131")])
def test_the_running_agent_knows(tmp_path: Path, word: str, found: str) -> None:
    assert told(clock(box(tmp_path, alive=True, picture=picture(clock=word)))) == [found]


def test_without_it_the_kernel_is_asked(tmp_path: Path) -> None:
    assert told(clock(box(tmp_path, picture=picture(clock="synced")))) in (["ok"], ["warn H-131"])


@pytest.mark.parametrize(
    ("told_s", "held_s", "found"),
    [
        (90_000, 90_000, ["ok"]),
        (90_000, 89_995, ["ok"]),
        (90_000, 3_600, ["note H-135"]),
        (90_000, None, ["ok"]),  # the kernel itself was asked
    ],
)
def test_that_no_time_server_answers_is_told_before_the_time_is_in_doubt(
    tmp_path: Path, told_s: int, held_s: int | None, found: list[str]
) -> None:
    files = {kernel_clock.TOLD.lstrip("/"): f"1 {told_s * 10**9:020d}\n"}
    if held_s is not None:
        files[kernel_clock.HELD.lstrip("/")] = f"{NOW_NS:020d} {held_s * 10**9:020d}\n"
    site = box(tmp_path, files, alive=True, picture=picture(clock="synced"))
    assert told(clock(site)) == found
    assert all("29 days" in one.fact for one in clock(site) if one.code)


def test_a_jump_of_the_last_day_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jump = TroubleView(code="H-133", what="the clock was set by +3600.0 s", do="Look.")
    monkeypatch.setattr(clocks, "last_day", lambda _site, _part: [jump])
    assert told(clock(box(tmp_path, alive=True, picture=picture()))) == ["note H-133"]


@pytest.mark.parametrize(("off_s", "found"), [(0, "ok"), (-59, "ok"), (61, "note H-134"), (-86_400, "note H-134")])
def test_the_clock_on_battery_is_compared(tmp_path: Path, off_s: int, found: str) -> None:
    assert told(rtc(box(tmp_path, {RTC: str(NOW_NS // 10**9 + off_s)}))) == [found]


def test_a_box_without_one_is_told(tmp_path: Path) -> None:
    assert told(rtc(box(tmp_path))) == ["note H-132"]


@pytest.mark.parametrize(
    ("name", "offset_min", "found"),
    [
        ("Asia/Almaty", 300, "ok"),  # since March 2024; an older tzdata says 360
        ("Europe/London", 300, "note H-136"),  # of a card that was written as it came
        ("UTC", 300, "note H-136"),
        ("Etc/GMT+3", -180, "ok"),
    ],
)
def test_commands_show_the_schools_own_time_or_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, offset_min: int, found: str
) -> None:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    try:
        calendar = DatasetView(version="1", issued="", utc_offset_min=offset_min)
        assert told(zone(box(tmp_path, alive=True, picture=picture(reference={"calendar": calendar})))) == [found]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_whose_data_this_user_may_not_look_at_is_not_compared(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert site.config is not None
    Path(site.config.state.reference).mkdir(parents=True, exist_ok=True)
    with closed(tmp_path / "state"):
        assert zone(site) == []


def test_without_a_calendar_nobody_knows_the_schools_time(tmp_path: Path) -> None:
    assert zone(box(tmp_path, alive=True, picture=picture())) == []
