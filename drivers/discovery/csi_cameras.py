"""Cameras on the flat cable: asks libcamera's own tool, whichever the system has. It lists, it takes no picture.

Shape   rpicam-hello: `0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)`
        cam:          `1: Internal front camera (/base/soc/i2c0mux/i2c@1/imx219@10)` or `1: 'imx219' (/base/...)`
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, printable, settings

PROGRAMS = (("rpicam-hello", "--list-cameras"), ("libcamera-hello", "--list-cameras"), ("cam", "--list"))
PATIENCE_S = 10.0
OUTPUT_MOST = 65_536
LINE = re.compile(r"^\s{0,4}\d{1,2} ?: ([^(\n]{1,80}?) \((/[^)\n]{1,200}|\\[^)\n]{1,200})\)", re.MULTILINE)
ON_USB = re.compile(r"usb|uvc|\\_SB", re.IGNORECASE)  # libcamera lists those too


class Camera(msgspec.Struct, frozen=True):
    """A camera as libcamera names it."""

    words: str
    id: str  # where it is connected: stays the same


def listed(output: str) -> list[Camera]:
    """The cameras of a tool's output, those on USB left out."""
    found = [Camera(printable(match[1].strip("' ")), match[2]) for match in LINE.finditer(output)]
    return [camera for camera in found if not ON_USB.search(camera.id)]


async def look(programs: Sequence[Sequence[str]] = PROGRAMS) -> AsyncIterator[Found]:
    """Ask the first tool that is installed."""
    for program in programs:
        output = await _output(program)
        if output is None:
            continue
        for number, camera in enumerate(listed(output)):
            yield Found(
                kind=Kind.CAMERA, what=f"CSI camera {camera.words}", name=printable(camera.id),
                sure=Sure.CERTAIN, why=Why.LISTED,
                proposal=Proposal(kind="camera", driver="csi", settings=settings(camera=number)),
            )  # fmt: skip
        return


async def _output(program: Sequence[str]) -> str | None:
    """What the tool prints; None if it is not installed. A tool that hangs is ended."""
    try:
        process = await asyncio.create_subprocess_exec(
            *program, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    stdout = process.stdout
    data = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while stdout is not None and len(data) < OUTPUT_MOST:
                piece = await stdout.read(OUTPUT_MOST)
                if not piece:
                    break
                data += piece
    except TimeoutError:
        return data.decode(errors="replace")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return data.decode(errors="replace")
