"""A root that forgets: what is written to it is gone at the next start. Nothing that is to stay may go there.

Source  overlayroot(8) names its mount `overlayroot`, of type overlay; proc_pid_mounts(5)
Raises  AgentError F-112
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent.errors import AgentError
from agent.firmware.places import Places

MOUNTS = Path("proc/self/mounts")


def forgets(root: Path) -> bool:
    """Whether the root that is mounted now is an overlay."""
    try:
        rows = [line.split() for line in (root / MOUNTS).read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return False
    return any(row[1:3] == ["/", "overlay"] for row in rows)


def refuse(places: Places, paths: Iterable[Path]) -> None:
    """Files that would be forgotten: those under the root that are not on the boot partition."""
    lost = [path for path in paths if path.is_relative_to(places.root) and not path.is_relative_to(places.boot)]
    if lost and forgets(places.root):
        do = "sudo mektep firmware apply --without read-only-root, restart, and then again."
        raise AgentError("F-112", f"the root forgets what is written to it: {lost[0]} would be gone again", do=do)
