"""Videos on their way to the disk: each sealed piece is written as it comes, within the room that there is.

Room     is made for a step at a time; where there is none, or a picture needs it, the video is given up.
Memory   one piece.
Leaves   a whole file, or nothing.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Sequence

import msgspec

from agent.age import fingerprint
from agent.events import EvidenceSealed
from agent.evidence.films import Footage
from agent.evidence.folder import Folder
from agent.evidence.retention import CLIP
from agent.evidence.rows import RANK
from agent.evidence.shelf import Growing, Shelf
from agent.evidence.troubles import Troubles
from agent.model import Moment, Severity
from drivers.clips import ClipMade, ClipOrder

log = logging.getLogger("agent.evidence")

CLIP_MOST_BYTES = 16_777_216  # sealed: what docs/protocol.md, section 15, lets a file have
PATIENCE_S = 120.0  # after the last second that was asked for: a card may be slow, a cell that hangs is none
STEP_BYTES = 262_144  # of room, at a time
FULL = {errno.ENOSPC, errno.EDQUOT}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A video that is on its way to the disk."""

    id: str
    camera: str
    severity: Severity
    at: Moment
    order: ClipOrder


class NotMade(Exception):
    """There will be none."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def order_of(at: Moment, before_s: float, after_s: float, recipients: Sequence[str], quota_bytes: int) -> ClipOrder:
    """What the camera is asked for."""
    return ClipOrder(
        at_ns=at.monotonic_ns,
        before_s=before_s,
        after_s=after_s,
        most_bytes=min(CLIP_MOST_BYTES, quota_bytes),
        recipients=tuple(recipients),
    )


class Clips:
    """Writes them."""

    def __init__(self, shelf: Shelf, folder: Folder, troubles: Troubles) -> None:
        self._shelf = shelf
        self._folder = folder
        self._troubles = troubles

    async def write(self, wanted: Wanted, footage: Footage) -> EvidenceSealed:
        """To the last piece: the file is on the disk, and this is its record. Raises NotMade."""
        growing = self._shelf.growing[wanted.id] = Growing(RANK[wanted.severity], footage.drop)
        try:
            async with asyncio.timeout(wanted.order.after_s + PATIENCE_S):
                size, sha256 = await self._written(wanted, footage, growing)
        except TimeoutError:
            raise NotMade("failed") from None
        except OSError as error:
            log.warning("a video cannot be written: %s", error)
            self._troubles.unwritable(error)
            raise NotMade("disk_full" if error.errno in FULL else "failed") from error
        finally:
            self._shelf.growing.pop(wanted.id, None)
            await self._folder.abandon(wanted.id)
        self._troubles.written()
        assert footage.made is not None  # noqa: S101 - else nothing would be written
        return _record(wanted, footage.made, size, sha256)

    async def _written(self, wanted: Wanted, footage: Footage, growing: Growing) -> tuple[int, str]:
        await self._folder.begin(wanted.id)
        written = 0
        async for piece in footage:
            written += len(piece)
            if written > wanted.order.most_bytes:
                raise NotMade("failed")  # the cell does not keep to what was ordered
            await self._have_room(written, growing)
            await self._folder.append(wanted.id, piece)
        if growing.gave_way or footage.made is None:
            raise NotMade(growing.gave_way or footage.reason)
        return await self._folder.finish(wanted.id)

    async def _have_room(self, size: int, growing: Growing) -> None:
        """For the file to be so large. Raises NotMade."""
        if size > growing.bytes and not growing.gave_way:
            async with self._shelf.turn:
                growing.gave_way = growing.gave_way or await self._shelf.make_room(STEP_BYTES, growing.rank, CLIP)
            growing.bytes += STEP_BYTES
        if growing.gave_way:
            raise NotMade(growing.gave_way)


def _record(wanted: Wanted, made: ClipMade, size: int, sha256: str) -> EvidenceSealed:
    return EvidenceSealed(
        evidence=wanted.id,
        camera=wanted.camera,
        kind=CLIP,
        bytes=size,
        sha256=sha256,
        plain_bytes=made.plain_bytes,
        plain_sha256=made.plain_sha256,
        recipients=[fingerprint(one) for one in wanted.order.recipients],
        before_s=round(made.before_s, 3),
        after_s=round(made.after_s, 3),
    )
