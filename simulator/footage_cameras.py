"""Network cameras that play real footage, each with its lines of the agent's configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from simulator.processes import free_port
from simulator.programme import Act, Part
from simulator.rtsp_camera import RtspCamera

CONFIG = """
[[camera]]
name = "{name}"
place = "{name}"
driver = "rtsp"
url = "{url}"
sees = {sees}
{settings}"""


class FootageCamera:
    """One of them; `act` is what it plays now, if that is to be noticed."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part = part
        self.name = part.camera
        self.act: Act | None = None
        self.rtsp = RtspCamera(part.camera, free_port(), folder, scenes=part.usual)

    def config(self) -> str:
        return CONFIG.format(
            name=self.name, url=self.rtsp.url, sees=json.dumps(list(self.part.sees)), settings=self.part.settings
        )

    def play(self, act: Act) -> None:
        """From the next keyframe on."""
        self.act = act
        self.rtsp.play(act.scenes)

    def calm(self) -> None:
        """Innocent video again, from the next keyframe on."""
        self.act = None
        self.rtsp.play(self.part.usual)

    def clip(self) -> str:
        """Which innocent clip is on; empty if that cannot be told."""
        shown = self.rtsp.shown()
        names = dict(zip(dict.fromkeys(self.part.usual), self.part.clips, strict=False))
        return names.get(shown.scene, "") if shown else ""

    def since_s(self) -> float | None:
        """Since when the act is on, by the machine's steady clock; None while it has not begun."""
        shown = self.rtsp.shown()
        return shown.since_s if self.act and shown and shown.scene == self.act.scenes[0] else None


def footage_cameras(parts: Sequence[Part], folder: Path) -> list[FootageCamera]:
    return [FootageCamera(part, folder) for part in parts]
