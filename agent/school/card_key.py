"""The school's card key: 32 random bytes in the state directory, made once, readable by the agent alone.

Raises  AgentError T-110 if it cannot be read or has another size.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from agent.errors import AgentError

KEY_BYTES = 32


def load_card_key(path: Path) -> bytes:
    """Read the key, making it first if there is none. The new key is on disk when this returns."""
    if not path.exists():
        _create(path)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise AgentError(
            "T-110", f"{path} cannot be read: {error}", do="Give it to the agent's user, mode 0600."
        ) from error
    if len(key) != KEY_BYTES:
        raise AgentError(
            "T-110",
            f"{path} has {len(key)} bytes instead of {KEY_BYTES}",
            do="Restore it from the centre; do not delete it.",
        )
    return key


def _create(path: Path) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secrets.token_bytes(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    os.rename(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
