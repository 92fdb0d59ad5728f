"""USB cameras by names that survive a restart. Looks at /dev/v4l and /sys; opens nothing.

Not     the Pi's own decoders and scalers, which also appear as /dev/video*; the CSI camera: csi_cameras.py.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.discovery import holders, usb
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings
from drivers.discovery.kernel_files import inside

PICTURES = "0"  # a camera's first node gives pictures, the next what belongs to them


async def look(root: Path) -> AsyncIterator[Found]:
    """Each camera once."""
    nodes = sorted(inside(root / "sys/class/video4linux"), key=lambda node: len(node.name))
    held = holders.look(root / "proc", [root / "dev" / node.name for node in nodes])
    for node in nodes:
        one = usb.above(node / "device", root / "sys")
        if one is None or usb.word(node / "index") != PICTURES:
            continue
        device = root / "dev" / node.name
        name = _stable(root, device)
        yield Found(
            kind=Kind.CAMERA, what=usb.word(node / "name") or one.words, name=name, sure=Sure.CERTAIN, why=Why.LISTED,
            used_by=held.used_by(device),
            proposal=Proposal(kind="camera", driver="usb", settings=settings(port=name)),
        )  # fmt: skip


def _stable(root: Path, device: Path) -> str:
    true = os.path.realpath(device)
    links = inside(root / "dev/v4l/by-id", root / "dev/v4l/by-path")
    return str(next((link for link in links if os.path.realpath(link) == true), device))
