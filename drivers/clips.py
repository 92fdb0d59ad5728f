"""What is asked of a camera that shall give a video, and what it tells when the video is whole.

Sealed  the camera's cell seals it for the recipients as it is written: it leaves the cell in sealed pieces only.
Moment  CLOCK_BOOTTIME, the same in every process of the machine.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PIECE_BYTES = 65_536  # of the sealed file, at a time; the last one is shorter
PIECES_AHEAD = 2  # that the daemon has not taken yet
CHUNK_BYTES, CHUNK_TAG_BYTES = 65_536, 16  # of age's format: each piece of the plain file, and what seals it
HEADER_BYTES, RECIPIENT_BYTES = 256, 256  # more than age writes before them

Seconds = Annotated[float, Meta(ge=-86_400, le=86_400)]


class ClipOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A video of the seconds around a moment."""

    at_ns: int  # the moment
    before_s: Seconds
    after_s: Seconds
    most_bytes: Annotated[int, Meta(ge=0)]  # of the sealed file
    recipients: tuple[str, ...]  # age; at least one


class ClipMade(msgspec.Struct, frozen=True, kw_only=True):
    """A video that was given whole."""

    plain_bytes: Annotated[int, Meta(ge=1)]
    plain_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    before_s: Seconds  # it begins so long before the moment; below 0: after it
    after_s: Seconds  # it ends so long after it


def plain_most(order: ClipOrder) -> int:
    """Bytes of video whose sealed form is not larger than the order allows."""
    body = order.most_bytes - HEADER_BYTES - RECIPIENT_BYTES * len(order.recipients)
    chunks = max(0, body) // (CHUNK_BYTES + CHUNK_TAG_BYTES) + 1
    return max(0, body - chunks * CHUNK_TAG_BYTES)
