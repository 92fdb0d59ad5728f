"""A live view of the camera on the ribbon: pushed by its cell to a real media server outside the tree, over TLS.

scripts/test-csi starts the server (simulator/record_server.py) and tells where by MEDIA_PORT; what comes is a file in
FOLDER, as that program writes it. Masks are looked for in what the server got. Costs are those of this machine.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

from agent.cells.cell import Cell
from agent.cells.remote import Remote
from drivers.driver import LiveProgress, LiveTarget
from drivers.frame_slot import FrameSlot
from tests.csi.stage import camera_cell, connected, lent, pid, resident_mb, room, stage, until
from tests.drivers.outlines import LEFT

FOLDER = Path("/mnt")
SHOWN = 40
TICKS_S = os.sysconf("SC_CLK_TCK")


class Far:
    """What the media server has got since it was made."""

    def __init__(self) -> None:
        self._file = FOLDER / "pictures"
        self._read = self._file.stat().st_size
        self.pictures: list[tuple[int, bytes]] = []  # CLOCK_MONOTONIC, encoded
        self.went = 0

    def look(self) -> int:
        """How many pictures."""
        with open(self._file, "rb") as file:
            file.seek(self._read)
            while line := file.readline():
                head = json.loads(line) if line.endswith(b"\n") else {}
                body = file.read(head.get("bytes", 0))
                if not head or len(body) < head.get("bytes", 0):
                    break
                if body:
                    self.pictures.append((head["at_ns"], body))
                self.went += head.get("event") == "went"
                self._read = file.tell()
        return len(self.pictures)

    def decoded(self) -> list[Any]:
        decoder: Any = av.CodecContext.create("h264", "r")
        given = [*(av.Packet(data) for _, data in self.pictures), None]
        return [frame.to_ndarray(format="yuv420p") for one in given for frame in decoder.decode(one)]


def used_s(cell: Cell) -> float:
    """Processor seconds of its process."""
    fields = Path(f"/proc/{pid(cell)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


async def rate(slot: FrameSlot) -> float:
    """Pictures a second that the eyes get, all wished."""
    slot.wish(time.clock_gettime_ns(time.CLOCK_BOOTTIME) + 30_000_000_000)
    await anext(lent(slot, 1))
    got = [one.monotonic_ns async for one in lent(slot, 20)]
    return (len(got) - 1) * 1e9 / (got[-1] - got[0])


async def a_view(remote: Remote, cell: Cell) -> tuple[Far, float, float]:
    """What was shown; seconds to the first picture; processor seconds in one of the view."""
    news: list[LiveProgress] = []
    remote.filmed.on_live = news.append
    far = Far()
    target = LiveTarget(
        host="localhost", port=int(os.environ["MEDIA_PORT"]), path="live/a-view", masked=True,
        ca=(FOLDER / "media.crt").read_text(),
    )  # fmt: skip
    began_ns = time.monotonic_ns()
    remote.filmed.show_live("a-view", target)
    await until(lambda: far.look() >= 1 or (news and news[-1].state == "ended"))
    assert far.pictures, news
    from_s, used = time.monotonic(), used_s(cell)
    await until(lambda: far.look() >= SHOWN)
    cost = (used_s(cell) - used) / (time.monotonic() - from_s)
    remote.filmed.end_live("a-view")
    await until(lambda: news[-1].state == "ended" and (far.look(), far.went)[1])
    assert news[-1].reason == "stopped", news[-1]
    return far, (far.pictures[0][0] - began_ns) / 1e9, cost


async def it_is_shown_live_with_its_masks() -> str:
    stage(*map(room, range(6)))
    path = Path("/dev/shm") / f"mektep-live-{os.getpid()}"
    try:
        with path.open("x+b") as file, FrameSlot.make(file.fileno()) as slot:
            async with camera_cell() as cell, connected(cell, masks=(LEFT,), slot=str(path)) as remote:
                await until(lambda: remote.counters.frames >= 3)
                await until(lambda: (video := remote.counters.video) is not None and video.encodes is not None)
                assert remote.counters.video is not None
                assert remote.counters.video.encodes is True
                before_mb = resident_mb(cell)
                idle, at_s = used_s(cell), time.monotonic()
                without = await rate(slot)
                idle = (used_s(cell) - idle) / (time.monotonic() - at_s)
                far, first_s, cost = await a_view(remote, cell)
                within = await rate(slot)
                after_mb = resident_mb(cell)
    finally:
        path.unlink(missing_ok=True)
    shown = far.decoded()
    assert len(shown) >= SHOWN
    assert {one.shape for one in shown} == {(540, 640)}, shown[0].shape
    worst = max(int(one[:360, :312].max()) for one in shown)
    assert worst < 40, f"a mask that shows something: {worst}"
    assert min(float(np.std(one[:360, 330:])) for one in shown) > 20, "nothing beside the mask"
    assert first_s < 2.0, f"{first_s:.2f} s"
    assert within > 0.8 * without, f"the eyes get {within:.1f} a second, {without:.1f} before"
    took_s = (far.pictures[-1][0] - far.pictures[0][0]) / 1e9
    bits = 8 * sum(len(data) for _, data in far.pictures) / took_s / 1000
    return (
        f"first picture after {first_s:.2f} s, {(len(shown) - 1) / took_s:.1f} a second, {bits:.0f} kbit/s; processor "
        f"{1000 * cost:.0f} ms a second, {1000 * idle:.0f} without a view; {before_mb} MB resident, {after_mb} after"
    )
