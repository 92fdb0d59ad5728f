"""A fire panel at the other end of a line, pymodbus's own server, with every frame of the agent recorded.

Whatever a test does, at its end no frame has asked for more than to read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.readings import ZoneChange, ZoneState
from drivers.sensors import modbus_panel
from drivers.sensors.modbus_panel import Settings
from simulator.fire_panel import FirePanel
from simulator.smoke_detector import SmokeDetector
from tests.clock import FastClock
from tests.drivers.supervised import Kept
from tests.secrets import no_secrets

READING = {1, 2, 3, 4}
PROFILE = "bolid-s2000-pp"
NAMES = {"1": "canteen", "2": "corridor", "3": "gym", "4": "library"}


class FarPanel(FirePanel):
    """`frames` holds what the agent sent on the serial line, as it came; answers may be held back."""

    def __init__(self, folder: Path, *, zones: int = 4, baud: int = 9600) -> None:
        super().__init__(folder, "panel", zones=zones, baud=baud)
        self.frames: list[bytes] = []
        self.hold = False  # the next answer is kept, and let out when the next question is on the line
        self._held: bytes | None = None

    async def start(self, *, tcp_port: int = 0) -> None:
        await super().start(tcp_port=tcp_port)
        self.record()

    def record(self) -> None:
        """Stand between the two ends of the line."""
        forward, answer = self.agent_end.on_data, self.device_end.on_data

        def asked(data: bytes) -> None:
            self.frames.append(data)
            if self._held is not None:
                self.agent_end.send(self._held)
                self._held = None
            if forward:
                forward(data)

        def answered(data: bytes) -> None:
            if self.hold:
                self.hold, self._held = False, data
            elif answer:
                answer(data)

        self.agent_end.on_data, self.device_end.on_data = asked, answered

    def only_read(self) -> bool:
        """Whole frames of reading functions, unit and function in front."""
        return all(len(frame) == 8 and frame[1] in READING for frame in self.frames) and self.asked <= READING


def over_serial(panel: FirePanel, **changes: object) -> Settings:
    words = {"profile": PROFILE, "port": str(panel.agent_end.link), "unit": 2, "zones": NAMES, "poll_ms": 50}
    return Settings(**(words | changes))  # type: ignore[arg-type]


def over_tcp(port: int, **changes: object) -> Settings:
    words = {"profile": PROFILE, "host": "127.0.0.1", "tcp_port": port, "unit": 2, "zones": NAMES, "poll_ms": 50}
    return Settings(**(words | changes))  # type: ignore[arg-type]


def duct(detector: SmokeDetector, **changes: object) -> Settings:
    words = {"profile": "calectro-ug-3", "unit": 1, "zones": {"1": "duct"}}
    return over_tcp(detector.port, **(words | changes))


def told(kept: Kept) -> list[tuple[int, ZoneState]]:
    return [(change.zone, change.state) for change in kept.readings if isinstance(change, ZoneChange)]


async def read_for_ever(settings: Settings) -> None:
    async with modbus_panel.connect(settings, FastClock(), no_secrets) as panel:
        async for _ in panel:
            pass


@asynccontextmanager
async def far_panel(folder: Path, *, tcp_port: int = 0, zones: int = 4, baud: int = 9600) -> AsyncIterator[FarPanel]:
    panel = FarPanel(folder, zones=zones, baud=baud)
    await panel.start(tcp_port=tcp_port)
    try:
        yield panel
        assert panel.only_read(), panel.frames
    finally:
        await panel.stop()
