"""The blurred picture of a camera in the terminal: half blocks, from a process of its own that knows pictures.

python -m agent.cli.top_picture CONFIG NAME: for each line on standard input one line of JSON, a Peek. It becomes the
owner of the state directory and stays so; it ends with its input. `mektep top` itself loads no OpenCV.
Blurred  as `mektep camera snapshot` does it, and one pixel for each block: no more reaches the process that draws.
Never    opens a camera: a picture is there while the agent runs and watches the camera for something.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from pathlib import Path

import msgspec
from rich.text import Text

from agent import config
from agent.cli import camera_picture
from agent.cli.owner import become_owner
from agent.config import Config
from agent.errors import AgentError
from agent.ops import status

LINE_BYTES = 1 << 20
PATIENCE_S = 30.0  # until a process on a slow box has loaded what it needs
UPPER = "▀"
STEP = 16  # of a colour's 256


class Peek(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, or why there is none."""

    at_ns: int = 0
    width: int = 0
    height: int = 0
    rgb: bytes = b""  # row by row
    code: str = ""
    what: str = ""
    do: str = ""


def main() -> None:
    path, name = sys.argv[1:]
    found = config.load(Path(path))
    become_owner(Path(found.state.directory), found.file)
    for _ in sys.stdin:
        print(msgspec.json.encode(peek(found, name)).decode(), flush=True)


def peek(found: Config, name: str) -> Peek:
    """Now."""
    try:
        last = status.read(found.state.live)
        if last is None or not status.is_alive(last):
            raise AgentError("D-001", "the agent does not run", do="Start it: sudo systemctl start mektep-agent")
        source = next(source for source in found.sources if source.name == name)
        taken = camera_picture.take(found, source)
    except AgentError as error:
        return Peek(code=error.code, what=error.what, do=error.do)
    except PermissionError as error:
        return Peek(
            code="X-002", what=f"{error.filename} cannot be read by this user", do="Run it as root: sudo mektep top"
        )
    from agent.pipelines import shown  # brings OpenCV

    few = shown.blocks(taken.picture)
    height, width = few.shape[:2]
    return Peek(at_ns=taken.at_ns, width=width, height=height, rgb=few.tobytes())


class Peeking:
    """The process, while a camera is looked at."""

    def __init__(self, file: str, name: str) -> None:
        self._words = [sys.executable, "-m", "agent.cli.top_picture", file, name]
        self._process: asyncio.subprocess.Process | None = None

    async def next(self) -> Peek:
        """The next picture."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = await self._ask()
            return msgspec.json.decode(line, type=Peek)
        except (OSError, ValueError, TimeoutError, msgspec.MsgspecError):
            await self.end()
            do = "Close the camera and open it again; if it stays, send the log to support."
            return Peek(code="X-003", what="the part of the command that looks at the camera ended by itself", do=do)

    async def _ask(self) -> bytes:
        pipe = asyncio.subprocess.PIPE
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._words, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=LINE_BYTES
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        process.stdin.write(b"\n")
        await process.stdin.drain()
        return await process.stdout.readline()

    async def end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None


def half_blocks(one: Peek) -> Text:
    """Two pixels a sign: the upper one is its colour, the lower one its ground. Equal neighbours share a code."""
    text = Text(no_wrap=True, end="")
    for row in range(0, one.height, 2):
        below = min(row + 1, one.height - 1)
        pairs = ((_colour(one, row, column), _colour(one, below, column)) for column in range(one.width))
        for (upper, lower), run in itertools.groupby(pairs):
            signs = len(list(run))
            text.append((" " if upper == lower else UPPER) * signs, f"{upper} on {lower}")
        text.append("\n")
    text.right_crop(1)
    return text


def _colour(one: Peek, row: int, column: int) -> str:
    """Coarser than it is: a slow line carries it, and a terminal of 256 colours shows no more."""
    at = (row * one.width + column) * 3
    return "#" + "".join(f"{min(255, (part + STEP // 2) // STEP * STEP):02x}" for part in one.rgb[at : at + 3])


if __name__ == "__main__":
    main()
