"""What a disk holds when the power goes: a traced run of file calls, of which only what was synced counts.

A write is on the disk if it had ended before an fsync or fdatasync of its file began, and that had returned; a name is
in the folder if the folder was synced after it was made, renamed or removed. All else may be there or not: without a
chance generator it is not, with one each single write is or is not, in any order.

Source  strace -f -y -xx: one call a line, or its beginning and its end on two lines.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

CALLS = "openat,pwrite64,write,ftruncate,fdatasync,fsync,unlink,rename"
LINE = re.compile(r"^\d+ +(?:<\.\.\. \w+ resumed>)?(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")


class File:
    """One file's writes, in the order in which they ended."""

    def __init__(self) -> None:
        self.writes: list[tuple[int, bytes | None]] = []  # offset and bytes; no bytes: cut to that length
        self.synced = 0  # so many of them are surely on the disk

    def content(self, chance: random.Random | None) -> bytes:
        sure, rest = self.writes[: self.synced], self.writes[self.synced :]
        held = bytearray()
        for at, data in sure + ([write for write in rest if chance.random() < 0.5] if chance else []):
            if data is None:
                held = held[:at].ljust(at, b"\0")
            else:
                held[:] = held.ljust(at, b"\0")
                held[at : at + len(data)] = data
        return bytes(held)


class Disk:
    """A folder as its programs see it, and as it would be found after a power cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.seen: dict[str, File] = {}
        self.sure: dict[str, File] = {}

    def rebuild(self, target: Path, chance: random.Random | None = None) -> None:
        """Write what would be found into another folder; shared memory never survives."""
        target.mkdir()
        for name, file in self.sure.items():
            if not name.endswith("-shm"):
                (target / Path(name).name).write_bytes(file.content(chance))

    def began(self, call: str, args: str) -> int:
        """How many writes a sync that begins now will cover."""
        file = self._of(args) if call in ("fsync", "fdatasync") else None
        return len(file.writes) if file else 0

    def ended(self, call: str, args: str, covers: int) -> None:
        if call in ("pwrite64", "write", "ftruncate"):
            self._written(call, args)
        elif call in ("fsync", "fdatasync"):
            if file := self._of(args):
                file.synced = max(file.synced, covers)
            elif _path(args) == self.folder:
                self.sure = dict(self.seen)
        else:
            self._named(call, args)

    def _named(self, call: str, args: str) -> None:
        """A name is made, removed or changed."""
        if call == "openat" and "O_CREAT" in args:
            (name,) = _strings(args)
            if name.startswith(self.folder):
                self.seen.setdefault(name, File())
        elif call == "unlink":
            self.seen.pop(_strings(args)[0], None)
        elif call == "rename":
            old, new = _strings(args)
            if old in self.seen:
                self.seen[new] = self.seen.pop(old)

    def _written(self, call: str, args: str) -> None:
        file = self._of(args)
        if file is None:
            return
        last = int(args.rpartition(", ")[2])
        if call == "ftruncate":
            file.writes.append((last, None))
        elif call == "pwrite64":
            file.writes.append((last, _bytes(args)))
        else:  # keys and marks, written from their beginning on
            file.writes.append((sum(len(data or b"") for _, data in file.writes), _bytes(args)))

    def _of(self, args: str) -> File | None:
        return self.seen.get(_path(args))


def strace(trace: Path, *more: str) -> list[str]:
    """What stands before a command whose file calls are to be written down."""
    options = ["-f", "-y", "-xx", "-qq", "-s", "1048576", "--seccomp-bpf", "-o", str(trace), "-e", f"trace={CALLS}"]
    return ["strace", *more, *options]


def traced(command: Sequence[str], trace: Path) -> subprocess.Popen[bytes]:
    """Start a program with its file calls written down."""
    return subprocess.Popen([*strace(trace), *command], stdout=subprocess.PIPE)


def printed(args: str) -> bool:
    """A write to standard output."""
    return args.startswith("1<")


def to_a_terminal(args: str) -> bool:
    """A write to a serial line."""
    return _path(args).startswith("/dev/pts/")


def replay(
    trace: Path, folder: Path, leaves: Callable[[str], bool] = printed, *, synced: bool = True
) -> Iterator[tuple[bytes, Disk]]:
    """At each moment when something began to leave the program: that, and the disk as it was then.

    synced  False: as if the program had never asked for a sync, for a control
    """
    disk = Disk(folder)
    begun: dict[str, tuple[str, int]] = {}
    with open(trace, encoding="ascii") as lines:
        for line in lines:
            pid, text = line.split(maxsplit=1)[0], LINE.match(line)
            assert text is not None, line
            resumed = "resumed>" in line[:60]
            start, covers = begun.pop(pid) if resumed else ("", 0)
            whole = start + text[1].rstrip()
            name, _, args = whole.removesuffix(" <unfinished ...>").partition("(")
            if not resumed:
                if name == "write" and leaves(args):
                    yield _bytes(args), disk
                covers = disk.began(name, args)
            if whole.endswith("<unfinished ...>"):
                begun[pid] = (whole.removesuffix(" <unfinished ...>"), covers)
            elif (call := CALL.match(whole)) and int(call[3]) >= 0 and (synced or "sync" not in call[1]):
                disk.ended(call[1], call[2], covers)


def _path(args: str) -> str:
    found = DESCRIPTOR.match(args)
    return bytes.fromhex(found[2].replace("\\x", "")).decode() if found else ""


def _strings(args: str) -> list[str]:
    return [bytes.fromhex(text.replace("\\x", "")).decode() for text in STRING.findall(args)]


def _bytes(args: str) -> bytes:
    found = STRING.search(args)
    assert found is not None, args[:200]
    return bytes.fromhex(found[1].replace("\\x", ""))
