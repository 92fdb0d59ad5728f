"""The numbers of a card: every way in which vendors print them, and the Wiegand frames that carry them. Pure.

A number is upper-case hex of all the bytes that the chip sends, most significant first; short prints are derived,
never kept.
Source  EM4100 data sheet; ISO 14443-3 (UID); HID's Wiegand 26 format: even parity over the first half, odd over the
last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drivers.readings import CardForm

HEX_DIGITS = {
    CardForm.EM4100: 10,
    CardForm.UID4: 8,
    CardForm.UID7: 14,
    CardForm.WIEGAND26: 6,
    CardForm.WIEGAND34: 8,
}


NO_NUMBER = ("08", "88")  # first bytes of four: drawn at random, as by a telephone; the begin of a longer one


def identifies(form: CardForm, card: str) -> bool:
    """Whether a number is always the same card's: not a random or a cascaded UID (ISO/IEC 14443-3)."""
    return form is not CardForm.UID4 or not card.startswith(NO_NUMBER)


def checked(form: CardForm, card: str) -> str:
    """The number itself. Raises ValueError if it is not one of this form."""
    if not re.fullmatch(f"[0-9A-F]{{{HEX_DIGITS[form]}}}", card):
        raise ValueError(f"{form.value} has {HEX_DIGITS[form]} hex digits")
    return card


def printed(form: CardForm, card: str) -> dict[str, str]:
    """What may stand on the card or in a vendor's program: name of the print -> text. Raises ValueError."""
    data = bytes.fromhex(checked(form, card))
    if form is CardForm.EM4100:
        return {
            "hex": card,
            "decimal, 10 digits": f"{int.from_bytes(data[1:], 'big'):010d}",
            "facility,number": _comma(data[2], data[3:]),
            "IronLogic": f"Em-Marine[{data[:2].hex().upper()}] {_comma(data[2], data[3:])}",
            "decimal of all bytes": f"{int.from_bytes(data, 'big')}",
        }
    if form is CardForm.UID4:
        return {
            "hex": card,
            "hex, reversed": data[::-1].hex().upper(),
            "decimal, first byte high": f"{int.from_bytes(data, 'big'):010d}",
            "decimal, first byte low": f"{int.from_bytes(data, 'little'):010d}",
            "facility,number": _comma(data[2], data[1::-1]),
        }
    if form is CardForm.UID7:
        return {
            "hex": card,
            "hex, reversed": data[::-1].hex().upper(),
            "IronLogic": f"Mifare[{(data[3:] + data[:3]).hex().upper()}]",
        }
    facility, number = data[0], data[1:]
    prints = {"hex": card, "decimal": f"{int.from_bytes(data, 'big'):010d}"}
    return prints | ({"facility,number": _comma(facility, number)} if form is CardForm.WIEGAND26 else {})


def from_comma(text: str) -> tuple[int, int]:
    """`123,14706` -> facility and number. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,3}),(\d{1,5})", text)
    if match is None or int(match[1]) > 0xFF or int(match[2]) > 0xFFFF:
        raise ValueError("not facility,number")
    return int(match[1]), int(match[2])


def from_wiegand(bits: Sequence[int]) -> str:
    """The number of a frame. Raises ValueError on a wrong length or parity."""
    data = list(bits[1:-1])
    half = len(data) // 2
    if len(bits) not in (26, 34) or bits[0] != sum(data[:half]) % 2 or bits[-1] != 1 - sum(data[half:]) % 2:
        raise ValueError("wrong length or parity")
    value = 0
    for bit in data:
        value = value << 1 | bit
    return f"{value:0{len(data) // 4}X}"


def _comma(facility: int, number: bytes) -> str:
    return f"{facility:03d},{int.from_bytes(number, 'big'):05d}"
