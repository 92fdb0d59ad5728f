"""Which Pi this is, and whether the box can be set up on it.

Source  /proc/device-tree/model, as the boot firmware fills it
Raises  AgentError F-101 no Raspberry Pi, F-102 one that does not fit, F-103 a 32-bit system
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from agent.errors import AgentError

MODEL = Path("proc/device-tree/model")
FITS = re.compile(r"Raspberry Pi (?:(?P<number>[345])(?:00)?(?: |$)|Compute Module (?P<module>[345])(?:[+SL ]|$))")
MACHINE = "aarch64"


class Board(msgspec.Struct, frozen=True):
    """A Pi that fits."""

    name: str  # as it says itself
    family: str  # the boot firmware's own filter: pi3, pi4, pi5


def board_of(root: Path, machine: str = "") -> Board:
    """The board whose files lie under `root`; `machine` is that of uname."""
    try:
        name = (root / MODEL).read_bytes().rstrip(b"\0").decode("utf-8", "replace").strip()
    except OSError:
        name = ""
    if not name.startswith("Raspberry Pi"):
        what = f"this is {name or 'no Raspberry Pi'}: it has no such firmware"
        raise AgentError("F-101", what, do="Nothing to do here; the agent runs without it.")
    found = FITS.match(name)
    if found is None:
        what = f"{name} is not made for a box: too slow, or without what the readers need"
        raise AgentError("F-102", what, do="Take a Raspberry Pi 3, 4 or 5.")
    if (machine or os.uname().machine) != MACHINE:
        do = "Write the 64-bit Raspberry Pi OS onto the card; the agent's libraries exist for it alone."
        raise AgentError("F-103", f"{name} runs a 32-bit system", do=do)
    return Board(name, f"pi{found['number'] or found['module']}")
