"""An event as a leaf of the ledger: the bytes that are hashed, which tell everything but the child.

Entry   RFC 8785 canonical JSON of {"data", "time", "type"}. Where the data have a salt, `pupil` and `salt` are replaced
        by `who`, the SHA-256 of both: when a child's record is erased, the entry, its hash and its money stay.
Source  docs/ledger.md; RFC 8785 (data hold no floats, names are ASCII: sorted compact JSON is the canonical form)
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode


def entry_of(type_: str, time: str, data: dict[str, Any]) -> bytes:
    """The leaf's bytes of an event's own type, time and data. Raises ValueError for a salt that is no hex."""
    if "salt" in data:
        rest = {name: value for name, value in data.items() if name not in ("pupil", "salt")}
        data = rest | {"who": who(data["pupil"], data["salt"])}
    return _encode({"data": data, "time": time, "type": type_})


def who(pupil: str, salt: str) -> str:
    """What stands for a pupil: hex SHA-256 of the salt's bytes followed by the pupil's key. Raises ValueError."""
    return hashlib.sha256(bytes.fromhex(salt) + pupil.encode()).hexdigest()
