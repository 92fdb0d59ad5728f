"""A picture into a file that whoever asked for it names: for its owner alone, whole or not at all.

Raises  AgentError V-407.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import AgentError

FORMS = (".png", ".jpg", ".jpeg")


def form_of(path: Path) -> str:
    """The ending of its name, if pictures have one like it."""
    form = path.suffix.lower()
    if form not in FORMS:
        do = f"End its name with one of: {', '.join(FORMS)}"
        raise AgentError("V-407", f"{path} is no name for a picture", do=do)
    return form


def write(path: Path, content: bytes) -> None:
    """For its owner's eyes: whoever typed sudo gets it, if the folder is theirs. Raises AgentError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
            out.write(content)
            owner = path.absolute().parent.stat()
            if os.geteuid() == 0 and str(owner.st_uid) == os.environ.get("SUDO_UID"):
                os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
        fresh.rename(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        do = "Name a file in a folder where you may write."
        raise AgentError("V-407", f"{path} cannot be written: {error.strerror}", do=do) from error
