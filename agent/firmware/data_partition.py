"""What must outlive a power cut, copied onto the partition mektep-data, before the root forgets what is written to it.

A folder that is there already is left alone: it is newer than what the root has. The agent is stopped first, so that
its database is whole; it starts again with the box.
Raises  AgentError F-110
"""

from __future__ import annotations

from agent.errors import AgentError
from agent.firmware.places import Places
from agent.firmware.program import ProgramFailed, Run
from agent.firmware.wanted import read

MOUNT_POINT = "data"


def folders() -> list[tuple[str, str]]:
    """(on the partition, where it is seen) of each folder that is bound: firmware_cfg/fstab."""
    rows = [one.text.split() for one in read("fstab")]
    return [(source, place) for source, place, *_ in rows if source.startswith(f"/{MOUNT_POINT}/")]


def fill(places: Places, run: Run) -> list[str]:
    """Mount the partition and copy what it has not. Returns what was copied."""
    copied = []
    try:
        run(["systemctl", "stop", "mektep-agent.service"])
        mounted = places.root / MOUNT_POINT
        mounted.mkdir(exist_ok=True)
        if not mounted.is_mount():
            run(["mount", "LABEL=mektep-data", str(mounted)])
        for source, place in folders():
            theirs, ours = places.root / source.lstrip("/"), places.root / place.lstrip("/")
            if theirs.exists():
                continue
            ours.mkdir(parents=True, exist_ok=True)
            half = theirs.with_name(f".{theirs.name}.new")
            run(["rm", "-rf", str(half)])
            run(["cp", "-a", str(ours), str(half)])
            run(["sync", "-f", str(half)])
            half.rename(theirs)
            copied.append(place)
    except (OSError, ProgramFailed) as error:
        do = "Look whether the partition is whole: sudo fsck LABEL=mektep-data. Nothing of the root was changed."
        raise AgentError("F-110", f"the data partition cannot be filled: {error}", do=do) from error
    return copied
