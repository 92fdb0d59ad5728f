"""The frame that a Wiegand reader sends, as the simulated readers make it: what `from_wiegand` is to read."""

from __future__ import annotations

from drivers.readers.osdp_card import unpacked
from simulator.osdp_reader import wiegand


def wiegand_bits(card: str) -> list[int]:
    """A 24- or 32-bit number with its two parity bits."""
    return unpacked(*wiegand(bytes.fromhex(card)))
