"""Readers that type: by their USB numbers or their names; a plain keyboard is only possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.discovery import keyboards
from drivers.discovery.found import Kind, Sure, Why
from tests.drivers.discovery.board import Board
from tests.drivers.discovery.looked import all_of

CASES = [
    ("ffff:0035", "HXGCoLtd Keyboard", Sure.LIKELY, Why.USB),
    ("1111:2222", "RFID Reader", Sure.LIKELY, Why.LISTED),
    ("1111:2222", "USB_Card_Reader", Sure.LIKELY, Why.LISTED),
    ("046d:c31c", "Logitech USB Keyboard", Sure.POSSIBLE, Why.LISTED),
    ("046d:c31c", "Cardinal Keyboard", Sure.POSSIBLE, Why.LISTED),
]


@pytest.mark.parametrize(("usb", "name", "sure", "why"), CASES)
async def test_which_keyboards_are_readers(tmp_path: Path, usb: str, name: str, sure: Sure, why: Why) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-2", {"id": usb, "manufacturer": "", "product": name})
    board.keyboard("event3", "usb-X-event-kbd", interface, name)
    (found,) = await all_of(keyboards.look(tmp_path))
    assert (found.kind, found.what, found.sure, found.why) == (Kind.READER, f"{name} (keyboard)", sure, why)
    assert found.name == str(tmp_path / "dev/input/by-id/usb-X-event-kbd")
    assert (found.proposal is not None) == (sure is Sure.LIKELY)


async def test_mice_are_not_shown_and_one_keyboard_is_shown_once(tmp_path: Path) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-2", {"id": "ffff:0035", "manufacturer": "", "product": "Reader"})
    board.keyboard("event3", "usb-X-event-kbd", interface, "Reader")
    board.link("dev/input/by-id/usb-Y-event-mouse", board.write("dev/input/event4", ""))
    board.link("dev/input/by-path/usb-0:2-event-kbd", tmp_path / "dev/input/event3")
    (found,) = await all_of(keyboards.look(tmp_path))
    assert "by-id" in found.name


async def test_a_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    board = Board(tmp_path)
    interface = board.usb("1-2", {"id": "ffff:0035", "manufacturer": "", "product": ""})
    board.keyboard("event3", "usb-X-event-kbd", interface, "\x1b[2JReader")
    (found,) = await all_of(keyboards.look(tmp_path))
    assert found.what.isprintable()
