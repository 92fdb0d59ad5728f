"""The reader that types: what its keys are, and that a plug and a pull show at the device node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.typing_reader import ENTER, EVENT, KEY, KEY_NS, KEYPAD, MSC, SYN, TypingReader, strokes, typed


def test_a_key_is_six_events_and_time_goes_on() -> None:
    data = b"".join(typed([*strokes("1"), (ENTER, False)], 5_000_000_000))
    events = list(EVENT.iter_unpack(data))
    assert [(kind, value) for _, _, kind, _, value in events if kind == KEY] == [(KEY, 1), (KEY, 0)] * 2
    assert [kind for _, _, kind, _, _ in events] == [MSC, KEY, SYN] * 4
    assert [(seconds, rest) for seconds, rest, *_ in events[::3]] == [
        (5, 0),
        (5, KEY_NS // 2000),
        (5, KEY_NS // 1000),
        (5, 3 * KEY_NS // 2000),
    ]


def test_capital_letters_are_typed_with_shift_and_digits_on_the_keypad_if_wanted() -> None:
    assert [shifted for _, shifted in strokes("1aB")] == [False, False, True]
    assert strokes("7", keypad=True) == [(KEYPAD["7"], False)]


def test_the_node_is_there_while_it_is_plugged(tmp_path: Path) -> None:
    reader = TypingReader("reader", tmp_path / "reader")
    for _ in range(2):
        reader.plug()
        fd = os.open(reader.link, os.O_RDONLY | os.O_NONBLOCK)
        reader.type("12")
        assert len(os.read(fd, 4096)) == 3 * 6 * EVENT.size
        reader.unplug()
        assert os.read(fd, 4096) == b""
        os.close(fd)
        with pytest.raises(FileNotFoundError):
            os.open(reader.link, os.O_RDONLY)


async def test_a_card_is_typed_as_ten_digits_and_no_light_comes(tmp_path: Path) -> None:
    reader = TypingReader("reader", tmp_path / "reader")
    reader.plug()
    fd = os.open(reader.link, os.O_RDONLY | os.O_NONBLOCK)
    assert await reader.show(bytes.fromhex("6F007B3972"), 1.0) == ""
    data = os.read(fd, 8192)
    keys = [code for _, _, kind, code, value in EVENT.iter_unpack(data) if (kind, value) == (KEY, 1)]
    assert keys == [11, 11, 11, 9, 11, 8, 6, 7, 4, 5, 28]  # 0008075634, Enter
    os.close(fd)
    reader.unplug()
