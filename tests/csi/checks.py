"""The CSI driver against a real picamera2 and libcamera's virtual camera: `make test-csi`, in a Debian 13 tree.

Each check connects the driver as the daemon does (agent/cells): in a cell, a process of its own with a cell's rights,
under Debian's Python. What it cannot show is hardware: docs/drivers/csi.md.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import simplejpeg

from agent.cells.process import STOP_S
from drivers.cameras.csi import SILENT_S, STUCK_S
from drivers.frame_slot import FrameSlot
from drivers.readings import SNAPSHOT_BYTES, PictureState
from tests.csi.live import it_is_shown_live_with_its_masks
from tests.csi.stage import (
    HEIGHT,
    WIDTH,
    belongings,
    black,
    camera_cell,
    connected,
    fault,
    lent,
    next_change,
    pid,
    refusal,
    resident_mb,
    room,
    stage,
    trouble,
    until,
    until_it_stands_still,
)
from tests.drivers.outlines import LEFT

FEW = 2  # files or threads more after twenty connections than after three are no leak


# --- the checks ---------------------------------------------------------------------------------------------------


async def it_opens_and_its_first_picture_is_clear() -> str:
    stage(*map(room, range(6)))
    began_s = time.monotonic()
    async with camera_cell() as cell, connected(cell) as remote:
        took_s = time.monotonic() - began_s
        change = await next_change(remote)
        assert (change.state, change.before) == (PictureState.CLEAR, None)
        shown = simplejpeg.decode_jpeg(change.jpeg)
        assert shown.shape == (HEIGHT, WIDTH, 3), shown.shape
        assert len(change.jpeg) <= SNAPSHOT_BYTES
        coarse = simplejpeg.decode_jpeg(change.blurred, colorspace="GRAY")[:, :, 0].astype(int)
        assert np.ptp(coarse.reshape(9, 20, 16, 20), axis=(1, 3)).max() <= 3, "more than blocks"
        assert abs(change.at_ns - time.time_ns()) < 5e9
        await until(lambda: remote.counters.frames >= 3)
        asked_s = time.monotonic()
        assert simplejpeg.decode_jpeg((await remote.filmed.still()).jpeg).shape == shown.shape
        still_s = time.monotonic() - asked_s
        assert still_s < 2, f"{still_s:.1f} s"
        told = f"{len(change.jpeg)} bytes, an ordered one after {still_s:.2f} s; {resident_mb(cell)} MB resident"
        return f"{took_s:.1f} s with the process; snapshot of {told}"


async def what_is_masked_is_black() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell, connected(cell, masks=(LEFT,)) as remote:
        change = await next_change(remote)
        shown = simplejpeg.decode_jpeg(change.jpeg)
        assert shown.shape == (HEIGHT, WIDTH, 3), shown.shape
        assert shown[:, : WIDTH // 2 - 16].max() <= 12, "a mask that shows something"
        assert shown[:, WIDTH // 2 + 16 :].std() > 5, "nothing beside the mask"
        coarse = simplejpeg.decode_jpeg(change.blurred, colorspace="GRAY")
        assert coarse[:, :150].max() <= 12, "a mask that shows something, blurred"
        return f"half of {WIDTH}x{HEIGHT}, both forms"


async def its_pictures_are_lent_to_the_eyes() -> str:
    """As the daemon lends them, but by a name: the cell opens it with a cell's rights."""
    stage(*map(room, range(6)))
    path = Path("/dev/shm") / f"mektep-check-{os.getpid()}"
    try:
        with path.open("x+b") as file, FrameSlot.make(file.fileno()) as slot:
            async with camera_cell() as cell, connected(cell, slot=str(path)) as remote:
                still = [picture.monotonic_ns async for picture in lent(slot, 3)]
                slot.wish(time.clock_gettime_ns(time.CLOCK_BOOTTIME) + 20_000_000_000)
                await anext(lent(slot, 1))
                wished = [picture async for picture in lent(slot, 10)]
                await until(lambda: remote.counters.frames >= 13)  # they come with the beats
        last = wished[-1]
        luma = np.frombuffer(last.pixels, np.uint8)[: last.width * last.height].reshape(last.height, last.width)
        chroma = np.frombuffer(last.pixels, np.uint8)[last.width * last.height :]
        assert (last.width, last.height, last.moving) == (640, 360, True)
        assert luma.std() > 40, "not the room"
        assert abs(float(chroma.mean()) - 128) < 3, "a grey room has colours"
        idle_s, wished_s = ((ns[-1] - ns[0]) / 1e9 / (len(ns) - 1) for ns in
                            (still, [one.monotonic_ns for one in wished]))  # fmt: skip
        assert 0.8 < idle_s < 1.6, f"one each {idle_s:.2f} s"
        assert wished_s < 0.3, f"one each {wished_s:.2f} s while all are wished"
        return f"{last.width}x{last.height}, one each {idle_s:.2f} s, each {wished_s:.2f} s while wished"
    finally:
        path.unlink(missing_ok=True)


async def a_black_picture_is_covered_and_a_room_is_clear_again() -> str:
    stage(*map(room, range(8)), *[black()] * 12)
    async with camera_cell(burst_s=0.75) as cell, connected(cell) as remote:
        told = [await next_change(remote) for _ in range(3)]
        assert [one.state for one in told] == [PictureState.CLEAR, PictureState.COVERED, PictureState.CLEAR]
        assert [one.before for one in told] == [None, PictureState.CLEAR, PictureState.COVERED]
        light = [float(simplejpeg.decode_jpeg(one.jpeg).mean()) for one in told]
        assert light[1] < 30 < 90 < min(light[0], light[2]), f"snapshots of something else: {light}"
        return "clear, covered, clear, each with its own snapshot"


async def a_camera_covered_from_the_start_is_covered() -> str:
    stage(black())
    async with camera_cell() as cell, connected(cell) as remote:
        change = await next_change(remote)
        assert (change.state, change.before) == (PictureState.COVERED, None)
        return "covered"


async def one_picture_for_ever_is_frozen() -> str:
    stage(room(1))
    async with camera_cell() as cell, connected(cell) as remote:
        change = await next_change(remote)
        assert (change.state, change.before) == (PictureState.FROZEN, None)
        return f"frozen, told at picture {remote.counters.frames}"


async def a_silent_camera_is_v205_and_opens_again_in_the_same_process() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell:
        with fault("silent"):
            assert await refusal(cell) == "V-205", "it opens without a picture"
        before = pid(cell)
        async with connected(cell) as remote:
            await until(lambda: remote.counters.frames)
            with fault("silent"):
                began_s = time.monotonic()
                assert await trouble(remote) == "V-205"
                took_s = time.monotonic() - began_s
        assert took_s < SILENT_S + 3, f"noticed after {took_s:.1f} s"
        async with connected(cell):
            assert pid(cell) == before
        return f"noticed and closed after {took_s:.1f} s"


async def a_stuck_camera_is_killed_and_opens_in_another_process() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell:
        async with connected(cell) as remote:
            before = pid(cell)
            with fault("stuck"):
                await until_it_stands_still(remote)
                began_s = time.monotonic()
                assert await trouble(remote) == "U-102"
                took_s = time.monotonic() - began_s
                assert took_s < SILENT_S + STUCK_S + 3
                assert not Path(f"/proc/{before}").exists()
        async with connected(cell):
            assert pid(cell) != before
        return f"killed {took_s:.1f} s after it stood still"


async def a_cell_ends_with_its_daemon_even_if_the_camera_is_stuck() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell, connected(cell) as remote:
        with fault("stuck"):
            await until_it_stands_still(remote)
            life, began_s = cell.life, time.monotonic()
            assert life is not None
            await life.stop()
            took_s = time.monotonic() - began_s
        assert life.reason is not None
        assert life.reason.code == "U-101", "it had to be killed"
        assert took_s < STOP_S
        return f"by itself, after {took_s:.1f} s"


async def an_absent_camera_is_v202() -> str:
    stage(room(1))
    async with camera_cell() as cell:
        assert await refusal(cell, camera=3) == "V-202"
        return "V-202"


async def a_camera_in_use_is_v203_and_leaves_nothing_open() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell, connected(cell) as first:
        assert await refusal(cell) == "V-203"
        before = belongings(cell)
        for _ in range(10):
            assert await refusal(cell) == "V-203"
        after = belongings(cell)
        assert after[0] <= before[0] + FEW, f"files, threads: {before}, then {after}"
        frames = first.counters.frames
        await until(lambda: first.counters.frames > frames + 1)
        return f"files, threads: {before}, after ten more {after}; its user goes on"


async def twenty_connections_leave_nothing_behind() -> str:
    stage(*map(room, range(6)))
    async with camera_cell() as cell:
        seen = []
        for _ in range(20):
            async with connected(cell):
                pass
            seen.append((*belongings(cell), resident_mb(cell)))
        (files, threads, before_mb), (files_after, threads_after, after_mb) = seen[2], seen[-1]
        assert files_after <= files + FEW, f"files: {files}, then {files_after}"
        assert threads_after <= threads + FEW, f"threads: {threads}, then {threads_after}"
        assert after_mb <= before_mb + 5, f"MB: {before_mb}, then {after_mb}"
        return f"files, threads, MB: {seen[2]} after 3, {seen[-1]} after 20"


CHECKS: list[Callable[[], Awaitable[str]]] = [
    it_opens_and_its_first_picture_is_clear,
    what_is_masked_is_black,
    its_pictures_are_lent_to_the_eyes,
    it_is_shown_live_with_its_masks,
    a_black_picture_is_covered_and_a_room_is_clear_again,
    a_camera_covered_from_the_start_is_covered,
    one_picture_for_ever_is_frozen,
    a_silent_camera_is_v205_and_opens_again_in_the_same_process,
    a_stuck_camera_is_killed_and_opens_in_another_process,
    a_cell_ends_with_its_daemon_even_if_the_camera_is_stuck,
    an_absent_camera_is_v202,
    a_camera_in_use_is_v203_and_leaves_nothing_open,
    twenty_connections_leave_nothing_behind,
]


async def failed(check: Callable[[], Awaitable[str]]) -> bool:
    try:
        print(f"pass  {check.__name__}: {await check()}", flush=True)
    except Exception:  # noqa: BLE001 - the other checks go on
        print(f"FAIL  {check.__name__}\n{traceback.format_exc()}", flush=True)
        return True
    return False


async def main(part: str) -> int:
    """The exit code."""
    chosen = [check for check in CHECKS if part in check.__name__]
    wrong = [check for check in chosen if await failed(check)]
    print(f"{len(chosen) - len(wrong)} of {len(chosen)} checks passed")
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main("".join(sys.argv[1:]))))
