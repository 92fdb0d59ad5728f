"""How much of a line `mektep top` needs: what it writes to a terminal of 80 by 24 and 256 colours while taps come.

A real daemon with a reader, a reader that is missing and a camera that plays a film; a card each APART_S. First the
screen as it opens, then with the camera open, whose picture is new each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from bench.box_toml import HEAD
from bench.figure import Figure
from simulator.card_reader import CardReader
from simulator.processes import Process
from simulator.scenes import Sight, write_video

COLUMNS, LINES = 80, 24
APART_S = 1.5
SETTLED_S = 6.0  # what the screen begins with is over
MEASURED_S = 20.0
FILM_S = 120
NEEDS_ATTENTION = 1  # the exit code: a reader is missing
TARGET_BYTES_S = 4_000  # a third of what a line of 100 kbit/s carries
DEVICES = """
[[reader]]
name = "canteen-1"
driver = "serial_ascii"
port = "{port}"
lights = {{ accepted = "G\\n", refused = "R\\n", wait = "W\\n" }}
[[reader]]
name = "gate"
driver = "serial_ascii"
port = "/dev/no-gate"
[[camera]]
name = "hall"
driver = "file"
file = "{film}"
sees = ["tamper"]
"""


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        found = Path(name)
        reader = CardReader("canteen-1", found / "canteen-1", "em4100")
        reader.line.plug()
        await asyncio.to_thread(write_video, found / "film.mkv", [(Sight.CLEAR, FILM_S)], width=320, height=180)
        config = found / "box.toml"
        devices = DEVICES.format(port=reader.line.link, film=found / "film.mkv")
        config.write_text(HEAD.format(folder=found) + "[outbox]\nreserve_mb = 1\nballast_mb = 0\n" + devices)
        words = [sys.executable, "-m", "agent", "run", str(config)]
        daemon = Process("agent", words, found, ready="INFO agent: school")
        await daemon.start()
        showing = asyncio.create_task(_show_cards(reader))
        try:
            return await _figures(config)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            daemon.kill()
            reader.line.unplug()


async def _show_cards(reader: CardReader) -> None:
    number = 0
    while True:
        number += 1
        await reader.show(bytes([0x6F, 0, 0x7B, *divmod(number % 65_536, 256)]), patience_s=5)
        await asyncio.sleep(APART_S)


async def _figures(config: Path) -> list[Figure]:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLORTERM"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "top", str(config),
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    terminal = _Terminal(ours)
    try:
        screen = await terminal.bytes_a_second()
        os.write(ours, b"c")
        camera = await terminal.bytes_a_second()
        os.write(ours, b"q")
        async with asyncio.timeout(MEASURED_S):
            await process.wait()
        if min(screen, camera) <= 0 or process.returncode != NEEDS_ATTENTION:
            raise AssertionError(f"nothing was drawn, or it ended with {process.returncode}: that is no figure")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        terminal.close()
    return [_figure("a card each 1.5 s", screen), _figure("a camera open", camera)]


class _Terminal:
    """The other end of the line: takes everything and counts it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._count = 0
        asyncio.get_running_loop().add_reader(handle, self._read)

    def _read(self) -> None:
        try:
            self._count += len(os.read(self._handle, 65_536))
        except OSError:  # the process has ended
            asyncio.get_running_loop().remove_reader(self._handle)

    async def bytes_a_second(self) -> float:
        """Of the time after what began has been drawn."""
        await asyncio.sleep(SETTLED_S)
        before, began_s = self._count, time.monotonic()
        await asyncio.sleep(MEASURED_S)
        return (self._count - before) / (time.monotonic() - began_s)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)


def _figure(what: str, bytes_a_second: float) -> Figure:
    return Figure(
        figure=f"mektep top at {COLUMNS} by {LINES}, {what}, to the terminal", value=bytes_a_second, unit="bytes/s",
        limit_or_peer=f"{TARGET_BYTES_S} bytes/s", ratio=bytes_a_second / TARGET_BYTES_S,
        target=f"<= {TARGET_BYTES_S} bytes/s", met=bytes_a_second <= TARGET_BYTES_S,
    )  # fmt: skip
