"""At every minute of the day: an offset that a calendar allows, with which it is the rush's hour, and the day's end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulator.school_time import DAY_END_MIN, OFFSET_MOST, RUSH_MIN, day_end_offset, local_day, rush_offset


@pytest.mark.parametrize("minute", range(0, 1_440, 7))
def test_it_is_always_time_for_the_rush(minute: int) -> None:
    utc = datetime(2026, 11, 26, minute // 60, minute % 60, tzinfo=UTC)
    offset = rush_offset(utc)
    evening = day_end_offset(offset)
    assert -720 <= offset <= evening <= OFFSET_MOST
    for minutes, wall in ((offset, RUSH_MIN), (evening, DAY_END_MIN)):
        local = utc + timedelta(minutes=minutes)
        assert (local.hour * 60 + local.minute, local.date()) == (wall, local_day(utc, offset))
