"""USB cameras by names that survive a restart. Looks at /dev/v4l and /sys; opens nothing.

Not     the Pi's own decoders and scalers, which also appear as /dev/video*; the CSI camera: csi_cameras.py.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.discovery import holders, usb
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, settings

PICTURES = "0"  # a camera's first node gives pictures, the next what belongs to them


async def look(root: Path) -> AsyncIterator[Found]:
    """Each camera once."""
    try:
        nodes = sorted((root / "sys/class/video4linux").iterdir(), key=lambda node: (len(node.name), node.name))
    except OSError:
        return
    for node in nodes:
        one = usb.above(node / "device", root / "sys")
        if one is None or usb.word(node / "index") != PICTURES:
            continue
        device = root / "dev" / node.name
        name = _stable(root, device)
        yield Found(
            kind=Kind.CAMERA, what=usb.word(node / "name") or one.words, name=name, sure=Sure.CERTAIN, why=Why.LISTED,
            used_by=holders.by_us(root / "proc", device),
            proposal=Proposal(kind="camera", driver="usb", settings=settings(port=name)),
        )  # fmt: skip


def _stable(root: Path, device: Path) -> str:
    true = os.path.realpath(device)
    for folder in ("dev/v4l/by-id", "dev/v4l/by-path"):
        try:
            links = sorted((root / folder).iterdir())
        except OSError:
            continue
        for link in links:
            if os.path.realpath(link) == true:
                return str(link)
    return str(device)
