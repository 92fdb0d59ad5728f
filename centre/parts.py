"""A part of a sealed file as it arrives, and where its bytes belong. Pure; docs/protocol.md, section 15.

Bytes are kept in ranges that never overlap: what came first stays, and the hash of the whole decides in the end.
Raises  Refused for what gets no receipt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from centre.wire import EVIDENCE_MAX, PART_MAX, Refused, verify

NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
HASH = re.compile(r"[0-9a-f]{64}")
Range = tuple[int, int]  # first and last byte


class Part(msgspec.Struct, frozen=True):
    """Some bytes of one sealed file, signed by its school's box."""

    school: str
    name: str  # the id of the evidence
    sha256: str  # of the whole file
    size: int  # of the whole file
    first: int
    body: bytes

    @property
    def last(self) -> int:
        return self.first + len(self.body) - 1


def judge_part(school: str, name: str, topic: str, payload: bytes, properties: dict[str, str], public: bytes) -> Part:
    """Check a part. Raises Refused."""
    if len(payload) > PART_MAX:
        raise Refused("oversized")
    if "encoding" in properties:
        raise Refused("unknown_encoding")  # sealed bytes cannot be compressed
    sha256, size, first = (properties.get(key, "") for key in ("sha256", "bytes", "offset"))
    if not HASH.fullmatch(sha256) or not NUMBER.fullmatch(size) or not NUMBER.fullmatch(first):
        raise Refused("bad_range")
    if not 0 < int(size) <= EVIDENCE_MAX or not payload or int(first) + len(payload) > int(size):
        raise Refused("bad_range")
    statement = (f"sha256={sha256}", f"bytes={size}", f"offset={first}")
    verify(public, "evidence", topic, payload, properties, statement)
    return Part(school, name, sha256, int(size), int(first), payload)


def fresh(part: Part, stored: Sequence[Range]) -> list[tuple[int, bytes]]:
    """What of a part is not stored yet: first byte, and the bytes. `stored`: ascending, apart from each other."""
    found: list[tuple[int, bytes]] = []
    at = part.first
    for first, last in [*stored, (part.last + 1, part.last + 1)]:
        if last < at:
            continue
        end = min(first, part.last + 1)
        if at < end:
            found.append((at, part.body[at - part.first : end - part.first]))
        at = max(at, last + 1)
        if at > part.last:
            break
    return found


def joined(pieces: Sequence[Range]) -> list[Range]:
    """Neighbours made one; `pieces` ascending, apart from each other."""
    found: list[Range] = []
    for first, last in pieces:
        if found and found[-1][1] + 1 == first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found
