"""A traced run of the agent, and the disk as a power cut would leave it at any moment of that run.

Wire    strace -f -y -xx: one line a call, strings and paths in hex; a call that others interrupt has two lines.
Model   a write is in the kernel when it returned; it is on the disk when an fdatasync or fsync of the same file began
        after that and returned. Everything else may be lost, or not.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

STRACE = [
    "strace", "-D", "-f", "-y", "-xx", "-qq", "-s", "1048576", "--seccomp-bpf",
    "-e", "trace=pwrite64,write,ftruncate,fdatasync,fsync,unlink",
]  # fmt: skip
LINE = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(?P<rest>.*)$")
CALL = re.compile(r"^(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\d+)")
FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
HEX = re.compile(r"\\x([0-9a-f]{2})")


class Call(NamedTuple):
    """One system call that succeeded; `began` and `ended` are line numbers of the trace."""

    name: str
    path: str
    data: bytes
    number: int  # offset of a pwrite64, length of an ftruncate
    began: int
    ended: int


def calls(trace: Path) -> list[Call]:
    """In the order in which they ended."""
    found = []
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(trace.read_text().splitlines()):
        parts = LINE.match(line)
        if parts is None:
            continue
        pid, rest = parts["pid"], parts["rest"]
        if rest.endswith("<unfinished ...>"):
            begun[pid] = (number, rest.removesuffix("<unfinished ...>").rstrip())
            continue
        began = number
        if resumed := RESUMED.match(rest):
            began, head = begun.pop(pid)
            rest = head + resumed["rest"]
        if call := CALL.match(rest):
            found += _call(call, began, number)
    return found


def _call(call: re.Match[str], began: int, ended: int) -> Iterator[Call]:
    if int(call["result"]) < 0:
        return
    args, name = call["args"], call["name"]
    quoted = re.search(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?', args)
    assert quoted is None or not quoted[2], "a string was cut: raise strace's -s"
    if name == "unlink":
        assert quoted is not None
        yield Call(name, _text(quoted[1]), b"", 0, began, ended)
        return
    path = FILE.match(args)
    assert path is not None, args[:200]
    last = args.rpartition(", ")[2]
    number = int(last) if name in ("pwrite64", "ftruncate") else 0
    yield Call(name, _text(path["path"]), _bytes(quoted[1]) if quoted else b"", number, began, ended)


def _bytes(text: str) -> bytes:
    return bytes.fromhex("".join(HEX.findall(text)))


def _text(text: str) -> str:
    return _bytes(text).decode() if "\\x" in text else text


class Disk:
    """Files of one folder as they are on the disk; what is not synced waits in `_pending`."""

    def __init__(self, folder: Path) -> None:
        self._prefix = f"{folder}/"
        self._synced: dict[str, bytearray] = {}
        self._pending: dict[str, list[Call]] = {}

    def apply(self, call: Call) -> None:
        """What one call did."""
        if not call.path.startswith(self._prefix):
            return
        if call.name in ("pwrite64", "ftruncate"):
            self._pending.setdefault(call.path, []).append(call)
        elif call.name in ("fdatasync", "fsync"):
            waiting = self._pending.get(call.path, [])
            for one in [one for one in waiting if one.ended < call.began]:
                waiting.remove(one)
                _write(self._synced.setdefault(call.path, bytearray()), one)
        elif call.name == "unlink":
            self._synced.pop(call.path, None)
            self._pending.pop(call.path, None)

    def after_power_cut(self, folder: Path, survives: Callable[[], bool]) -> Path:
        """Write the files as they would be found: of what is not synced, what `survives` says."""
        folder.mkdir()
        for path in self._synced.keys() | self._pending.keys():
            content = bytearray(self._synced.get(path, b""))
            for one in self._pending.get(path, []):
                if survives():
                    _write(content, one)
            (folder / Path(path).name).write_bytes(content)
        return folder


def _write(content: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        del content[call.number :]
        content.extend(bytes(call.number - len(content)))
        return
    content.extend(bytes(max(0, call.number - len(content))))
    content[call.number : call.number + len(call.data)] = call.data


def nothing() -> bool:
    """Survives a power cut: nothing that is not synced."""
    return False


def some(seed: int) -> Callable[[], bool]:
    """Survives a power cut: this write and not that one, as a disk's cache pleases."""
    rng = random.Random(seed)
    return lambda: rng.random() < 0.5
