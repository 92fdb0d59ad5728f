"""Dates, spans, sizes and numbers in each language's manner."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.texts import LANGUAGES, load_texts
from agent.texts import measures as by

SAY = {language: load_texts(language) for language in LANGUAGES}


@pytest.fixture(autouse=True)
def shymkent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC-5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, ("0 B", "0 Б", "0 Б")),
        (999, ("999 B", "999 Б", "999 Б")),
        (1_000, ("1 kB", "1 кБ", "1 кБ")),
        (1_540, ("1.5 kB", "1,5 кБ", "1,5 кБ")),
        (52_000_000, ("52 MB", "52 МБ", "52 МБ")),  # a boot partition was "0.1 GB"
        (2_540_000_000, ("2.5 GB", "2,5 ГБ", "2,5 ГБ")),
        (31_900_000_000, ("31.9 GB", "31,9 ГБ", "31,9 ГБ")),
        (271_000_000_000, ("271 GB", "271 ГБ", "271 ГБ")),
        (4_000_000_000_000, ("4 TB", "4 ТБ", "4 ТБ")),
    ],
)
def test_a_size_has_the_unit_in_which_it_reads(size_bytes: int, shown: tuple[str, ...]) -> None:
    assert tuple(by.size(SAY[language], size_bytes) for language in LANGUAGES) == shown


@given(st.integers(1, 10**15))
def test_a_size_that_is_something_is_never_shown_as_nothing(size_bytes: int) -> None:
    assert float(by.measured(size_bytes).split()[0]) >= 1
    assert len(by.measured(size_bytes).split()[0]) <= 7


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, ("0 s", "0 с", "0 с")),
        (119, ("119 s", "119 с", "119 с")),
        (120, ("2 min", "2 мин", "2 мин")),
        (3 * 3_600, ("3 h", "3 ч", "3 сағ")),
        (86_400, ("24 h", "24 ч", "24 сағ")),
        (3 * 86_400, ("3 days", "3 дня", "3 күн")),
        (21 * 86_400, ("21 days", "21 день", "21 күн")),
    ],
)
def test_a_span(seconds: int, shown: tuple[str, ...]) -> None:
    assert tuple(by.span(SAY[language], seconds) for language in LANGUAGES) == shown


@pytest.mark.parametrize(
    ("text", "at", "shown"),
    [
        ("2026-11-23T06:41:55Z", "2026-11-23T08:00:00Z", ("11:41:55",) * 3),
        ("2026-11-22T20:00:00Z", "2026-11-23T08:00:00Z", ("01:00:00",) * 3),  # of the terminal's day, not of UTC's
        ("2026-11-22T06:41:55Z", "2026-11-23T08:00:00Z", ("22 Nov 11:41", "22.11 11:41", "22.11 11:41")),
        ("2025-11-22T06:41:55Z", "2026-11-23T08:00:00Z",
         ("2025-11-22 11:41", "22.11.2025 11:41", "22.11.2025 11:41")),
        ("", "2026-11-23T08:00:00Z", ("—",) * 3),
        ("2001-01-01T00:00:00Z", "", ("2001-01-01 05:00", "01.01.2001 05:00", "01.01.2001 05:00")),
    ],
)  # fmt: skip
def test_a_moment_is_as_short_as_it_may_be(text: str, at: str, shown: tuple[str, ...]) -> None:
    assert tuple(by.moment(SAY[language], text, at) for language in LANGUAGES) == shown


def test_a_day_a_number_and_small_times() -> None:
    assert [by.day(SAY[one], date(2026, 11, 3)) for one in LANGUAGES] == ["2026-11-03", "03.11.2026", "03.11.2026"]
    assert [by.number(SAY[one], 2.55, 1) for one in LANGUAGES] == ["2.5", "2,5", "2,5"]
    assert [by.milliseconds(SAY[one], 12.34, 1) for one in LANGUAGES] == ["12.3 ms", "12,3 мс", "12,3 мс"]
    assert [by.seconds(SAY[one], 1.0) for one in LANGUAGES] == ["1.0 s", "1,0 с", "1,0 с"]
