"""Passwords and keys of devices, apart from the configuration, which only names them.

A secret is a file NAME in the state directory's folder `secrets`, mode 0600; what it was before the last change is
NAME.before, because a device may still know only that one. A systemd credential of the same name goes first; the unit's
own are those of a folder, which systemd calls sec_NAME.
"""

from __future__ import annotations

import re
from pathlib import Path

from agent.errors import AgentError
from agent.private_file import write_private
from drivers.driver import Secret, not_stored
from drivers.errors import DeviceError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SECRET_BYTES = 4096
OF_A_FOLDER = "sec_"  # LoadCredential=sec:/etc/mektep/credentials


class SecretStore:
    """The secrets of one box; called with a name it is drivers.driver.Secrets."""

    def __init__(self, folder: Path, credentials: Path | None = None) -> None:
        self._folder = folder
        self._credentials = credentials

    def __call__(self, name: str) -> Secret:
        """Raises DeviceError T-120 not stored, T-121 cannot be read."""
        for folder, prefix in ((self._credentials, ""), (self._credentials, OF_A_FOLDER), (self._folder, "")):
            now = _read(folder, name, prefix) if folder else ""
            if folder and now:
                return Secret(now, _read(folder, f"{name}.before", prefix))
        raise not_stored(name)

    def put(self, name: str, value: str) -> None:
        """Store a secret; the one it replaces stays beside it. On disk when it returns. Raises AgentError."""
        if not NAME.fullmatch(name):
            raise AgentError("T-122", f"{name!r} is no name", do="Use small Latin letters, digits and hyphens.")
        if not value or len(value.encode()) > SECRET_BYTES or not value.isprintable():
            raise AgentError(
                "T-122", "the secret is empty, too long or not one line", do="Type it again, as one line of text."
            )
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            now = _read(self._folder, name)
            if now and now != value:
                write_private(self._folder / f"{name}.before", now.encode())
            write_private(self._folder / name, value.encode())
        except (OSError, DeviceError) as error:
            raise AgentError(
                "T-121", f"the secret {name} cannot be stored: {error}", do=f"Give {self._folder} to the agent's user."
            ) from error


def _read(folder: Path, name: str, prefix: str = "") -> str:
    path = folder / (prefix + name)
    if not NAME.fullmatch(name.removesuffix(".before")):
        return ""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DeviceError("T-121", f"{path} cannot be read: {error}", do="Give it to the agent's user.") from error
