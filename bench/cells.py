"""What other devices notice of a cell that is killed, stuck or leaking: the tap at a serial reader beside it.

Also how long a device is away whose cell was killed. The peer is the same box, in the same run, beside a cell that
does nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench.figure import Figure, median, p99
from bench.taps import online, show
from simulator.school import School

TAPS = 400
KILLS = 20
MORE_MS = 10.0
FAULTS = {"die": "is killed again and again", "hang": "is stuck", "leak": "leaks"}
ODD = """
[[sensor]]
name = "odd"
driver = "odd"
does = "{does}"
"""


async def measure(folder: Path) -> list[Figure]:
    calm, back_s = await _taps(folder, "nothing")
    found = []
    for does, words in FAULTS.items():
        taken, _ = await _taps(folder, does)
        value, limit = p99(taken), p99(calm) + MORE_MS
        found.append(
            Figure(
                figure=f"tap to green light, p99, beside a cell that {words}", value=value, unit="ms",
                limit_or_peer=f"{limit:.1f} ms; median {median(taken):.2f} ms, calm {median(calm):.2f} ms",
                ratio=value / limit, target="<= beside a calm cell + 10 ms", met=value <= limit,
                range=(min(taken), max(taken)), runs=len(taken),
            )
        )  # fmt: skip
    found.append(
        Figure(
            figure="killed cell to its device connected again, median", value=median(back_s), unit="s",
            limit_or_peer="2 s", ratio=median(back_s) / 2, target="<= 2 s", met=max(back_s) <= 2.0,
            range=(min(back_s), max(back_s)), runs=len(back_s),
        )
    )  # fmt: skip
    return found


async def _taps(folder: Path, does: str) -> tuple[list[float], list[float]]:
    """Milliseconds of each tap; seconds until a calm cell that was killed is back."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        wrapper = [sys.executable, "-m", "bench.odd_agent"]
        school = School(Path(name), direct=True, far=True, wrapper=wrapper, more=ODD.format(does=does))
        try:
            await school.make()
            await school.start()
            await online(school)
            taken = await show(school, TAPS, while_owed=False)
            return taken, [await _back(school) for _ in range(KILLS)] if does == "nothing" else []
        finally:
            await school.stop()


async def _back(school: School) -> float:
    await _until_works(school, not_pid=0)
    pid = school.status()["sources"]["odd"]["cell"]["pid"]
    os.kill(pid, signal.SIGKILL)
    began_s = time.monotonic()
    await _until_works(school, not_pid=pid)
    return time.monotonic() - began_s


async def _until_works(school: School, *, not_pid: int) -> None:
    while True:
        odd = school.status().get("sources", {}).get("odd", {})
        if odd.get("state") == "working" and odd["cell"]["pid"] not in (0, not_pid):
            return
        await asyncio.sleep(0.02)
