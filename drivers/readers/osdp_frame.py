"""OSDP frames on the wire: found whole in a stream of bytes, checked, told apart. Pure.

Wire    [FF] 53, address (bit 7 = from the reader), length LE of 53..check, control (bits 0-1 sequence, bit 2 CRC, bit
        3 a security block follows), [block, its first byte = its length], code, data, CRC-16 LE or one byte of sum.
Source  SIA OSDP 2.2 (IEC 60839-11-5) clauses 5.6 to 5.9; CRC: polynomial 1021, start 1D0F.
Not     what a frame says: libosdp keeps keys, sequence and secure channel (osdp_panel.py). It must be handed whole
        frames: the wheels of 3.2.x forget a frame that comes in parts.
"""

from __future__ import annotations

import binascii

import msgspec

SOM = 0x53
HEADER_BYTES = 5
FRAME_MIN, FRAME_MAX = 7, 256  # header, code and checksum; what libosdp's buffer takes
BUFFER_MAX = 2 * FRAME_MAX
BUSY = 0x79
FROM_READER, WITH_CRC, WITH_BLOCK = 0x80, 0x04, 0x08


class Frame(msgspec.Struct, frozen=True):
    """One whole frame whose check is right."""

    data: bytes  # from 53 to the check

    @property
    def address(self) -> int:
        return self.data[1] & 0x7F

    @property
    def from_reader(self) -> bool:
        return bool(self.data[1] & FROM_READER)

    @property
    def sequence(self) -> int:
        return self.data[4] & 0x03

    @property
    def code(self) -> int:
        """Which command or reply; never encrypted."""
        block = self.data[HEADER_BYTES] if self.data[4] & WITH_BLOCK else 0
        return self.data[HEADER_BYTES + block] if HEADER_BYTES + block < len(self.data) else 0

    @property
    def secured(self) -> bool:
        """Whether it comes through the secure channel."""
        return bool(self.data[4] & WITH_BLOCK)

    def answers(self, command: Frame) -> bool:
        """Whether this is the reply to that command, not a late one or somebody else's. Only busy has no sequence."""
        right = self.sequence == command.sequence or (self.sequence == 0 and self.code == BUSY)
        return self.from_reader and self.address == command.address and right


def next_frame(buffer: bytearray) -> Frame | None:
    """Take the first whole frame out of the buffer, and what came before it; None if there is none yet.

    What cannot become one is dropped: the buffer keeps at most BUFFER_MAX bytes.
    """
    start = buffer.find(SOM)
    while start >= 0:
        length = _length(buffer, start)
        if length and _is_right(buffer[start : start + length]):
            frame = Frame(bytes(buffer[start : start + length]))
            del buffer[: start + length]
            return frame
        start = buffer.find(SOM, start + 1)
    if len(buffer) > BUFFER_MAX:
        del buffer[:-BUFFER_MAX]
    return None


def is_noise(data: bytes | bytearray) -> bool:
    """Whether bytes that are no frame say something: a line that turns around gives FF and 00."""
    return bool(data.strip(b"\xff\x00"))


def crc16(data: bytes | bytearray) -> int:
    return binascii.crc_hqx(data, 0x1D0F)  # in C: noise full of beginnings must not keep the bus from its readers


def _length(buffer: bytearray, start: int) -> int:
    """Of the frame that may begin there; 0 if none does, or if it is not whole yet."""
    if len(buffer) - start < FRAME_MIN:
        return 0
    length = buffer[start + 2] | buffer[start + 3] << 8
    return length if FRAME_MIN <= length <= FRAME_MAX and len(buffer) - start >= length else 0


def _is_right(frame: bytearray) -> bool:
    if frame[4] & WITH_CRC:
        return len(frame) > FRAME_MIN and crc16(frame[:-2]) == frame[-2] | frame[-1] << 8
    return sum(frame) & 0xFF == 0
