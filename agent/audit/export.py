"""A ledger as files: what `mektep-centre ledger export` writes, a directory or a .tar of it. Never unpacked to disk.

Files    manifest.json {school, made, keys, witnesses, epochs}; for each epoch EPOCH/events.jsonl, one leaf a line in
         order, and EPOCH/checkpoints.jsonl, one checkpoint a line. docs/ledger.md.
Optional EPOCH/hashes, the hash of each leaf, one a line in hex: an altered leaf is named by it, not only its hour.
Raises   AgentError A-101 for what is no such export. A line that cannot be read is a leaf that cannot be.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from agent.audit.leaf import UNREADABLE, Kept, read, shown
from agent.audit.source import KeptNote, Piece
from agent.errors import AgentError

CHUNK_BYTES = 1 << 20
LINE_MOST = 1 << 20
SMALL_MOST = 1 << 28  # of a file that is read at once
EPOCH = re.compile(r"[0-9a-f-]{1,64}", re.ASCII)


class _Epoch(msgspec.Struct, frozen=True):
    epoch: str


class _Manifest(msgspec.Struct, frozen=True):
    school: str
    keys: list[str] = []
    witnesses: list[str] = []
    epochs: list[str | _Epoch] = []


class _Folder:
    """The files of a directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")

    def size(self, name: str) -> int:
        return (self._path / name).stat().st_size

    def close(self) -> None:
        """Nothing is open."""


class _Archive:
    """The files of a tar, also within one folder of it."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed by close()
        members = {one.name.removeprefix("./"): one for one in self._tar if one.isfile()}
        heads = [name for name in members if name == "manifest.json" or name.endswith("/manifest.json")]
        if not heads:
            raise FileNotFoundError("manifest.json")
        top = min(heads, key=len).removesuffix("manifest.json")
        self._members = {name.removeprefix(top): one for name, one in members.items() if name.startswith(top)}

    def open(self, name: str) -> IO[bytes]:
        found = self._tar.extractfile(self._member(name))
        if found is None:
            raise FileNotFoundError(name)
        return found

    def size(self, name: str) -> int:
        return self._member(name).size

    def close(self) -> None:
        self._tar.close()

    def _member(self, name: str) -> tarfile.TarInfo:
        if name not in self._members:
            raise FileNotFoundError(name)
        return self._members[name]


class ExportLog:
    """One epoch's files."""

    def __init__(self, files: _Folder | _Archive, epoch: str) -> None:
        self.epoch = epoch
        self.partial = False
        self._files = files
        self._name = f"{epoch}/events.jsonl"
        try:
            self.total = files.size(self._name)
        except OSError as error:
            raise _no_export(self._name, error) from error

    def pieces(self) -> Iterator[Piece]:
        with self._files.open(self._name) as file:
            for size, lines in _chunks(file):
                yield size, [Kept(-1, -1, line) for line in lines]

    def checkpoints(self) -> list[KeptNote]:
        text = _whole(self._files, f"{self.epoch}/checkpoints.jsonl", absent=b"")
        return [_note(line) for line in text.split(b"\n") if line]

    def hashes(self) -> bytes:
        text = _whole(self._files, f"{self.epoch}/hashes", absent=b"")
        try:
            return bytes.fromhex(text.decode("ascii"))  # which skips ends of lines
        except ValueError as error:
            raise _no_export(f"{self.epoch}/hashes", error) from error

    def leaf(self, index: int) -> Kept | None:
        """By halves: the lines are in the order of their leaves."""
        with self._files.open(self._name) as file:
            low, high = 0, self.total
            while low < high:
                middle = (low + high) // 2
                line = _line_at(file, middle)
                if line and read(Kept(body=line)).index < index:
                    low = middle + 1
                else:
                    high = middle
            line = _line_at(file, low)
        return Kept(body=line) if line and read(Kept(body=line)).index == index else None


class Export:
    """The whole export."""

    def __init__(self, path: Path) -> None:
        try:
            self._files = _Folder(path) if path.is_dir() else _Archive(path)
            manifest = msgspec.json.decode(_whole(self._files, "manifest.json"), type=_Manifest)
        except (OSError, tarfile.TarError, *UNREADABLE) as error:
            raise _no_export(str(path), error) from error
        self.school = manifest.school
        self.keys = [*manifest.keys, *manifest.witnesses]
        self.logs = [
            ExportLog(self._files, _epoch(one if isinstance(one, str) else one.epoch)) for one in manifest.epochs
        ]

    def close(self) -> None:
        self._files.close()


def _line_at(file: IO[bytes], offset: int) -> bytes:
    """The first line that begins there or later; empty behind the last."""
    file.seek(max(0, offset - 1))
    if offset:
        file.readline(LINE_MOST)
    return file.readline(LINE_MOST).rstrip(b"\n")


def _chunks(file: IO[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Lines by the megabyte, and how many bytes they were. What is longer than any event is cut."""
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if len(rest) > LINE_MOST:
            lines, rest = [*lines, rest[:LINE_MOST]], b""
        yield len(chunk), [line for line in lines if line]
    if rest:
        yield 0, [rest]


def _whole(files: _Folder | _Archive, name: str, absent: bytes | None = None) -> bytes:
    """A small file. Raises OSError, ValueError if it is not small; FileNotFoundError unless it may be absent."""
    try:
        if files.size(name) > SMALL_MOST:
            raise ValueError(f"{name} is larger than {SMALL_MOST} bytes")
        with files.open(name) as file:
            return file.read(SMALL_MOST)
    except FileNotFoundError:
        if absent is None:
            raise
        return absent


def _note(line: bytes) -> KeptNote:
    """A line of checkpoints; one that cannot be read is a note that nobody has signed."""
    try:
        return msgspec.json.decode(line, type=KeptNote)
    except UNREADABLE:
        return KeptNote("")


def _epoch(name: str) -> str:
    """Raises AgentError A-101: it becomes part of a path."""
    if not EPOCH.fullmatch(name):
        raise _no_export("manifest.json", ValueError(f"{name[:40]!a} is no epoch"))
    return name


def _no_export(what: str, why: Exception) -> AgentError:
    do = "Give the folder or .tar that `mektep-centre ledger export` has written, or a database."
    return AgentError("A-101", f"{shown(what, 200)} is no export of a ledger: {shown(str(why), 200)}", do=do)
