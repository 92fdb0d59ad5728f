"""A GPIO chip made of files: contacts on its lines, lamps and buzzers on others; it can be unplugged.

The agent finds it through simulator/stand_in, in place of the kernel's chip.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


class GpioChip:
    """A chip in a folder. Levels are those of the pins: 0 is ground, 1 is 3.3 V."""

    def __init__(self, folder: Path, lines: Iterable[int], *, label: str = "gpio-sim") -> None:
        self.folder = folder
        self.label = label
        self._levels = dict.fromkeys(lines, 0)
        self._edges: dict[int, int] = {}  # our end of each line's FIFO

    def plug(self) -> None:
        """Appear, with the inputs as they were; nobody has a line."""
        fresh = self.folder.with_name(f".{self.folder.name}.new")
        fresh.mkdir(parents=True)
        for line, level in self._levels.items():
            (fresh / f"{line}").write_text(str(level), encoding="ascii")
            (fresh / f"{line}.taken").touch()
            os.mkfifo(fresh / f"{line}.edges")
            self._edges[line] = os.open(fresh / f"{line}.edges", os.O_RDWR | os.O_NONBLOCK)
        (fresh / "label").write_text(self.label, encoding="ascii")
        fresh.rename(self.folder)

    def unplug(self) -> None:
        """Vanish, as an adapter that is pulled."""
        for edges in self._edges.values():
            os.close(edges)
        self._edges.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def drive(self, line: int, level: int) -> None:
        """What is wired to an input now holds it at this level."""
        self._levels[line] = level
        if self._edges and self.level(line) != level:
            (self.folder / f"{line}").write_text(str(level), encoding="ascii")
            self._tell_edge(line)

    def glitch(self, line: int, times: int = 1) -> None:
        """Edges there and back, faster than anybody could look."""
        for _ in range(2 * times if self._edges else 0):
            self._tell_edge(line)

    def level(self, line: int) -> int:
        """What a meter at the pin would show."""
        return int((self.folder / f"{line}").read_text(encoding="ascii"))

    def hold(self, line: int, holder: str) -> None:
        """Something else has this line, as a driver of the kernel; or has it no more, if nobody is named."""
        file = self.folder / f"{line}.holder"
        if holder:
            file.write_text(holder, encoding="utf-8")
        else:
            file.unlink(missing_ok=True)

    def pull(self, line: int) -> str:
        """Which resistor the agent asked for: PULL_UP, PULL_DOWN, DISABLED."""
        return (self.folder / f"{line}.bias").read_text(encoding="ascii")

    def _tell_edge(self, line: int) -> None:
        try:
            os.write(self._edges[line], b"e")
        except BlockingIOError:
            return  # nobody reads: the kernel's buffer drops edges too
