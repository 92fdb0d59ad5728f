"""OSDP questions: published frames, every address and speed, echoes, noise; a real reader answers (libosdp's own)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import SystemClock
from drivers.discovery import osdp_bus
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings
from drivers.discovery.osdp_bus import EVERYBODY, Identity, Reply, identity, question, replies
from drivers.readers.osdp_frame import BUFFER_MAX, crc16
from simulator.osdp_reader import OsdpBus
from simulator.serial_line import SerialLine
from tests.drivers.discovery.looked import Ticks, all_of, port_at

# libosdp's own tests (test-cp-phy.c): a poll to 0x65, and a reader's answer to osdp_ID.
POLL = bytes.fromhex("5365080004606090")
PDID = bytes.fromhex("53E514000445A1A2A3B1C1D1D2D3D4E1E2E3F8D9")
IDENTITY = bytes.fromhex("A1A2A3B1C1D1D2D3D4E1E2E3")


def framed(address: int, code: int, data: bytes = b"", *, control: int = 4) -> bytes:
    body = bytes((0x53, address)) + (8 + len(data)).to_bytes(2, "little") + bytes((control, code)) + data
    return body + crc16(body).to_bytes(2, "little")


def test_the_published_frames_have_our_crc() -> None:
    assert framed(0x65, 0x60) == POLL
    assert framed(0xE5, 0x45, IDENTITY) == PDID
    assert question(0x65) == framed(0x65, 0x61, b"\0")


CASES = [
    ("whole", [PDID], [0x65]),
    ("with a mark in front", [b"\xff" + PDID], [0x65]),
    ("one byte at a time", [bytes([byte]) for byte in PDID], [0x65]),
    ("after our own echo", [question(0x65) + PDID], [0x65]),
    ("after noise that looks like a beginning", [b"\x53\x01\xff\x00\x04" + PDID], [0x65]),
    ("after noise that promises a long frame", [b"\x53\x80\xc8\x00" + PDID], [0x65]),
    ("two at once", [PDID + framed(0x81, 0x41, b"\x05")], [0x65, 1]),
    ("cut short", [PDID[:-1]], []),
    ("a wrong CRC", [PDID[:-1] + b"\x00"], []),
    ("of another sequence", [framed(0xE5, 0x45, IDENTITY, control=5)], []),
    ("with a checksum instead", [framed(0xE5, 0x45, IDENTITY, control=0)], []),
    ("a question of another control panel", [POLL], []),
]


@pytest.mark.parametrize(("pieces", "addresses"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_only_whole_replies_to_us_are_read(pieces: list[bytes], addresses: list[int]) -> None:
    buffer, found = bytearray(), []
    for piece in pieces:
        buffer += piece
        found += replies(buffer)
    assert [reply.address for reply in found] == addresses


@given(st.lists(st.binary(max_size=600), max_size=8))
def test_noise_never_crashes_and_is_not_kept(pieces: list[bytes]) -> None:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        list(replies(buffer))
        assert len(buffer) <= BUFFER_MAX


@given(st.binary(max_size=60), st.integers(0, 126))
def test_a_reply_is_found_behind_any_noise(noise: bytes, address: int) -> None:
    found = list(replies(bytearray(noise + framed(address | 0x80, 0x45, IDENTITY))))
    assert found[-1:] == [Reply(address, 0x45, IDENTITY)]


@given(st.binary(max_size=30))
def test_an_identity_has_twelve_bytes(data: bytes) -> None:
    assert (identity(data) is None) == (len(data) != 12)


def test_the_published_identity_is_read() -> None:
    assert identity(IDENTITY) == Identity("A1A2A3", 0xB1, 0xC1, 0xD4D3D2D1, "225.226.227")


class Bus:
    """Answers to questions by their address; records what was asked."""

    def __init__(self, link: Path, answer: Callable[[int], bytes]) -> None:
        self.line = SerialLine(link, baud=115_200, on_data=self._hear)
        self.asked: list[int] = []
        self._answer = answer

    def _hear(self, data: bytes) -> None:
        assert data == question(data[1])
        self.asked.append(data[1])
        reply = self._answer(data[1])
        if reply:
            self.line.send(reply)


@pytest.fixture
async def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    monkeypatch.setattr(osdp_bus, "ANSWER_S", 0.05)
    found = Bus(tmp_path / "ttyUSB0", lambda address: b"")
    found.line.plug()
    yield found
    found.line.unplug()


async def look(bus: Bus, ticks: Ticks | None = None) -> list[Found]:
    return await all_of(osdp_bus.look(port_at(bus.line.link), SystemClock(), ticks or Ticks()))


def readers(*addresses: int) -> Callable[[int], bytes]:
    return lambda asked: framed(asked | 0x80, 0x45, IDENTITY) if asked in addresses else b""


async def test_readers_are_found_by_their_addresses(bus: Bus) -> None:
    bus._answer = readers(0, 5)
    ticks = Ticks()
    first, second = await look(bus, ticks)
    link = str(bus.line.link)
    assert (first.kind, first.sure, first.why, first.code) == (Kind.READER, Sure.CERTAIN, Why.ANSWER, "")
    assert first.proposal == Proposal(
        kind="reader", driver="osdp", settings=settings(port=link, address=0), secrets=("key",), remark="osdp"
    )
    who = "maker A1A2A3, model 177, serial 3570651857, firmware 225.226.227"
    assert first.what == f"OSDP reader, address 0, 9600 baud, {who}"
    assert "address 5" in second.what
    assert bus.asked == list(range(8))  # nobody else needs to be asked
    assert ticks.went_on()


async def test_real_readers_are_found_with_a_key_and_without(tmp_path: Path) -> None:
    """libosdp's own device side; it answers who it is before any secure channel."""
    bus = OsdpBus(tmp_path, "bus")
    bus.add("gate", 0, bytes(range(16)))
    bus.add("canteen", 3, b"")
    await bus.start()
    try:
        found = await all_of(osdp_bus.look(port_at(bus.line.link), SystemClock(), Ticks()))
    finally:
        await bus.stop()
    told = [one.proposal.settings[1] for one in found if one.proposal]
    assert told == [*settings(address=0), *settings(address=3)]


async def test_a_reader_that_refuses_is_a_reader(bus: Bus) -> None:
    bus._answer = lambda asked: framed(0x83, 0x41, b"\x06") if asked == 3 else b""
    (found,) = await look(bus)
    assert "address 3" in found.what


async def test_a_reader_beyond_the_first_eight_is_searched_where_one_answers_to_all(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(osdp_bus.FAR_ADDRESSES) == list(range(8, 127))
    monkeypatch.setattr(osdp_bus, "FAR_ADDRESSES", (19, 20, 21))
    bus._answer = lambda asked: readers(20)(asked) or (framed(0xFF, 0x45, IDENTITY) if asked == EVERYBODY else b"")
    (found,) = await look(bus)
    assert "address 20" in found.what
    assert bus.asked[:9] == [*range(8), EVERYBODY]


async def test_a_reader_that_tells_its_address_to_all_is_taken_at_its_word(bus: Bus) -> None:
    bus._answer = lambda asked: framed(0x80 | 99, 0x45, IDENTITY) if asked == EVERYBODY else b""
    (found,) = await look(bus)
    assert "address 99" in found.what
    assert len(bus.asked) == 9


async def test_a_reader_without_an_address_of_its_own_is_told(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_bus, "FAR_ADDRESSES", (8, 9))
    bus._answer = lambda asked: framed(0xFF, 0x45, IDENTITY) if asked == EVERYBODY else b""
    (found,) = await look(bus)
    assert (found.code, found.proposal) == ("X-107", None)


async def test_the_answer_of_another_address_is_no_answer(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_bus, "BAUDS", (9600,))
    bus._answer = lambda asked: framed(0x80 | 6, 0x45, IDENTITY) if asked == 2 else b""
    assert await look(bus) == []


async def test_a_silent_line_is_asked_at_each_speed_and_left_alone(bus: Bus) -> None:
    ticks = Ticks()
    assert await look(bus, ticks) == []
    assert bus.asked == [*range(8), EVERYBODY] * len(osdp_bus.BAUDS)
    assert ticks.went_on()


async def test_a_babbling_line_ends_in_time(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osdp_bus, "BAUDS", (9600,))
    bus._answer = lambda asked: b"\x53\x80\x10\x00" * 50
    assert await look(bus) == []


async def test_a_port_that_is_gone_is_told(tmp_path: Path) -> None:
    (found,) = await all_of(osdp_bus.look(port_at(tmp_path / "none"), SystemClock(), Ticks()))
    assert (found.kind, found.code) == (Kind.PORT, "P-101")


async def test_a_plug_pulled_meanwhile_is_told(bus: Bus) -> None:
    def pull(_asked: int) -> bytes:
        asyncio.get_running_loop().call_soon(bus.line.unplug)
        return b""

    bus._answer = pull
    (found,) = await look(bus)
    assert found.code in ("P-101", "P-104")
