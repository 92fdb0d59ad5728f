"""Nanoseconds become the wire's times; what is written is read back as the same instant."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wall_time import rfc3339
from tests.clock import START_NS

FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
YEAR_9999_NS = 253_402_300_799_999_999_999


@pytest.mark.parametrize(
    ("utc_ns", "wire"),
    [
        (0, ""),
        (1, "1970-01-01T00:00:00.000000Z"),
        (START_NS, "2026-11-23T08:00:00.000000Z"),
        (START_NS + 999, "2026-11-23T08:00:00.000000Z"),
        (START_NS + 1_000, "2026-11-23T08:00:00.000001Z"),
        (START_NS + 999_999_999, "2026-11-23T08:00:00.999999Z"),
        (YEAR_9999_NS, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_written_in_utc(utc_ns: int, wire: str) -> None:
    assert rfc3339(utc_ns) == wire


@given(st.integers(1, YEAR_9999_NS))
def test_a_time_is_whole_microseconds_never_later_than_what_it_stands_for(utc_ns: int) -> None:
    text = rfc3339(utc_ns)
    assert FORM.fullmatch(text)
    back = datetime.fromisoformat(text)
    whole_ns = int(back.replace(microsecond=0).timestamp()) * 10**9 + back.microsecond * 1_000
    assert 0 <= utc_ns - whole_ns < 1_000


@given(st.integers(1, YEAR_9999_NS), st.integers(1, YEAR_9999_NS))
def test_as_text_times_sort_as_they_happened(one: int, other: int) -> None:
    assert (rfc3339(one) <= rfc3339(other)) == (one // 1_000 <= other // 1_000)
