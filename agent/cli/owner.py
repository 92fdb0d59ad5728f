"""Whose the state directory is: what a command writes there with sudo, the agent's user must be able to read."""

from __future__ import annotations

import os
from pathlib import Path


def become_owner(directory: Path) -> None:
    """Root becomes the directory's owner, for good: it makes no file of root's, and follows no link of another's."""
    if os.geteuid() != 0 or not directory.exists():
        return
    about = directory.stat()
    if about.st_uid == 0:
        return
    os.setgroups([])
    os.setresgid(about.st_gid, about.st_gid, about.st_gid)
    os.setresuid(about.st_uid, about.st_uid, about.st_uid)
