"""Datasets as a centre makes them for one box."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyrage

CARD_KEY = bytes(range(32))
PUPIL = "0123456789abcdef"
CARD = "5f2b0c6a9d1e4c37a8b60f1d2e3c4b5a"
CARDS: dict[str, Any] = {
    "card_key": base64.b64encode(CARD_KEY).decode(),
    "classes": [{"name": "5А"}],
    "pupils": [{"pupil": PUPIL, "class": "5А", "cards": [CARD]}],
}
CALENDAR: dict[str, Any] = {
    "utc_offset_min": 300,
    "first": "2026-09-01",
    "last": "2027-05-25",
    "weekdays": [1, 2, 3, 4, 5],
    "shifts": [{"shift": 1, "bells": [{"lesson": 1, "starts": "08:00", "ends": "08:45"}]}],
}


def sealed(content: object, recipient: str) -> bytes:
    """For one box."""
    plain = content if isinstance(content, bytes) else json.dumps(content).encode()
    return bytes(pyrage.encrypt(plain, [pyrage.x25519.Recipient.from_str(recipient)]))


def stranger() -> str:
    """The recipient of a box that is not there."""
    return str(pyrage.x25519.Identity.generate().to_public())
