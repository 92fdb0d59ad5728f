"""What must outlive a power cut, moved onto the partition mektep-data, before the root forgets what is written to it.

Once      the agent is stopped, so that its database is whole; what was copied is mounted in its place at once, and the
          agent goes on there: nothing is written to the old place again by the agent or by root's updates
Newer     a folder that is mounted already, or that an earlier root has left (LIVES), is left alone. Any other is half
          of a move that the power cut, or of one whose end never came: it is copied anew
Raises    AgentError F-110
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import AgentError
from agent.firmware.places import Places
from agent.firmware.program import ProgramFailed, Run
from agent.firmware.wanted import read

MOUNT_POINT = "data"
LIVES = ".mektep-lives"  # on the partition: its folders were in use
AT_WORK = ("mektep-agent.service", "mektep-update.path", "mektep-update.service")
AGAIN = ("mektep-update.path", "mektep-agent.service")


def folders() -> list[tuple[str, str]]:
    """(on the partition, where it is seen) of each folder that is bound: firmware_cfg/fstab."""
    rows = [one.text.split() for one in read("fstab")]
    return [(source, place) for source, place, *_ in rows if source.startswith(f"/{MOUNT_POINT}/")]


@contextmanager
def moved(places: Places, run: Run) -> Iterator[None]:
    """Around the writing of fstab: before it everything is copied, after it the partition is in its place."""
    with _told():
        run(["systemctl", "stop", *AT_WORK])
    try:
        with _told():
            _fill(places, run)
        yield
        with _told():
            _take_over(places, run)
    finally:
        with _told():
            run(["systemctl", "start", "--no-block", *AGAIN])


def _fill(places: Places, run: Run) -> None:
    data = places.root / MOUNT_POINT
    data.mkdir(exist_ok=True)
    if not data.is_mount():
        run(["mount", "LABEL=mektep-data", str(data)])
    lives = (data / LIVES).exists()
    for source, place in folders():
        theirs, ours = places.root / source.lstrip("/"), places.root / place.lstrip("/")
        if ours.is_mount() or (lives and theirs.exists()):
            continue
        ours.mkdir(parents=True, exist_ok=True)
        half = theirs.with_name(f".{theirs.name}.new")
        run(["rm", "-rf", str(half), str(theirs)])
        run(["cp", "-a", str(ours), str(half)])
        run(["sync", "-f", str(half)])
        half.rename(theirs)


def _take_over(places: Places, run: Run) -> None:
    run(["systemctl", "daemon-reload"])  # of fstab
    for place in _places(places):
        if not place.is_mount():
            run(["mount", str(place)])
    (places.root / MOUNT_POINT / LIVES).touch()
    run(["sync", "-f", str(places.root / MOUNT_POINT)])


def is_in_place(places: Places) -> bool:
    """Whether every folder is that of the partition now."""
    return all(place.is_mount() for place in _places(places))


def _places(places: Places) -> list[Path]:
    return [places.root / place.lstrip("/") for _, place in folders()]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, ProgramFailed) as error:
        do = "Look whether the partition is whole: sudo fsck LABEL=mektep-data. The root has lost nothing."
        raise AgentError("F-110", f"the data partition cannot be filled: {error}", do=do) from error
