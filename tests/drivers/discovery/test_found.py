"""What a device calls itself can be shown: one line, no control characters, not endless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery.found import MOST_CHARS, Setting, printable, settings, share


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("FT232R USB UART", "FT232R USB UART"),
        ("Қамқор камера", "Қамқор камера"),
        ("\x1b[2J\x1b[31mred", "�[2J�[31mred"),
        ("two\nlines\ttab", "two�lines�tab"),
        ("left\u202eright\u200b", "left�right�"),
        ("bell\x07 and \x9b c1", "bell� and � c1"),
        ("  wide  ", "wide"),
        ("x" * 500, "x" * (MOST_CHARS - 1) + "…"),
        ("", ""),
    ],
)
def test_a_devices_words_are_neutralised(said: str, shown: str) -> None:
    assert printable(said) == shown


@given(st.text(max_size=300))
def test_whatever_it_says_is_one_short_printable_line(said: str) -> None:
    shown = printable(said)
    assert shown.isprintable()
    assert len(shown) <= MOST_CHARS


def test_the_ticks_of_parts_make_one_whole() -> None:
    heard: list[float] = []
    for number in range(3):
        tick = share(lambda done, of: heard.append(done / of), number, 3)
        tick(0, 4)
        tick(2, 4)
    assert heard == sorted(heard)
    assert heard[1] == pytest.approx(2 / 12)
    assert heard[-1] == pytest.approx(10 / 12)


def test_settings_keep_their_order() -> None:
    assert settings(port="/dev/x", baud=9600) == (Setting("port", "/dev/x"), Setting("baud", 9600))
