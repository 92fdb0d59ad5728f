"""Readers that type: by their USB numbers or their names; a plain keyboard is only possible."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.discovery import keyboards
from drivers.discovery.found import Found, Kind, Sure, Why, settings
from drivers.key_device import KeyEvent
from drivers.readers import hid
from simulator.typing_reader import TypingReader
from tests.drivers.discovery.board import Board
from tests.drivers.discovery.looked import Ticks, all_of

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


async def test_the_keyboard_that_the_agent_holds_is_told(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.keyboard("event3", "usb-X-event-kbd", board.usb("1-2", READER), "Reader")
    board.process(612, "python mektep run", holds=tmp_path / "dev/input/event3")
    (found,) = await all_of(keyboards.look(tmp_path))
    assert found.used_by == "pid 612"


READER = {"id": "ffff:0035", "manufacturer": "", "product": "Reader"}
FORMATS = [
    ("0008075634", "10d", "wiegand34"),
    ("123,14706", "3d5d", "wiegand26"),
    ("12314706", "8d", "wiegand26"),
    ("0477088598386", "13d", "em4100"),
    ("6F007B3972", "hex", "em4100"),
    ("24548AAC", "hex", "uid4"),
    ("0456463AAC2280", "hex", "uid7"),
    ("7B3972", "hex", "wiegand26"),
    ("12345", "", ""),
    ("password", "", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("text", "format_", "form"), FORMATS)
def test_the_digits_tell_the_format(text: str, format_: str, form: str) -> None:
    assert keyboards.format_of(text) == (format_, form)
    if format_:
        assert hid.fits(hid.Format(format_), hid.CardForm(form))


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[TypingReader]:
    found = TypingReader("gate", tmp_path / "usb-X-event-kbd")
    found.plug()
    yield found
    found.unplug()


def typist(layout: hid.Layout) -> keyboards.Typist:
    line = hid.Line(layout, 10**9)

    def text(event: KeyEvent) -> str:
        heard = line.feed(event)
        return heard.text if isinstance(heard, hid.Typed) else ""

    return text


async def listen(reader: TypingReader, seconds: float = 5.0) -> list[Found]:
    one = Found(kind=Kind.READER, what="X", name=str(reader.link), sure=Sure.LIKELY, why=Why.USB)
    typists = {layout.value: typist(layout) for layout in hid.Layout}
    return await all_of(keyboards.listen(one, typists, SystemClock(), seconds, Ticks()))


async def test_a_card_that_is_typed_tells_the_format_and_not_its_number(reader: TypingReader) -> None:
    task = asyncio.create_task(listen(reader))
    await asyncio.sleep(0)
    reader.type("0008075634")
    (found,) = await task
    assert (found.sure, found.why, found.code) == (Sure.CERTAIN, Why.CARD, "")
    assert found.proposal is not None
    assert found.proposal.settings == settings(device=str(reader.link), format="10d", form="wiegand34")
    assert "8075634" not in repr(found)


async def test_what_is_no_card_and_silence_are_nothing(reader: TypingReader) -> None:
    reader.type("123")
    assert await listen(reader, 0.3) == []


async def test_a_reader_that_goes_away_is_told(tmp_path: Path, reader: TypingReader) -> None:
    reader.unplug()
    (found,) = await listen(reader)
    assert found.code == "R-401"
