"""Fetches an archive over HTTPS, slowly, on from where it was cut off; whole and as announced, or not at all.

What it is, is said by its hash, which the centre has signed in its order; TLS, checked against the city's authority,
keeps others from watching and from feeding us rubbish. No redirects.
Raises   FetchError, in words for a technician
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from agent.updates.staged import Staged

PIECE_BYTES = 16_384
SILENT_S = 30.0
COPIES = 2  # root takes the wheels out of it
SPARE_BYTES = (
    256 << 20
)  # of the database, alarms and clips: an update never takes the room in which children are counted
Sleep = Callable[[float], Awaitable[None]]


class FetchError(Exception):
    """`again`: it may be there later."""

    def __init__(self, what: str, *, again: bool) -> None:
        super().__init__(what)
        self.again = again


async def fetch(staged: Staged, to: Path, authority: Path, sleep: Sleep) -> None:
    """The archive lies at `to` when this returns, on the disk."""
    part = to.with_name(f"{to.name}.part")
    have = await asyncio.to_thread(_size, part)
    if have > staged.bytes:
        part.unlink()
        have = 0
    in_one_go = False
    if have < staged.bytes:
        await asyncio.to_thread(_must_have_room, to.parent, COPIES * staged.bytes - have)
        async with _asked(staged, authority, have) as (answer, begins_at):
            in_one_go = begins_at == 0
            await _take(answer, part, begins_at, staged, sleep)
    found = await asyncio.to_thread(_sha256, part)
    if found != staged.sha256:
        part.unlink()
        # pieces of two archives are fetched once more, from the beginning; a whole one is another archive and stays one
        raise FetchError(f"{staged.url} is not the archive that was announced: {found}", again=not in_one_go)
    part.replace(to)


@asynccontextmanager
async def _asked(staged: Staged, authority: Path, have: int) -> AsyncIterator[tuple[http.client.HTTPResponse, int]]:
    """The answer, and from which byte on it is."""
    url = urlsplit(staged.url)
    line: http.client.HTTPSConnection | None = None
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=str(authority))
        line = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=SILENT_S, context=context)
        headers = {"Range": f"bytes={have}-"} if have else {}
        await asyncio.to_thread(line.request, "GET", url.path or "/", headers=headers)
        answer = await asyncio.to_thread(line.getresponse)
        if answer.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
            raise FetchError(f"{staged.url}: {answer.status} {answer.reason}", again=answer.status >= 500)
        on = answer.status == http.client.PARTIAL_CONTENT
        if on and not (answer.getheader("Content-Range") or "").startswith(f"bytes {have}-"):
            raise FetchError(f"{staged.url} sends another part than was asked for", again=True)
        yield answer, have if on else 0
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{staged.url}: {error}", again=True) from error
    finally:
        if line is not None:
            line.close()


async def _take(answer: http.client.HTTPResponse, part: Path, begins_at: int, staged: Staged, sleep: Sleep) -> None:
    have = begins_at
    with part.open("r+b" if begins_at else "wb") as out:
        out.seek(begins_at)
        out.truncate()
        while piece := await asyncio.to_thread(answer.read, PIECE_BYTES):
            have += len(piece)
            if have > staged.bytes:
                raise FetchError(f"{staged.url} is longer than {staged.bytes} bytes", again=False)
            await asyncio.to_thread(out.write, piece)
            await sleep(len(piece) / staged.bytes_per_s)  # taps and alarms need the line, too
        await asyncio.to_thread(_synced, out.fileno())
    if have < staged.bytes:
        raise FetchError(f"{staged.url} broke off after {have} of {staged.bytes} bytes", again=True)


def _must_have_room(folder: Path, need: int) -> None:
    disk = os.statvfs(folder)
    free, need = disk.f_bavail * disk.f_frsize, need + SPARE_BYTES
    if free < need:
        raise FetchError(f"the disk has {free >> 20} MB free, to fetch it takes {need >> 20} MB", again=True)


def _synced(fd: int) -> None:
    os.fsync(fd)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
