"""The form in which an event is kept once its child is forgotten, and whether another event is the same. Pure.

What stays: everything but `pupil` and `salt`. Where there was a salt, `who` stands in their place, as in the ledger's
entry: so the entry, its hash and its money are what they were, and nobody can say any more whose they are.
No hash of the former bytes is kept: with a school's list of pupils it would give the child away. A resend is known by
being forgotten in the same way.
"""

from __future__ import annotations

from typing import Any

import msgspec

from centre.ledger_entry import UNREADABLE, without_child

MARK = '"erased":true'
_attributes = msgspec.json.Decoder(dict[str, msgspec.Raw])
_data = msgspec.json.Decoder(dict[str, Any])


def erased(body: str) -> str:
    """Raises one of UNREADABLE for what has no such form."""
    event = _attributes.decode(body)
    data = _data.decode(event["data"]) if "data" in event else {}
    if "salt" in data:
        data = without_child(data)
    elif "pupil" in data:
        data["pupil"] = ""
    event |= {"data": msgspec.Raw(msgspec.json.encode(data)), "erased": msgspec.Raw(b"true")}
    return msgspec.json.encode(event).decode()


def is_same(kept: str, body: str) -> bool:
    """Whether what comes again is what is kept, in its form from before or after the erasure."""
    if kept == body:
        return True
    if MARK not in kept:
        return False
    try:
        return erased(body) == kept
    except UNREADABLE:
        return False


def names(body: str, pupil: str) -> bool:
    """Whether an event is of this child."""
    try:
        data = _data.decode(_attributes.decode(body)["data"])
    except (KeyError, *UNREADABLE):
        return False
    return data.get("pupil") == pupil
