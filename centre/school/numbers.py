"""A card's number as printed -> each number that a reader may report of that card. Pure.

A reader reports a form: em4100 (all five bytes of the chip), uid4 and uid7 (in the order on the air, or reversed),
wiegand26 (24 bits), wiegand34 (32 bits). What a longer number holds is derived; what a shorter one lacks is not.
Source  EM4100 data sheet; ISO 14443-3; HID's Wiegand 26 format; docs/school-data.md has the table.
Raises  Wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from centre.school.cells import Wrong

FORMS = ("em4100", "wiegand26", "wiegand34", "uid4", "uid7")
TYPED = "A table program drops leading zeros and shortens long numbers: make the column text, then type it again."


class Reported(NamedTuple):
    """What a reader reports: a form, and upper-case hex digits."""

    form: str
    number: str


def reported(form: str, number: str) -> list[Reported]:
    """`form` as the file names it: one of PRINTS."""
    return sorted(set(PRINTS[form](re.sub(r"\s", "", number))))


def _em4100(text: str) -> Iterator[Reported]:
    if match := re.fullmatch(r"(?i:em-marine?)\[([0-9A-Fa-f]{4})\](\d{1,3},\d{1,5})", text):
        return _five(bytes.fromhex(match[1]) + _comma(match[2]))
    return _five(_hex(text, 5))


def _thirteen_digits(text: str) -> Iterator[Reported]:
    return _five(_decimal(text, 13, 5))


def _five(data: bytes) -> Iterator[Reported]:
    """All bytes of an EM4100 chip: a Wiegand reader sends the last four or three."""
    yield Reported("em4100", _not_zero(data).hex().upper())
    yield from _four(data[1:])


def _wiegand34(text: str) -> Iterator[Reported]:
    return _four(_not_zero(_hex(text, 4)))


def _ten_digits(text: str) -> Iterator[Reported]:
    return _four(_not_zero(_decimal(text, 10, 4)))


def _four(data: bytes) -> Iterator[Reported]:
    yield Reported("wiegand34", data.hex().upper())
    yield Reported("wiegand26", data[1:].hex().upper())


def _wiegand26(text: str) -> Iterator[Reported]:
    data = _comma(text) if "," in text else _hex(text, 3)
    yield Reported("wiegand26", _not_zero(data).hex().upper())


def _eight_digits(text: str) -> Iterator[Reported]:
    yield Reported("wiegand26", _not_zero(_decimal(text, 8, 3)).hex().upper())


def _facility_and_number(text: str) -> Iterator[Reported]:
    data = _comma(text if "," in text else f"{text[:3]},{text[3:]}")
    yield Reported("wiegand26", _not_zero(data).hex().upper())


def _uid4(text: str) -> Iterator[Reported]:
    if match := re.fullmatch(r"(?i:mifare)\[([0-9A-Fa-f]{8})\].*", text):
        return _uid(bytes.fromhex(match[1]))
    return _uid(_hex(text, 4))


def _uid4_ten_digits(text: str) -> Iterator[Reported]:
    return _uid(_decimal(text, 10, 4))


def _uid(data: bytes) -> Iterator[Reported]:
    """Four bytes in either order: both, for a reader may be set to the other one than the print."""
    for order in (_not_zero(data), data[::-1]):
        yield Reported("uid4", order.hex().upper())
        yield from _four(order)


def _uid7(text: str) -> Iterator[Reported]:
    """A Wiegand reader shortens seven bytes in its maker's own way: what it reports is given as wiegand34 beside it."""
    data = _not_zero(_hex(text, 7))
    yield Reported("uid7", data.hex().upper())
    yield Reported("uid7", data[::-1].hex().upper())


PRINTS: dict[str, Callable[[str], Iterator[Reported]]] = {
    "em4100": _em4100,
    "13d": _thirteen_digits,
    "10d": _ten_digits,
    "8d": _eight_digits,
    "3d5d": _facility_and_number,
    "wiegand34": _wiegand34,
    "wiegand26": _wiegand26,
    "uid4": _uid4,
    "uid4-10d": _uid4_ten_digits,
    "uid7": _uid7,
}


def _hex(text: str, size: int) -> bytes:
    digits = re.sub("[:-]", "", text)
    if not re.fullmatch(f"[0-9A-Fa-f]{{{size * 2}}}", digits):
        raise Wrong(f"has not {size * 2} hex digits", TYPED)
    return bytes.fromhex(digits)


def _decimal(text: str, digits: int, size: int) -> bytes:
    """Without its leading zeros it is the same number."""
    if not re.fullmatch(f"[0-9]{{1,{digits}}}", text) or int(text) >= 1 << size * 8:
        raise Wrong(f"is no decimal number of {size} bytes", TYPED)
    return int(text).to_bytes(size, "big")


def _comma(text: str) -> bytes:
    match = re.fullmatch(r"([0-9]{1,3}),([0-9]{1,5})", text)
    if match is None or int(match[1]) > 0xFF or int(match[2]) > 0xFFFF:
        raise Wrong("is no facility,number", "Write it as on the card: 123,14706.")
    return bytes([int(match[1])]) + int(match[2]).to_bytes(2, "big")


def _not_zero(data: bytes) -> bytes:
    if not any(data):
        raise Wrong("is zero: no chip has this number", "Read the card again.")
    return data
