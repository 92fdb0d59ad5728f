"""Frames as libosdp makes them: whole, in pieces, in noise; never a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.readers.osdp_frame import BUFFER_MAX, Frame, crc16, is_noise, next_frame

POLL = bytes.fromhex("530008000460")
POLL += crc16(POLL).to_bytes(2, "little")
CHALLENGE = bytes.fromhex("530113000e03110176d764c8cce9323a5b")  # captured of libosdp 3.2.9; with a security block
CHALLENGE += crc16(CHALLENGE).to_bytes(2, "little")
SUMMED = bytes.fromhex("538007000140")
SUMMED += bytes([-sum(SUMMED) & 0xFF])
FRAMES = [POLL, CHALLENGE, SUMMED]


def frames(buffer: bytearray) -> list[bytes]:
    return [frame.data for frame in iter(lambda: next_frame(buffer), None)]


def test_the_crc_is_that_of_the_standard() -> None:
    assert crc16(b"123456789") == 0xE5CC  # CRC-16/SPI-FUJITSU (AUG-CCITT), reveng catalogue


@pytest.mark.parametrize("data", FRAMES, ids=bytes.hex)
def test_a_frame_is_found_whole_in_pieces_and_in_noise(data: bytes) -> None:
    assert frames(bytearray(data)) == [data]
    assert frames(bytearray(b"\xff\xff" + data)) == [data]
    assert frames(bytearray(b"\x00S\x53\x01" + data)) == [data]
    buffer = bytearray()
    for byte in data[:-1]:
        buffer.append(byte)
        assert next_frame(buffer) is None
    buffer.append(data[-1])
    assert frames(buffer) == [data]
    assert buffer == b""


@pytest.mark.parametrize(
    ("data", "address", "from_reader", "sequence", "code"),
    [(POLL, 0, False, 0, 0x60), (CHALLENGE, 1, False, 2, 0x76), (SUMMED, 0, True, 1, 0x40)],
)
def test_what_a_frame_tells(data: bytes, address: int, from_reader: bool, sequence: int, code: int) -> None:
    frame = Frame(data)
    assert (frame.address, frame.from_reader, frame.sequence, frame.code) == (address, from_reader, sequence, code)


@pytest.mark.parametrize("data", FRAMES, ids=bytes.hex)
@given(at=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_changed_byte_is_no_frame(data: bytes, at: int, flip: int) -> None:
    """Where the byte says which check follows, one wrong frame in 256 has the right sum; the channel's MAC finds it."""
    assume(at % len(data) != 4 or not flip & 0x04)
    wrong = bytearray(data)
    wrong[at % len(data)] ^= flip
    assert frames(wrong) == []


def reply(address: int, sequence: int, code: int = 0x40) -> Frame:
    return Frame(bytes([0x53, 0x80 | address, 8, 0, 4 | sequence, code, 0, 0]))


@pytest.mark.parametrize(
    ("answer", "is_it"),
    [
        (reply(1, 2), True),
        (reply(1, 0, 0x79), True),  # busy
        (reply(1, 0), False),  # late, of a handshake before
        (reply(1, 1), False),  # late
        (reply(2, 2), False),  # of another reader
        (Frame(CHALLENGE), False),  # our own, heard back
    ],
)
def test_only_the_answer_is_the_answer(answer: Frame, is_it: bool) -> None:
    assert answer.answers(Frame(CHALLENGE)) is is_it


def test_an_idle_line_is_no_noise() -> None:
    assert not is_noise(b"\xff\x00\xff")
    assert is_noise(b"\xff\x01")


@given(st.lists(st.binary(max_size=300) | st.sampled_from([*FRAMES, b"\x53", b"\x53\x80\x00\x01\x04"]), max_size=20))
def test_no_bytes_make_it_fail_or_grow(pieces: list[bytes]) -> None:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        for frame in frames(buffer):
            assert frame[0] == 0x53
            assert Frame(frame).code >= 0
        assert len(buffer) <= BUFFER_MAX
