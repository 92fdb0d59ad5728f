"""Numbers and names of the commands: what is in range is taken, and anything else says what was expected."""

from __future__ import annotations

import argparse
import re

import pytest

from centre.arguments import between, name_of


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("90", 90)])
def test_a_whole_number_of_the_range_is_taken(text: str, number: int) -> None:
    assert between(1, 90)(text) == number


@pytest.mark.parametrize("text", ["", "0", "91", "-1", "+1", "1.0", " 1", "1_0", "ten", "²"])
def test_anything_else_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no whole number from 1 to 90"):
        between(1, 90)(text)


def test_a_name_is_the_whole_text_or_none() -> None:
    month = name_of("a month", re.compile("20[0-9]{2}-[0-9]{2}"))
    assert month("2026-11") == "2026-11"
    for text in ("", "2026-11-01", "x2026-11", "2026-11\n"):
        with pytest.raises(argparse.ArgumentTypeError, match="no name of a month"):
            month(text)
