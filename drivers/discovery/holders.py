"""Which program holds a device open: through /proc, as far as this user may look.

A port that somebody holds is never opened by us: opening it moves its modem lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from drivers.discovery.found import printable
from drivers.discovery.kernel_files import inside, text

ANCESTORS = 8  # a cell is the daemon's child; nobody nests deeper
OURS = {"mektep", "agent", "drivers.cell"}  # a word of the command line that tells the agent and its cells


class Holder(msgspec.Struct, frozen=True):
    """A program that has a device open."""

    pid: int
    command: str
    ours: bool  # the agent, or a child of it

    @property
    def used_by(self) -> str:
        """Which process of the agent's it is, in words; nothing if it is another's."""
        return f"pid {self.pid}" if self.ours else ""


class Held(msgspec.Struct, frozen=True):
    """Who holds what, by the true path of the device."""

    by: dict[str, Holder]
    complete: bool  # False: some programs of other users could not be looked into

    def used_by(self, device: Path) -> str:
        """Which process of the agent's holds a device, in words; nothing if none does."""
        holder = self.by.get(os.path.realpath(device))
        return holder.used_by if holder else ""


def look(proc: Path, devices: Iterable[Path | str]) -> Held:
    """Who holds the devices, by any of their names; where several do, the agent goes first."""
    wanted = {os.path.realpath(device) for device in devices}
    held: dict[str, Holder] = {}
    complete = True
    for folder in _processes(proc):
        try:
            links = {target for target in _open_files(folder) if target in wanted}
        except PermissionError:
            complete = False
            continue
        if links:
            holder = _holder(proc, int(folder.name))
            held |= {link: holder for link in links if not (link in held and held[link].ours)}
    return Held(held, complete)


def _processes(proc: Path) -> list[Path]:
    return sorted((one for one in inside(proc) if one.name.isdecimal()), key=lambda one: int(one.name))


def _open_files(folder: Path) -> Iterator[str]:
    """Where its descriptors lead. Raises PermissionError; a process that ends meanwhile holds nothing."""
    try:
        links = list((folder / "fd").iterdir())
    except PermissionError:
        raise
    except OSError:
        return
    for link in links:
        try:
            yield os.readlink(link)
        except PermissionError:
            raise
        except OSError:
            continue


def _holder(proc: Path, pid: int) -> Holder:
    words = _command(proc, pid)
    ours, parent = False, pid
    for _ in range(ANCESTORS):
        ours = ours or _is_ours(_command(proc, parent))
        parent = _parent(proc, parent)
        if parent <= 1:
            break
    return Holder(pid, printable(" ".join(words), 60), ours)


def _is_ours(words: list[str]) -> bool:
    names = {word.rpartition("/")[2] for word in words[:3]}  # mektep run; python -m agent run; python mektep run
    return bool(names & OURS) and "discover" not in words


def _command(proc: Path, pid: int) -> list[str]:
    return [word for word in text(proc / f"{pid}" / "cmdline").split("\0") if word]


def _parent(proc: Path, pid: int) -> int:
    """From /proc/PID/stat: the word after the state, which follows the name in brackets."""
    words = text(proc / f"{pid}" / "stat").rpartition(")")[2].split()
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
