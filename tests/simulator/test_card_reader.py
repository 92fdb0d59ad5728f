"""The readers say what real ones say: published frames and captured lines byte by byte; a held card is repeated, and
the light that comes is the one that is told.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import serial

from simulator.card_reader import HELD_S, REPEAT_S, CardReader, ironlogic_line, rdm6300_frame
from tests.drivers.supervised import until

FRAMES = [  # card, frame: RDM6300 data sheet, Seeed wiki, EEVblog, Arduino forum
    ("62E3086CED", b"\x0262E3086CED08\x03"),
    ("01000734E0", b"\x0201000734E0D2\x03"),
    ("6F007B3972", b"\x026F007B39725F\x03"),
    ("010063E9AE", b"\x02010063E9AE25\x03"),
]
LINES = [  # captures of Z-2 USB readers
    ("55007EE424", b"Em-Marine[5500] 126,58404\r\n"),
    ("170009593F", b"Em-Marine[1700] 009,22847\r\n"),
    ("2C0052328D", b"Em-Marine[2C00] 082,12941\r\n"),
]
CARD = bytes.fromhex("6F007B3972")


@pytest.mark.parametrize(("card", "frame"), FRAMES)
def test_an_rdm6300_frame_is_that_of_the_data_sheet(card: str, frame: bytes) -> None:
    assert rdm6300_frame(bytes.fromhex(card)) == frame


@pytest.mark.parametrize(("card", "line"), LINES)
def test_an_ironlogic_line_is_that_of_the_captures(card: str, line: bytes) -> None:
    assert ironlogic_line(bytes.fromhex(card)) == line


class Box:
    """Whoever sits at the other end of the line: hears, and shows a light when it was told."""

    def __init__(self, reader: CardReader) -> None:
        reader.line.plug()
        self.port = serial.Serial(str(reader.line.link), timeout=0)
        self.heard = b""
        self._reader = reader
        asyncio.get_running_loop().add_reader(self.port.fileno(), self._hear)

    def _hear(self) -> None:
        self.heard += self.port.read(4096)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.port.fileno())
        self.port.close()
        self._reader.line.unplug()


async def test_a_held_card_is_repeated_and_two_cards_never_mix(tmp_path: Path) -> None:
    reader = CardReader("r", tmp_path / "r", "em4100")
    box = Box(reader)
    began_s = asyncio.get_running_loop().time()
    for card in (CARD, bytes.fromhex("62E3086CED")):
        assert await reader.show(card, 0.01) == ""  # a child in a hurry
    times = round(HELD_S / REPEAT_S)
    expected = FRAMES[2][1] * times + FRAMES[0][1] * times
    await until(lambda: len(box.heard) == len(expected))
    assert box.heard == expected
    assert asyncio.get_running_loop().time() - began_s >= HELD_S
    box.close()


async def test_an_ironlogic_reader_says_when_the_card_is_away(tmp_path: Path) -> None:
    reader = CardReader("r", tmp_path / "r", "ironlogic")
    box = Box(reader)
    await reader.show(bytes.fromhex("55007EE424"), 0.1)
    await until(lambda: box.heard.endswith(b"No card\r\n"))
    assert box.heard == LINES[0][1] + b"No card\r\n"
    box.close()


@pytest.mark.parametrize(("written", "light"), [(b"G\n", "G"), (b"W\n", "W"), (b"R\n", "R"), (b"W\nG\n", "G")])
async def test_the_light_that_comes_is_told_with_its_time(tmp_path: Path, written: bytes, light: str) -> None:
    reader = CardReader("r", tmp_path / "r", "ironlogic")
    box = Box(reader)
    showing = asyncio.create_task(reader.show(CARD, 10))
    await until(lambda: box.heard.endswith(b"\r\n"))
    box.port.write(written)
    assert await showing == light == reader.last_light
    assert len(reader.latency_ms) == 1
    assert 0 <= reader.latency_ms[0] < 5_000
    box.close()


async def test_a_light_that_nobody_waits_for_is_nobody_s(tmp_path: Path) -> None:
    reader = CardReader("r", tmp_path / "r", "ironlogic")
    box = Box(reader)
    heard = []
    seen, reader.line.on_data = reader.line.on_data, lambda data: (heard.append(data), seen and seen(data))
    box.port.write(b"G\n")
    await until(lambda: heard)
    assert await reader.show(CARD, 0.05) == ""
    assert reader.latency_ms == []
    box.close()


async def test_that_an_incident_waits_is_no_light_of_a_card(tmp_path: Path) -> None:
    reader = CardReader("r", tmp_path / "r", "ironlogic")
    box = Box(reader)
    showing = asyncio.create_task(reader.show(CARD, 10))
    await until(lambda: box.heard.endswith(b"\r\n"))
    box.port.write(b"!\n")
    await until(lambda: reader.alerts == 1)
    assert not showing.done()
    box.port.write(b"G\n!\n")
    assert await showing == "G"
    box.close()
