"""A machine of QEMU's: it is switched on, its power is cut, and its console is a shell of root's."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

PATIENCE_S = 1200.0
COMMAND_S = 60.0
QUIET = b"dmesg -n 1; stty -echo; PS1=; PS2=; bind 'set enable-bracketed-paste off'; export SYSTEMD_PAGER=cat\n"
PROMPT = re.compile(rb"root@\S+:\S*# ")


class Machine:
    """command(console) is asked at each power-on: what QEMU is called with, its console at that socket."""

    def __init__(self, console: Path, command: Callable[[Path], Sequence[str]]) -> None:
        self._console, self._command = console, command
        self._process: subprocess.Popen[bytes] | None = None
        self._last = b""

    async def power_on(self) -> None:
        self._console.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._command(self._console), stdin=subprocess.DEVNULL)
        while not self._console.exists():
            assert self._process.poll() is None, "QEMU did not start"
            await asyncio.sleep(0.05)
        self._read, self._write = await asyncio.open_unix_connection(self._console)
        self._seen, self._number = b"", 0

    def power_cut(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    async def went_off(self) -> None:
        """By itself, as it was told."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.to_thread(self._process.wait)

    async def login(self) -> None:
        """The console is root's; from here on it is a shell without a prompt, and tells nothing by itself."""
        if not self._number:
            await self._until(PROMPT)
            self._write.write(QUIET)
            await self.sh("true")  # what was still echoed goes with it

    async def sh(self, command: str, code: int = 0, patience_s: float = COMMAND_S) -> str:
        """A command of root's. Raises AssertionError with what it said."""
        self._number += 1
        self._seen = b""
        self._write.write(f"{{ {command}\n}} 2>&1; echo @@$?@{self._number}@\n".encode())
        found = await self._until(re.compile(rb"@@(\d+)@%d@" % self._number), patience_s)
        said = self._seen[: found.start()].decode(errors="replace").replace("\r", "").strip()
        assert int(found[1]) == code, f"{command}: {int(found[1])}\n{said}"
        return said

    async def tell(self, command: str) -> None:
        """A command whose end is not waited for."""
        self._write.write(f"{command}\n".encode())
        await self._write.drain()

    def last_words(self) -> str:
        """Of its console, as far as somebody listened."""
        return self._last.decode(errors="replace")

    async def _until(self, pattern: re.Pattern[bytes], patience_s: float = PATIENCE_S) -> re.Match[bytes]:
        try:
            async with asyncio.timeout(patience_s):
                while not (found := pattern.search(self._seen)):
                    data = await self._read.read(65536)
                    assert data, f"the machine went off; last it said: {self._seen[-2000:]!r}"
                    self._seen += data
                    self._last = (self._last + data)[-4000:]
        except TimeoutError:
            raise AssertionError(
                f"not within {patience_s:.0f} s: {pattern.pattern!r}; {self._seen[-2000:]!r}"
            ) from None
        return found


def play(whole: Callable[[Path, Path, Path], Coroutine[None, None, None]], prefix: str) -> int:
    """A story, with the image and the package of the command line and a folder of its own. Returns the exit code."""
    image, package = (Path(word).resolve() for word in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/var/tmp") as name:
        asyncio.run(whole(image, package, Path(name)))
    return 0
