"""What a child process uses: memory and processor, as the kernel tells (proc(5))."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS_S = os.sysconf("SC_CLK_TCK")
WINDOW_S = 30.0


class Usage:
    """Looked at about once a second."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        self._seen: deque[tuple[float, float]] = deque()  # at_s, processor seconds so far
        self.memory_mb = 0.0
        self.cpu_percent = 0.0  # of one core, over the last WINDOW_S

    def look(self, now_s: float) -> None:
        """Read again. A process that has ended keeps its last figures."""
        try:
            resident = int((self._proc / "statm").read_text(encoding="ascii").split()[1])
            fields = (self._proc / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except (OSError, IndexError):
            return
        self.memory_mb = resident * PAGE / (1 << 20)
        self._seen.append((now_s, (int(fields[11]) + int(fields[12])) / TICKS_S))
        while now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        (from_s, first), (to_s, last) = self._seen[0], self._seen[-1]
        self.cpu_percent = 100 * (last - first) / (to_s - from_s) if to_s > from_s else 0.0

    def seen_s(self) -> float:
        """How long a time the processor's figure is of."""
        return self._seen[-1][0] - self._seen[0][0] if self._seen else 0.0
