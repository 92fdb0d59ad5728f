"""What cannot be shown is left out, or something else stands for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.plain import plain


@pytest.mark.parametrize(
    ("text", "instead", "shown"),
    [
        ("", "", ""),
        ("Айгүл 7б", "?", "Айгүл 7б"),
        ("olga\x1b[2J", "", "olga[2J"),
        ("a\r\nb\u202e", "?", "a??b?"),
    ],
)
def test_what_is_shown(text: str, instead: str, shown: str) -> None:
    assert plain(text, instead) == shown


@given(st.text())
def test_whatever_comes_can_be_shown(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text, " ")) == len(text)
