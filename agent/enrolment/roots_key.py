"""Root's own copy of the centre's orders key: by it, and by no file of the agent's, root knows the city's updates.

Written  while `mektep enrol` is still root, by the boot file; where there is none any more, once, by the configuration
         (so does the package: python -m agent.enrolment.roots_key FILE). scripts/deb/update_version.py reads it.
Raises   EnrolmentError N-108 if it cannot be written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agent import config
from agent.enrolment.errors import EnrolmentError
from agent.private_file import half_made, publish

FOLDER = Path("/var/lib/mektep-update")
FILE = "orders.pub"
PROGRAM = Path("/usr/lib/mektep/update-version")


def keep_orders_key(key: str, folder: Path = FOLDER, program: Path = PROGRAM, *, anew: bool = True) -> None:
    """Whole, on disk when it returns; nothing where we are not root, or root installs no updates.

    anew: another one that is there makes room
    """
    path = folder / FILE
    if os.geteuid() != 0 or not program.exists() or (path.exists() and not anew):
        return
    fresh = half_made(path)
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask says: the agent reads there what root answers
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as out:
            os.fchmod(out.fileno(), 0o644)
            out.write(key.encode())
            out.flush()
            os.fsync(out.fileno())
        publish(fresh, path)
    except OSError as error:
        do = "Look at the disk: `df /var/lib`."
        raise EnrolmentError("N-108", f"{path} cannot be written: {error}", do=do) from error


if __name__ == "__main__":
    keep_orders_key(config.load(Path(sys.argv[1])).centre.orders_key, anew=False)
