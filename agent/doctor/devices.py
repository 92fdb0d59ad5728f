"""Each device: by the running agent's own eyes; without it looked at from outside, as the agent's user would see it.

Without the agent a process of its own looks (agent/doctor/probing.py): it may hang in a driver, and is ended then.
"""

from __future__ import annotations

import grp
import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec

from agent.config import SourceConfig
from agent.doctor.finding import Finding, Level, note, of_trouble, warn, well
from agent.doctor.site import Site
from agent.ops.device_trouble import GARBLED, is_noisy, troubles_of
from agent.ops.status import SourceView

GROUPS = ("dialout", "video", "input", "gpio", "plugdev")  # of the unit
AGAIN = "Run it alone: mektep doctor --only NAME. If it fails again, send what it says to support."


class Account(msgspec.Struct, frozen=True):
    """Who looks; None: who we are."""

    user: int | None = None
    group: int | None = None
    groups: list[int] | None = None


def devices(site: Site) -> list[Finding]:
    """One or more findings a device."""
    if site.config is None:
        return []
    if not site.alive or site.picture is None:
        return _from_outside(site)
    found = [one for source in site.config.sources for one in _seen(source, site.picture.sources.get(source.name))]
    return found or [well("none is configured")]


def _seen(source: SourceConfig, view: SourceView | None) -> Iterator[Finding]:
    if view is None:
        do = "Restart the agent: it reads its configuration at its start."
        yield warn("H-178", f"{source.name} is configured, and the running agent does not know it", do)
        return
    found = [_weighed(source.name, view, of_trouble(one, Level.WARN)) for one in troubles_of(source.name, view)]
    if not view.code and view.cell and view.cell.falls:
        do = "Nothing. If it happens again and again, send the log to support."
        found.append(note("U-101", f"{source.name}: its cell ended {view.cell.falls} times and was started again", do))
    yield from found or [well(f"{source.name}: {view.state}, {view.readings} readings")]


def _weighed(name: str, view: SourceView, found: Finding) -> Finding:
    if found.code == view.code:
        fact = found.fact if found.fact.startswith(name) else f"{name}: {found.fact}"
        return msgspec.structs.replace(found, level=Level.FAULT, fact=fact)
    if found.code == GARBLED and not is_noisy(view):
        return msgspec.structs.replace(found, level=Level.NOTE)
    return found


def _from_outside(site: Site) -> list[Finding]:
    command = [sys.executable, "-m", "agent.doctor.probing", str(site.file)]
    account = _account(site)
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=site.patience_s, check=True, env=site.environment,
            user=account.user, group=account.group, extra_groups=account.groups,
        )  # fmt: skip
        return msgspec.json.decode(done.stdout, type=list[Finding]) or [well("none is configured")]
    except subprocess.TimeoutExpired:
        return [note("H-190", "looking at the devices took too long: one of them, or its driver, hangs", AGAIN)]
    except (OSError, subprocess.CalledProcessError, msgspec.MsgspecError) as error:
        return [note("H-190", f"the devices could not be looked at: {error}", AGAIN)]


def _account(site: Site) -> Account:
    """Root looks as the agent's user: what that one may open is the question."""
    try:
        owner = os.stat(site.places.directory)
    except OSError:
        return Account()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return Account()
    return Account(owner.st_uid, owner.st_gid, [one.gr_gid for one in grp.getgrall() if one.gr_name in GROUPS])
