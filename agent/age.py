"""Age's format, X25519: seals pictures for those who may see them, opens what the centre has sealed for this box.

The only file that imports pyrage. The box has no key that opens its pictures.
Source  age-encryption.org/v1
Raises  AgentError E-105 for a recipient that is none, T-112 for a key file that cannot be used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]

from agent.errors import AgentError
from agent.private_file import write_private

HEADER = b"age-encryption.org/v1\n"


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


class Unopened(ValueError):
    """A sealed file is not for this key, or is damaged."""


class AgeKey:
    """The box's own key: what is sealed for its recipient only this box can open."""

    def __init__(self, identity: Any) -> None:
        self._identity = identity
        self.recipient = str(identity.to_public())

    def open(self, sealed: bytes) -> bytes:
        """The content. Raises Unopened."""
        try:
            return bytes(pyrage.decrypt(sealed, [self._identity]))
        except pyrage.DecryptError as error:
            raise Unopened(f"it is sealed for another box, or damaged: {error}") from error


def load_age_key(path: Path) -> AgeKey:
    """Read the key, making it first if there is none; a new one is on disk then. Raises AgentError T-112."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, str(pyrage.x25519.Identity.generate()).encode())
        return AgeKey(pyrage.x25519.Identity.from_str(path.read_text(encoding="ascii").strip()))
    except (OSError, ValueError, pyrage.IdentityError) as error:
        do = "Give it to the agent's user, mode 0600. If it is lost, remove it and tell the centre to publish again."
        raise AgentError("T-112", f"{path} cannot be used: {error}", do=do) from error
