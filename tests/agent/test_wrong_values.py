"""What msgspec says of a value is told in words, whatever it says; and where it is, step by step."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from agent.wrong_values import wrong


class Word(StrEnum):
    OPEN = "open"


class Part(msgspec.Struct, forbid_unknown_fields=True):
    depth: int
    words: list[Word] = []


CASES: list[tuple[Any, Any, str, list[str]]] = [  # value, type, fact, steps
    ("x", int, "must be a whole number, not text", []),
    (1.5, int, "must be a whole number, not a number", []),
    (1, str, "must be text, not a whole number", []),
    (1, str | None, "must be text, not a whole number", []),
    ("yes", bool, "must be true or false, not text", []),
    ({}, list[int], "must be a list, not a table", []),
    (True, dict[str, int], "must be a table, not true or false", []),
    (date(2026, 11, 26), str, "must be text, not a date", []),
    (0, Annotated[int, Meta(ge=5)], "must be at least 5", []),
    (9, Annotated[int, Meta(le=5)], "must be at most 5", []),
    (0, Annotated[float, Meta(gt=0)], "must be more than 0", []),
    (9, Annotated[float, Meta(lt=2.5)], "must be less than 2.5", []),
    ("", Annotated[str, Meta(min_length=1)], "is empty", []),
    ([], Annotated[list[int], Meta(min_length=1)], "is empty", []),
    ("a", Annotated[str, Meta(min_length=3)], "must have at least 3 characters", []),
    ("abcd", Annotated[str, Meta(max_length=3)], "must have at most 3 characters", []),
    ([1], Annotated[list[int], Meta(min_length=3)], "must have at least 3 entries", []),
    ([1, 2], Annotated[list[int], Meta(max_length=1)], "must have at most 1 entries", []),
    ([1], tuple[int, int], "must have 2 entries, not 1", []),
    ("A`b - at `$.x`", Annotated[str, Meta(pattern="^[a-z]`+$")], "does not have the form that is wanted", []),
    ("shut", Word, "is none of the words known here", []),
    (3, Literal[1, 2], "is none of the words known here", []),
    ({"shut": 1}, dict[Word, int], 'has "shut", which is none of the words known here', []),
    ({"depth": 1, "width": 2}, Part, 'has "width", which is no setting', []),
    ({}, Part, 'lacks "depth"', []),
    ([{"depth": "x"}], list[Part], "must be a whole number, not text", ["0", "depth"]),
    ({"depth": 1, "words": ["open", "shut"]}, Part, "is none of the words known here", ["words", "1"]),
    ({"a": "x"}, dict[str, int], "must be a whole number, not text", ["..."]),
    (5, Annotated[int, Meta(multiple_of=2)], "Expected int that's a multiple of 2", []),
]


@pytest.mark.parametrize(("value", "type_", "fact", "steps"), CASES)
def test_what_msgspec_says_in_words(value: Any, type_: Any, fact: str, steps: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert(value, type_)
    assert wrong(str(error.value)) == (fact, steps)


@given(st.text())
def test_what_is_not_known_is_told_as_it_came(message: str) -> None:
    fact, steps = wrong(f"Something new: {message}")
    assert fact.startswith("Something new: ")
    assert "`" not in fact
    assert all(steps)
