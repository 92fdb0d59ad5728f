"""The folder of sealed files, and the threads that work on it: the event loop never waits for the disk.

A file is {id}.age, mode 0600, whole and synced when write() or finish() returns. Until then it has another name, and
what has that name after a power cut is removed. One thread seals, writes and removes; another only
reads: the link reads, and what it sends next may be an alarm, which must not wait for a card that takes long to sync.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from agent.evidence.rows import Kept
from agent.private_file import half_made, publish, write_private

T = TypeVar("T")
SUFFIX = ".age"
SYNC_BYTES = 1 << 20  # of a file that grows, between two syncs
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Growing:
    """One file that is not whole yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._sha256 = hashlib.sha256()
        self._size = self._synced = 0

    def append(self, piece: bytes) -> None:
        """Now and then what was written goes to the disk: at the end little is left to wait for."""
        self._file.write(piece)
        self._sha256.update(piece)
        self._size += len(piece)
        if self._size - self._synced >= SYNC_BYTES:
            self._file.flush()
            os.fdatasync(self._file.fileno())
            self._synced = self._size

    def finish(self, path: Path) -> tuple[int, str]:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        publish(self.path, path)
        return self._size, self._sha256.hexdigest()

    def abandon(self) -> None:
        with contextlib.suppress(OSError):  # the disk is full: what is still to be written cannot be
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


class Folder:
    """All methods but free_bytes() run in a thread. They raise OSError unless they say else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._growing: dict[str, _Growing] = {}  # for the worker alone
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

    async def begin(self, id_: str) -> None:
        """A file that grows: append() to it, then finish() or abandon() it."""

        def begin() -> None:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._growing[id_] = _Growing(half_made(self._file(id_)))

        await self.aside(begin)

    async def append(self, id_: str, piece: bytes) -> None:
        await self.aside(lambda: self._growing[id_].append(piece))

    async def finish(self, id_: str) -> tuple[int, str]:
        """Its size and SHA-256."""

        def finish() -> tuple[int, str]:
            found = self._growing[id_].finish(self._file(id_))
            del self._growing[id_]
            return found

        return await self.aside(finish)

    async def abandon(self, id_: str) -> None:
        """Nothing of it is left; nothing happens where nothing grows. Raises nothing."""

        def abandon() -> None:
            growing = self._growing.pop(id_, None)
            if growing is not None:
                growing.abandon()

        await self.aside(abandon)

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
        """Size by id of all sealed files; what a power cut left half made is removed, other files are left alone."""

        def scan() -> dict[str, int]:
            if not self._path.exists():
                return {}
            self._remove_half_made()
            ours = [path for path in self._path.glob(f"*{SUFFIX}") if NAME.fullmatch(path.stem)]
            return {path.stem: path.stat().st_size for path in ours}

        return await self.aside(scan)

    def _remove_half_made(self) -> None:
        growing = {one.path for one in self._growing.values()}
        for half in self._path.glob(".*.new"):
            if half not in growing:
                half.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space on the disk of the folder; of the state directory as long as there is none."""
        disk = os.statvfs(self._path if self._path.exists() else self._path.parent)
        return disk.f_bavail * disk.f_frsize

    def _file(self, id_: str) -> Path:
        return self._path / f"{id_}{SUFFIX}"
