"""What a cell may hold: what is typed, what a table program makes of it, and what is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.school import cells

GOOD: list[tuple[Callable[[str], Any], str, Any]] = [
    (cells.day, "2026-09-01", "2026-09-01"),
    (cells.day, "01.09.2026", "2026-09-01"),
    (cells.day, "1.9.2026", "2026-09-01"),
    (cells.day, "2028-02-29", "2028-02-29"),
    (cells.time_of_day, "08:05", "08:05"),
    (cells.time_of_day, "8:05", "08:05"),
    (cells.time_of_day, "23:59:00", "23:59"),
    (cells.word, "free-1-4", "free-1-4"),
    (cells.yes, "Да", True),
    (cells.yes, "иә", True),
    (cells.yes, "0", False),
    (cells.whole(1, 3), "3", 3),
    (cells.whole(0, 9_999), "1 200", 1_200),
    (cells.tenge, "450", 450),
    (cells.tenge, "1 450,00", 1_450),
    (cells.items(cells.word), "lunch, breakfast lunch", ("lunch", "breakfast")),
    (cells.items(cells.whole(1, 7)), "1 2;3", (1, 2, 3)),
    (cells.one_of("em4100", "uid4"), "uid4", "uid4"),
    (cells.class_name, "5А", "5А"),
]
WRONG: list[tuple[Callable[[str], Any], str]] = [
    (cells.day, "2026-02-29"),
    (cells.day, "09/01/2026"),
    (cells.day, "01.09.26"),
    (cells.day, "44805"),
    (cells.time_of_day, "24:00"),
    (cells.time_of_day, "8.30"),
    (cells.time_of_day, "08:30:15"),
    (cells.word, "Обед"),
    (cells.word, "-x"),
    (cells.word, "x" * 33),
    (cells.yes, "maybe"),
    (cells.whole(1, 3), "4"),
    (cells.whole(1, 3), "-1"),
    (cells.whole(1, 3), "²"),
    (cells.whole(0, 10**9), "9" * 400),
    (cells.tenge, "450,50"),
    (cells.tenge, "450 ₸"),
    (cells.items(cells.word), "lunch Обед"),
    (cells.one_of("em4100", "uid4"), "EM"),
    (cells.identifier, "x" * 65),
    (cells.identifier, "a\x1bb"),
]


@pytest.mark.parametrize(("parse", "text", "value"), GOOD)
def test_what_is_typed_is_understood(parse: Callable[[str], Any], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("parse", "text"), WRONG)
def test_what_is_wrong_says_what_to_write(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(cells.Wrong) as wrong:
        parse(text)
    assert wrong.value.what
    assert wrong.value.do


@given(st.text(max_size=30), st.sampled_from([parse for parse, _ in WRONG]))
def test_no_text_raises_anything_else(text: str, parse: Callable[[str], Any]) -> None:
    with contextlib.suppress(cells.Wrong):
        parse(text)
