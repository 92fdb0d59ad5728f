"""The bits of a card as an OSDP reader reports them -> the card's number and its form. Pure.

26 and 34 bits are Wiegand frames: their two parity bits are checked and dropped. 32 and 56 bits are UIDs as they are.
Any other length is no card that anybody could look up: it is told by its length, never guessed.
Source  SIA OSDP 2.2, osdp_RAW: bits packed from the top bit of the first byte; HID's Wiegand 26 format.
"""

from __future__ import annotations

import msgspec

from drivers import cards
from drivers.readings import CardForm

WIEGAND = {26: CardForm.WIEGAND26, 34: CardForm.WIEGAND34}
UID = {32: CardForm.UID4, 56: CardForm.UID7}


class Card(msgspec.Struct, frozen=True):
    """A card's number in one form."""

    card: str
    form: CardForm


def read(bits: int, data: bytes) -> Card | str:
    """A card, or what is wrong with it, without its digits."""
    if len(data) * 8 < bits or not (bits in WIEGAND or bits in UID):
        return f"a card of {bits} bits"
    if not any(data):
        return f"{bits} bits, all zero"  # no chip has this number: it is what a broken antenna looks like
    if bits in UID:
        return Card(data[: bits // 8].hex().upper(), UID[bits])
    try:
        return Card(cards.from_wiegand(unpacked(bits, data)), WIEGAND[bits])
    except ValueError:
        return f"{bits} bits with wrong parity"


def unpacked(bits: int, data: bytes) -> list[int]:
    return [data[number >> 3] >> (7 - (number & 7)) & 1 for number in range(bits)]
