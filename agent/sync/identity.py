"""The box's own Ed25519 key: made here, on disk before it is used, never leaves.

Raises  AgentError T-111 if the file cannot be made or read, or is no such key.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import AgentError
from agent.private_file import write_private
from agent.sync.trust import key_id

FILE = "identity.pem"


class Identity:
    """Signs for the box."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        self._key_id = key_id(self.public)

    @property
    def public_base64(self) -> str:
        return base64.b64encode(self.public).decode()

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def properties(self, text: bytes, statement: Sequence[str] = ()) -> dict[str, str]:
        """The user properties of the message whose signed text this is; `statement` are that text's last lines."""
        signature = base64.b64encode(self.sign(text)).decode()
        return {"key": self._key_id, "sig": signature} | dict(line.split("=", 1) for line in statement)


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(path, pem)


def load_identity(directory: Path) -> Identity:
    """Read the key of a state directory, making it first if there is none."""
    path = directory / FILE
    do = "Give it to the agent's user, mode 0600; if it is lost, enrol the box again."
    try:
        if not path.exists():
            _make(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AgentError("T-111", f"{os.fspath(path)} cannot be used: {error}", do=do) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AgentError("T-111", f"{os.fspath(path)} holds another kind of key", do=do)
    return Identity(key)
