"""Which keys an OSDP reader may know, in the order in which they are tried. Pure; shows none of them."""

from __future__ import annotations

import re
from enum import Enum

import msgspec

from drivers.driver import Secret

KEY = re.compile(r"[0-9A-Fa-f]{32}")


class Way(Enum):
    """With which key."""

    NOW = "now"
    BEFORE = "before"  # then the key of now is written into the reader
    INSTALL = "install"  # the default key of a new reader, which is known to all; likewise


class Keys(msgspec.Struct, frozen=True):
    """What a reader may know."""

    now: bytes
    before: bytes | None = None
    install: bool = False

    def ways(self) -> list[Way]:
        before = [Way.BEFORE] if self.before not in (None, self.now) else []
        return [Way.NOW, *before, *([Way.INSTALL] if self.install else [])]

    def __repr__(self) -> str:
        return "Keys(…)"


def keys_of(secret: Secret, *, install: bool) -> Keys | None:
    """None if the secret is no key of 32 hex digits."""
    now = _key(secret.now)
    return None if now is None else Keys(now, _key(secret.before), install)


def _key(text: str) -> bytes | None:
    digits = text.replace(" ", "").replace(":", "")
    return bytes.fromhex(digits) if KEY.fullmatch(digits) else None
