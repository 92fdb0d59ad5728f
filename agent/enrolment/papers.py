"""The files by which the centre's broker knows this box: pki/ca.crt, box.crt, box.key; certificate and key change
together or not at all.

Shape   the three are links into the folder that the link `current` names (0001, 0002, …): one rename changes all.
        next/ holds the key of a request that is not answered yet: who is cut off asks again with the same key.
Kept    the folder before the current one; older ones are removed.
Raises  EnrolmentError N-108 if the disk or the rights forbid it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from agent.enrolment.certificate import Kept, fresh_key, understood
from agent.enrolment.errors import EnrolmentError
from agent.private_file import write_private

CURRENT, NEXT = "current", "next"
CA, CERTIFICATE, KEY = "ca.crt", "box.crt", "box.key"
TOKEN = "token.sha256"  # noqa: S105 - a file: of the token by which the certificate was given
SHOWN = "shown"  # a file: the centre has seen the certificate in use


class Papers:
    """Of one box; folder: pki of the state directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def ca(self) -> Path:
        return self.folder / CA

    @property
    def certificate(self) -> Path:
        return self.folder / CERTIFICATE

    @property
    def key(self) -> Path:
        return self.folder / KEY

    def kept(self) -> Kept | None:
        """What the certificate in use says; None: there is none. Raises EnrolmentError N-106, N-108."""
        current = self.folder / CURRENT
        with self._told():
            if not (current / CERTIFICATE).exists():
                return None
            parts = [(current / name).read_bytes() for name in (CERTIFICATE, KEY, CA)]
        return understood(*parts)

    def authority(self) -> bytes:
        """Of the certificate in use, PEM."""
        with self._told():
            return self.ca.read_bytes()

    def next_key(self) -> bytes:
        """The key to ask with: on disk when it returns, the same until a certificate for it is published."""
        path = self.folder / NEXT / KEY
        with self._told():
            for folder in (self.folder, path.parent):  # parents=True would give the first of them to everybody
                folder.mkdir(mode=0o700, exist_ok=True)
            _sync(self.folder)
            if not path.exists():
                write_private(path, fresh_key())
            return path.read_bytes()

    def drop_next(self) -> None:
        """The key there is no good: another is made."""
        with self._told():
            shutil.rmtree(self.folder / NEXT, ignore_errors=True)

    def was_given_for(self, token: str) -> bool:
        """Whether the certificate in use is what this token has brought."""
        with self._told(), contextlib.suppress(FileNotFoundError):
            return (self.folder / CURRENT / TOKEN).read_text() == _hash(token)
        return False

    def was_shown(self) -> bool:
        """Whether the centre has seen that the certificate is in use."""
        return (self.folder / CURRENT / SHOWN).exists()

    def note_shown(self) -> None:
        """It goes with the certificate: the next one is to be shown anew."""
        with self._told():
            write_private(self.folder / CURRENT / SHOWN, b"")

    def publish(self, certificate: bytes, authority: bytes, token: str = "") -> None:
        """The next ones become those in use; PEM. token: by which they were given, if one was used."""
        fresh = self.folder / NEXT
        with self._told():
            if token:
                write_private(fresh / TOKEN, _hash(token).encode())
            write_private(fresh / CA, authority)
            write_private(fresh / CERTIFICATE, certificate)
            numbers = self._numbers()
            name = f"{max(numbers, default=0) + 1:04d}"
            fresh.rename(self.folder / name)
            _sync(self.folder)
            _link(self.folder / CURRENT, name)
            self._link_names()
            for number in numbers[:-1]:
                shutil.rmtree(self.folder / f"{number:04d}", ignore_errors=True)

    def settle(self) -> None:
        """What a power cut left undone of the last change: a folder has its number only when it is whole."""
        with self._told():
            newest = f"{max(self._numbers(), default=0):04d}"
            if not (self.folder / newest).exists():
                return
            if not (self.folder / CURRENT).is_symlink() or os.readlink(self.folder / CURRENT) != newest:
                _link(self.folder / CURRENT, newest)
            self._link_names()

    def _link_names(self) -> None:
        for name in (CA, CERTIFICATE, KEY):
            if not (self.folder / name).is_symlink():
                _link(self.folder / name, f"{CURRENT}/{name}")

    def _numbers(self) -> list[int]:
        if not self.folder.exists():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal())

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            do = f"Give {self.folder} to the agent's user, mode 0700; look at the space on its disk."
            raise EnrolmentError("N-108", f"the box's certificate files: {error}", do=do) from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _link(path: Path, to: str) -> None:
    """In one step, on disk when it returns."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(to)
    fresh.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    line = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(line)
    finally:
        os.close(line)
