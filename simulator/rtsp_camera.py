"""A school's network camera: GStreamer's RTSP server in a process of its own, which can be covered, frozen, stalled; or
one that plays scenes of real footage, one after the other.

URL     rtsp://127.0.0.1:PORT/main and /sub; rtsps:// with a certificate; a name and password by digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.processes import Process
from simulator.scenes import Sight, write_scene

PYTHON = "/usr/bin/python3"  # Debian's own: it has the bindings of GStreamer


class Shown(NamedTuple):
    """A scene, and since when it is on: seconds of the machine's steady clock (time.monotonic)."""

    scene: Path
    since_s: float


class RtspCamera:
    """start() after stop() or vanish() is the camera coming back, with what it saw before."""

    def __init__(
        self, name: str, port: int, folder: Path, *, codec: str = "h264", width: int = 640, height: int = 360,
        rate: int = 10, gop_s: float = 1.0, bit_rate: int = 1_000_000, user: str = "", password: str = "",
        certificate: Path | None = None, clock_off_s: float = 0.0, scenes: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.port = port
        self.sight = Sight.CLEAR
        self._folder = folder / name
        self._codec, self._size, self._rate = codec, (width, height), rate
        self._gop_s, self._bit_rate = gop_s, bit_rate
        self._now, self._shown = self._folder / "now", self._folder / "shown"
        self._scenes = tuple(scenes)
        command = [PYTHON, str(Path(__file__).with_name("rtsp_server.py")), f"--port={port}", f"--now={self._now}"]
        command.append(f"--shown={self._shown}")
        self._password = password
        self._secret = self._folder / "password"  # not in the process list
        if user:
            command += [f"--user={user}", f"--password-file={self._secret}"]
        if certificate is not None:
            command.append(f"--certificate={certificate}")
        if clock_off_s:
            command.append(f"--clock-off={clock_off_s}")
        self._scheme = "rtsps" if certificate else "rtsp"
        self._process = Process(name, command, self._folder, ready="up")

    @property
    def url(self) -> str:
        """Of the main stream, without name and password."""
        return f"{self._scheme}://127.0.0.1:{self.port}/main"

    async def start(self) -> None:
        """Raises RuntimeError with the server's last words."""
        self._show()
        if not self._process.running():
            self._secret.write_text(self._password)
            await self._process.start()

    async def stop(self) -> None:
        await self._process.stop()

    def vanish(self) -> None:
        """Its cable is pulled: nothing answers, no connection is ended in order."""
        self._process.kill()

    def cover(self) -> None:
        self._see(Sight.COVERED)

    def freeze(self) -> None:
        """The encoder goes on with the last picture for ever."""
        self._see(Sight.FROZEN)

    def clear(self) -> None:
        self._see(Sight.CLEAR)

    def play(self, scenes: Sequence[Path]) -> None:
        """These files of encoded pictures from the next keyframe on, one after the other, and again from the first."""
        self._scenes = tuple(scenes)
        self._show()

    def shown(self) -> Shown | None:
        """Which of the scenes is on; None before the first."""
        try:
            since_s, _, path = self._shown.read_text().split(" ", 2)
        except (OSError, ValueError):
            return None
        return Shown(Path(path), float(since_s))

    def resize(self, width: int, height: int) -> None:
        """Somebody changes the resolution: the stream goes on with another."""
        self._size = (width, height)
        self._show()

    def mute(self) -> None:
        """Open, playing, and nothing comes; any sight ends it."""
        self._write("")

    def stall(self) -> None:
        """It hangs: connections stay open and nothing moves."""
        self._process.stall()

    def go_on(self) -> None:
        self._process.go_on()

    def _see(self, sight: Sight) -> None:
        self.sight = sight
        self._show()

    def _show(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._scenes:
            self._write("\n".join(map(str, self._scenes)))
            return
        width, height = self._size
        scene = write_scene(
            self._folder.parent, self.sight, codec=self._codec, width=width, height=height, rate=self._rate,
            gop_s=self._gop_s, bit_rate=self._bit_rate, seconds=max(4, round(self._gop_s)),
        )  # fmt: skip
        self._write(str(scene))

    def _write(self, scene: str) -> None:
        new = self._now.with_suffix(".new")
        new.write_text(scene)
        new.replace(self._now)
