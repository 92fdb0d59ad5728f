"""The units that the H.264 and H.265 pictures in a ring are made of.

Wire    after start codes (ITU-T H.264 and H.265, annex B): as cameras send them, and as the reader makes those of a
        file. Parameter sets of a file may be in a record of their own (ISO/IEC 14496-15: avcC, hvcC).
Shape   bytes in, units without start code or length out. Damage gives fewer units, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.cameras.ring import START_CODE, Form

AVC_HEAD, HEVC_HEAD = 5, 22  # bytes before the first count of parameter sets
HEAD_BYTES = {"h264": 1, "hevc": 2}  # of a unit: a shorter one is none


def units(form: Form, data: bytes) -> list[bytes]:
    """Of one picture."""
    least = HEAD_BYTES.get(form.codec, 1)
    return [unit for unit in after_start_codes(data) if len(unit) > least]


def parameter_units(form: Form) -> list[bytes]:
    """VPS, SPS, PPS: what a decoder must have before the first picture."""
    if not is_record(form.parameters):
        return [unit for unit in after_start_codes(form.parameters) if unit]
    return list(_of_avc(form.parameters) if form.codec == "h264" else _of_hevc(form.parameters))


def kind_of(codec: str, unit: bytes) -> int:
    """nal_unit_type."""
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def is_record(parameters: bytes) -> bool:
    """Start codes begin with zeros, a record with its version."""
    return parameters[:1] == b"\x01"


def after_start_codes(data: bytes) -> Iterator[bytes]:
    at = data.find(START_CODE)
    while at >= 0:
        end = data.find(START_CODE, at + 3)
        yield data[at + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
        at = end


def _of_avc(record: bytes) -> Iterator[bytes]:
    at = AVC_HEAD
    for mask in (0x1F, 0xFF):  # how many SPS, then how many PPS
        if at >= len(record):
            return
        count, at = record[at] & mask, at + 1
        for _ in range(count):
            unit, at = _sized(record, at)
            if unit:
                yield unit


def _of_hevc(record: bytes) -> Iterator[bytes]:
    at = HEVC_HEAD
    arrays, at = (record[at], at + 1) if at < len(record) else (0, at)
    for _ in range(arrays):
        count, at = int.from_bytes(record[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            if at >= len(record):
                return
            unit, at = _sized(record, at)
            if unit:
                yield unit


def _sized(record: bytes, at: int) -> tuple[bytes, int]:
    """A unit after two bytes of length, and where it ends."""
    length = int.from_bytes(record[at : at + 2], "big")
    return record[at + 2 : at + 2 + length], at + 2 + length
