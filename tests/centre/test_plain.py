"""Nothing that a box wrote moves a cursor."""

from __future__ import annotations

import pytest

from centre.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("обед 5А", "обед 5А"),
        ("", ""),
        ("a\x1b[2Jb", "a�[2Jb"),
        ("a\nb\r", "a�b�"),
        ("a\u202eb", "a�b"),
        ("\ud800", "�"),
    ],
)  # fmt: skip
def test_what_moves_a_cursor_is_replaced(text: str, shown: str) -> None:
    assert plain(text) == shown
