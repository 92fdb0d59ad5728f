"""Listening: the format of a reader is told by its bytes, over ptys; another speed is tried; nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.discover_languages import languages
from agent.clock import SystemClock
from drivers.discovery import listening
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings
from drivers.discovery.listening import Ear
from simulator.card_reader import CardReader, ironlogic_line, rdm6300_frame
from simulator.smoke_sensor import SmokeSensor
from tests.drivers.discovery.looked import Ticks, all_of, is_open, port_at

CARD = bytes.fromhex("6F007B3972")
EM = rdm6300_frame(CARD)
LINE = ironlogic_line(CARD)


LANGUAGES = languages()


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[CardReader]:
    found = CardReader("canteen", tmp_path / "ttyUSB0", "em4100")
    found.line.plug()
    yield found
    found.line.unplug()


async def listen(reader: CardReader, seconds: float = 5.0, ticks: Ticks | None = None) -> Found:
    (found,) = await all_of(
        listening.look(port_at(reader.line.link), LANGUAGES, SystemClock(), seconds, ticks or Ticks())
    )
    return found


async def say(reader: CardReader, *pieces: bytes) -> None:
    """Send when somebody listens, each piece again and again as a person shows a card again."""
    while True:
        for piece in pieces:
            await asyncio.sleep(0.05)
            reader.line.send(piece)


async def heard(reader: CardReader, *pieces: bytes, seconds: float = 5.0) -> Found:
    talk = asyncio.create_task(say(reader, *pieces))
    try:
        return await listen(reader, seconds)
    finally:
        talk.cancel()


@pytest.mark.parametrize(("frame", "format_"), [(EM, "em4100"), (LINE, "ironlogic")])
async def test_the_format_is_told_by_a_card(reader: CardReader, frame: bytes, format_: str) -> None:
    found = await heard(reader, frame)
    link = str(reader.line.link)
    assert (found.kind, found.sure, found.why, found.code) == (Kind.READER, Sure.CERTAIN, Why.CARD, "")
    told = settings(port=link, format=format_)
    assert found.proposal == Proposal(kind="reader", driver="serial_ascii", settings=told)


async def test_the_number_of_the_card_is_told_nowhere(reader: CardReader) -> None:
    assert "6F007B3972" not in repr(await heard(reader, EM))


async def test_a_smoke_board_is_heard_without_a_card(tmp_path: Path) -> None:
    board = SmokeSensor(tmp_path / "ttyUSB0", zones=1, beat_s=0.05)
    board.plug()
    try:
        (found,) = await all_of(listening.look(port_at(board.line.link), LANGUAGES, SystemClock(), 5, Ticks()))
    finally:
        board.unplug()
    assert (found.kind, found.why, found.sure) == (Kind.PANEL, Why.HEARD, Sure.CERTAIN)
    told = settings(port=str(board.line.link), zones=settings(**{"1": "zone 1"}))
    assert found.proposal == Proposal(kind="sensor", driver="serial_smoke", settings=told, remark="zones")


async def test_a_readers_word_without_a_card_does_not_change_the_speed(reader: CardReader) -> None:
    task = asyncio.create_task(listen(reader))
    await is_open(reader.line.link)
    reader.line.send(b"No card\r\n")
    await asyncio.sleep(1.5 * listening.PAUSE_S)
    reader.line.send(LINE)
    found = await task
    assert found.proposal is not None
    assert "baud" not in [one.key for one in found.proposal.settings]


async def test_another_speed_is_tried_after_bytes_that_nobody_understands(
    reader: CardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pty has no speed: garbage stands for a card at the wrong one."""
    monkeypatch.setattr(listening, "PAUSE_S", 0.02)
    found = await heard(reader, b"\xf8\x80\x3f\x9c", EM)
    assert found.proposal is not None
    (baud,) = [one.value for one in found.proposal.settings if one.key == "baud"]
    assert baud in listening.BAUDS[1:]


async def test_a_glitch_of_the_plug_does_not_change_the_speed(reader: CardReader) -> None:
    task = asyncio.create_task(listen(reader))
    await is_open(reader.line.link)
    reader.line.send(b"\x00\xff")
    await asyncio.sleep(1.5 * listening.PAUSE_S)
    reader.line.send(EM)
    found = await task
    assert found.proposal is not None
    assert "baud" not in [one.key for one in found.proposal.settings]


async def test_bytes_that_nobody_understands_are_shown(reader: CardReader) -> None:
    ticks = Ticks()
    task = asyncio.create_task(listen(reader, 0.5, ticks))
    await is_open(reader.line.link)
    reader.line.send(b"\x1b[2Jhello")
    found = await task
    assert (found.kind, found.why, found.code) == (Kind.PORT, Why.HEARD, "X-106")
    assert b"\x1b[2Jhello".hex() in found.fact
    assert found.fact.isprintable()
    assert ticks.went_on()


async def test_silence_is_told(reader: CardReader) -> None:
    found = await listen(reader, 0.1)
    assert (found.why, found.code, found.proposal) == (Why.SILENT, "X-105", None)


async def test_a_device_that_never_pauses_is_not_listened_to_for_ever(
    reader: CardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARD_MOST", 64)
    found = await heard(reader, b"x" * 40, seconds=0.5)
    assert found.code == "X-106"
    assert len(found.fact) < 200


async def test_a_port_that_is_gone_is_told(tmp_path: Path) -> None:
    (found,) = await all_of(listening.look(port_at(tmp_path / "none"), LANGUAGES, SystemClock(), 1, Ticks()))
    assert (found.kind, found.code) == (Kind.PORT, "P-101")


async def test_a_plug_pulled_meanwhile_is_told(reader: CardReader) -> None:
    task = asyncio.create_task(listen(reader))
    await is_open(reader.line.link)
    reader.line.unplug()
    assert (await task).code in ("P-101", "P-104")


async def test_nothing_is_ever_written(reader: CardReader) -> None:
    written: list[bytes] = []
    reader.line.on_data = written.append
    await heard(reader, b"\x00\xff", seconds=0.6)
    assert written == []


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_noise_is_a_card_and_no_buffer_grows(pieces: list[bytes]) -> None:
    ear = Ear(LANGUAGES)
    for piece in pieces:
        assert ear.hear(piece) is None
    assert all(len(buffer) <= 100 for _, buffer in ear._buffers)
    assert len(ear.first) <= listening.SHOWN_BYTES


@given(st.integers(1, 40))
def test_a_card_cut_anywhere_is_read(size: int) -> None:
    ear = Ear(LANGUAGES)
    pieces = [EM[at : at + size] for at in range(0, len(EM), size)]
    read = [heard.language.words for piece in pieces if (heard := ear.hear(piece)) and heard.language]
    assert read == ["em4100"]
