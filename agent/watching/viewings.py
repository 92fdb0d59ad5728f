"""Who has looked at a camera's picture plain: written by the command that shows it, made a record by the daemon.

Files   viewings/{id}.json in the state directory, one each, synced before the picture is shown; gone when its record is
        on the disk. The daemon reads them also when it was not there as they were written.
Twice   a power cut between record and removal makes a second record, with the same id.
Raises  AgentError V-402 from note(): then nothing may be shown.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import CameraViewed, draft
from agent.model import Draft
from agent.outbox.troubles import Trouble
from agent.private_file import write_private

log = logging.getLogger("agent.viewings")

LOOK_S = 5.0
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
AT_ONCE = 64
FILE_BYTES = 4_096


def note(folder: Path, camera: str, by: str, what: str, shown: str) -> str:
    """On the disk when it returns. Returns its id."""
    id_ = str(uuid4())
    viewed = CameraViewed(camera=camera, viewing=id_, by=by, what=what, shown=shown)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / f"{id_}.json", msgspec.json.encode(viewed))
    except OSError as error:
        raise AgentError(
            "V-402",
            f"nothing is shown plain: the record of it cannot be written in {folder}: {error.strerror}",
            do="Run it with sudo; make room on the disk. Without --plain nothing is recorded.",
        ) from error
    return id_


class Viewings:
    """The daemon's side."""

    def __init__(self, folder: Path, accept: Callable[[Sequence[Draft]], Awaitable[object]], clock: Clock) -> None:
        self._folder = folder
        self._accept = accept
        self._clock = clock
        self._unreadable: dict[str, int] = {}  # file, and since when

    async def run(self) -> None:
        """Runs for ever; a folder that fails ends nothing."""
        while True:
            try:
                await self.take()
            except OSError as error:
                log.warning("the records of plain pictures cannot be taken: %s", error)
            await self._clock.sleep(LOOK_S)

    async def take(self) -> None:
        """Make records of what lies there. Raises OSError."""
        found, spoilt = await asyncio.to_thread(_read, self._folder)
        now_ns = self._clock.utc_ns()
        self._unreadable = {name: self._unreadable.get(name, now_ns) for name in spoilt}
        if found:
            at = self._clock.now()
            await self._accept([draft(viewed, at, source=f"{viewed.camera}/viewed") for viewed in found.values()])
            await asyncio.to_thread(_remove, list(found))

    def trouble(self) -> list[Trouble]:
        """Files that are none of ours; they stay for somebody to look at."""
        do = "Send the file to support, then remove it: somebody may have looked at a camera."
        return [
            Trouble(code="V-403", what=f"the record {name} of a plain picture cannot be read", do=do, since_ns=since_ns)
            for name, since_ns in self._unreadable.items()
        ]


def _read(folder: Path) -> tuple[dict[Path, CameraViewed], list[str]]:
    found: dict[Path, CameraViewed] = {}
    spoilt = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or len(found) >= AT_ONCE:  # half made: its picture was not shown
            continue
        viewed = read(path.read_bytes()) if NAME.fullmatch(path.name) and path.stat().st_size <= FILE_BYTES else None
        if viewed is None:
            spoilt.append(path.name)
        else:
            found[path] = viewed
    return found, spoilt


def read(text: bytes) -> CameraViewed | None:
    """None if it is none."""
    try:
        return msgspec.json.decode(text, type=CameraViewed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
