"""Seals a picture for those who may see it: age's format, X25519 recipients. The only file that imports pyrage.

The box has no key that opens what it has sealed.
Source  age-encryption.org/v1
Raises  AgentError E-105 for a recipient that is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pyrage  # type: ignore[import-untyped]

from agent.errors import AgentError


def seal(plain: bytes, recipients: Sequence[str]) -> bytes:
    """What each of the recipients can open, and nobody else. At least one recipient must be given."""
    return bytes(pyrage.encrypt(plain, [_recipient(text) for text in recipients]))


def fingerprint(recipient: str) -> str:
    """A short name for a recipient: first 16 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]


def usable(recipient: str) -> bool:
    """Whether a picture can be sealed for it."""
    try:
        _recipient(recipient)
    except AgentError:
        return False
    return True


def _recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise AgentError(
            "E-105",
            f"{text[:20]}… is no recipient that a picture can be sealed for: {error}",
            do="Tell the centre: publish `recipients` again with keys that begin with age1.",
        ) from error
