"""A supervised loop on an analog-to-digital converter, as the kernel's IIO shows one: files in a folder.

The values are those of an MCP3008: ten bits of its reference, 3.3 V. The loop is calculated from its resistors here,
not from what the agent expects.
"""

from __future__ import annotations

import shutil
from pathlib import Path

REFERENCE_MV = 3300
STEPS = 1024


class LoopConverter:
    """One loop on one channel; contacts close, the wire is cut or shorted, the converter goes away."""

    def __init__(self, folder: Path, *, channel: int = 0, name: str = "mcp3008") -> None:
        self.folder = folder
        self.pull_up_ohm, self.end_ohm, self.alarm_ohm, self.cable_ohm = 2200.0, 4700.0, 1500.0, 4.0
        self.contacts = 0  # closed ones
        self.cut = False  # somewhere before the first contact
        self.shorted = False
        self._name = name
        self._channel = channel

    def plug(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "name").write_text(f"{self._name}\n", encoding="ascii")
        (self.folder / "in_voltage_scale").write_text(f"{REFERENCE_MV / STEPS:.9f}\n", encoding="ascii")
        self.measure()

    def unplug(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self) -> float:
        """Show the loop as it is wired now. Returns the volts at the input."""
        return self.show_volts(REFERENCE_MV / 1000 * self._share())

    def show_volts(self, volts: float) -> float:
        """A voltage, whatever the wiring."""
        raw = min(STEPS - 1, max(0, int(volts * 1000 / REFERENCE_MV * STEPS)))
        if self.folder.exists():
            fresh = self.folder / ".raw"
            fresh.write_text(f"{raw}\n", encoding="ascii")
            fresh.rename(self.folder / f"in_voltage{self._channel}_raw")  # nobody reads half of it
        return volts

    def set(self, *, contacts: int = 0, cut: bool = False, shorted: bool = False) -> None:
        self.contacts, self.cut, self.shorted = contacts, cut, shorted
        self.measure()

    def _share(self) -> float:
        if self.cut:
            return 1.0
        siemens = 1 / self.end_ohm + self.contacts / self.alarm_ohm
        ohm = self.cable_ohm + (0.0 if self.shorted else 1 / siemens)
        return ohm / (ohm + self.pull_up_ohm)
