"""The school's card key: 32 random bytes in the state directory, made once, readable by the agent alone.

Raises  AgentError T-110 if it cannot be read or has another size.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from agent.errors import AgentError
from agent.private_file import write_private

KEY_BYTES = 32


def load_card_key(path: Path) -> bytes:
    """Read the key, making it first if there is none. The new key is on disk when this returns."""
    if not path.exists():
        write_private(path, secrets.token_bytes(KEY_BYTES))
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
