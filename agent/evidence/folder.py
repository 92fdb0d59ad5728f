"""The folder of sealed pictures, and the threads that work on it: the event loop never waits for the disk.

A file is {id}.age, mode 0600, whole and synced when write() returns. One thread seals, writes and removes; another only
reads: the link reads, and what it sends next may be an alarm, which must not wait for a card that takes long to sync.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from agent.evidence.rows import Kept
from agent.private_file import write_private

T = TypeVar("T")
SUFFIX = ".age"
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Folder:
    """All methods but free_bytes() run in a thread. They raise OSError unless they say else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="evidence-reader")

    async def aside(self, work: Callable[[], T]) -> T:
        """Anything that takes time, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _at_once(self, work: Callable[[], T]) -> T:
        """Reading, whatever the worker does."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def write(self, id_: str, sealed: bytes) -> None:
        def write() -> None:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                write_private(self._file(id_), sealed)
            except OSError:
                self._remove_half_made()  # it would take the last space
                raise

        await self.aside(write)

    async def read(self, id_: str, offset: int, size: int) -> bytes:
        def read() -> bytes:
            with open(self._file(id_), "rb") as file:
                file.seek(offset)
                return file.read(size)

        return await self._at_once(read)

    async def intact(self, kept: Kept) -> bool:
        """Whether the card still gives what was written. Raises nothing."""

        def look() -> bool:
            try:
                return hashlib.sha256(self._file(kept.id).read_bytes()).hexdigest() == kept.sha256
            except OSError:
                return False

        return await self._at_once(look)

    async def remove(self, ids: Iterable[str]) -> None:
        """Files that are not there are removed already."""

        def remove() -> None:
            for id_ in ids:
                self._file(id_).unlink(missing_ok=True)

        await self.aside(remove)

    async def scan(self) -> dict[str, int]:
        """Size by id of all sealed pictures; what a power cut left half made is removed, other files are left alone."""

        def scan() -> dict[str, int]:
            if not self._path.exists():
                return {}
            self._remove_half_made()
            ours = [path for path in self._path.glob(f"*{SUFFIX}") if NAME.fullmatch(path.stem)]
            return {path.stem: path.stat().st_size for path in ours}

        return await self.aside(scan)

    def _remove_half_made(self) -> None:
        for half in self._path.glob(".*.new"):
            half.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space on the disk of the folder; of the state directory as long as there is none."""
        disk = os.statvfs(self._path if self._path.exists() else self._path.parent)
        return disk.f_bavail * disk.f_frsize

    def _file(self, id_: str) -> Path:
        return self._path / f"{id_}{SUFFIX}"
