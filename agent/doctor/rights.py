"""Keys, secrets and folders: for the agent's user alone. And USB devices that the box does not let in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.doctor.finding import Finding, fault, refused, warn, well
from agent.doctor.site import Site, read

OTHERS = 0o077
PRIVATE = ("identity.pem", "card.key", "reference.agekey", "secrets", "pki", "evidence", "reference", "outbox.db")
LET_IN = "If it is one of the school's, ask support to allow it; else unplug it, and ask who plugged it in."
TELL = "sudo chmod go-rwx on what is named; then tell the centre that keys were open."


def files(site: Site) -> list[Finding]:
    """The state directory with what lies in it, and the key of the box's certificate."""
    state = Path(site.places.directory)
    try:
        owner = state.stat().st_uid
        paths = list(_private(state))
    except PermissionError:
        return [refused(str(state))]
    except OSError:
        return [well(f"{state} is not there yet")]
    if site.config and site.config.centre.key:
        paths.append(Path(site.config.centre.key))
    found = [one for path in paths for one in _one(path, owner, state)]
    return found or [well(f"{len(paths)} of them are closed to others")]


def _private(state: Path) -> Iterator[Path]:
    yield state
    for name in PRIVATE:
        path = state / name
        if path.exists():
            yield path
        if path.is_dir() and name in ("secrets", "pki"):
            yield from sorted(path.iterdir())


def _one(path: Path, owner: int, state: Path) -> Iterator[Finding]:
    try:
        about = path.stat()
    except OSError:
        return
    if about.st_mode & OTHERS and not _behind(path, state):
        yield fault("H-161", f"{path} can be read by others (mode {stat.S_IMODE(about.st_mode):04o})", TELL)
    if about.st_uid != owner and path.is_relative_to(state):
        yield fault("H-162", f"{path} belongs to user {about.st_uid}", "sudo chown -R mektep: on what is named.")


def _behind(path: Path, state: Path) -> bool:
    """Whether a closed folder stands before it."""
    return any(
        folder.is_relative_to(state) and not os.stat(folder).st_mode & OTHERS for folder in path.parents
    )  # fmt: skip


def usb(site: Site) -> list[Finding]:
    """What is plugged in and not let in by the allow-list."""
    found, there = [], 0
    for path in site.under("sys/bus/usb/devices/*/authorized"):
        if (path.parent / "idVendor").exists():
            there += 1
            if read(path) == "0":
                folder = path.parent
                numbers = f"{read(folder / 'idVendor')}:{read(folder / 'idProduct')}"
                words = " ".join(filter(None, (read(folder / "manufacturer"), read(folder / "product")))) or "a device"
                found.append(warn("H-163", f"{words} ({numbers}) at USB {folder.name} is not let in", LET_IN))
    return found or [well(f"{there} devices, all let in")]
