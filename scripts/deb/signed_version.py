"""What the city has signed: an archive in the agent's folder becomes a folder of wheels of root's, or is refused.

A part of update-version. It runs before any version of the agent is trusted: the system's Python and openssl, no more.
Archive  a plain tar: manifest.json; manifest.sig, base64 of Ed25519 over "mektep/v1/update\\n" and the manifest;
         cp3xx.txt as install-version wants them; wheels. A wheel that is not in it is taken from here, by its hash.
Reads    of an archive that nobody has signed its heads and two small texts; of a signed one what its list names, each
         byte once, hashed as it is written to where only root may write. Links, paths, odd files: never looked at.
Time     what was signed before the newest that was ever installed here is refused, and so is what did not stay here;
         what was signed in the future, too: it would keep all that follow away. So the time must be known.
Way out  `instead_of` in a manifest: by it the city says that this time of signing was wrong.
File     OWN/signed.json: {"newest", "left": times of signing, "withdrawn": [times], "built": {version: time}}
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from wheel_list import TAG, named  # a file beside this one
from whole_file import synced, write  # another one

SPKI = bytes.fromhex("302a300506032b6570032100")  # before the 32 bytes of an Ed25519 key, RFC 8410
CONTEXT = b"mektep/v1/update\n"
VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,31}")
ARCHIVE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}\.tar")
MADE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
TEXT_BYTES, ARCHIVE_BYTES, SPARE_BYTES = 1 << 20, 1 << 30, 64 << 20
MEMBERS, BLOCK, PIECE = 1_000, 512, 1 << 20
PLAIN = (b"0", b"\0")  # of POSIX ustar
AHEAD_S = 600.0  # two clocks that are both right
FRESH_NS = 30 * 10**9
BUILT = 8  # so many are remembered


class Refused(Exception):
    """Not done; what it says is for a technician. again: it may be granted later."""

    def __init__(self, said: str, *, again: bool = False) -> None:
        super().__init__(said)
        self.again = again


# --- when it was signed ---------------------------------------------------------------------------------------------


class Ledger:
    """What was signed when, of what was installed here. While it is spoilt everything is refused: taken for empty, it
    would let an old hole in again."""

    def __init__(self, own: Path) -> None:
        self.path, self._before = own / "signed.json", own / "newest.txt"
        self.newest, self.left, self.is_spoilt = "", "", False
        self.withdrawn: list[str] = []
        self.built: dict[str, str] = {}
        try:
            self._read()
        except (OSError, ValueError, RecursionError):
            self.is_spoilt = True

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            match json.loads(self.path.read_bytes()):
                case {"newest": str(newest), "left": str(left), "withdrawn": list(withdrawn), "built": dict(built)}:
                    self.newest, self.left = newest and _time(newest), left and _time(left)
                    self.withdrawn = [str(one) for one in withdrawn]
                    self.built = {name: _time(str(one)) for name, one in built.items()}
                    return
            raise ValueError("none that was written here")
        with contextlib.suppress(FileNotFoundError):  # of a root's script before this one
            self.newest = _time(self._before.read_text(encoding="ascii").strip())

    def _must_be_sound(self) -> None:
        if self.is_spoilt:
            do = "by hand, on site: sudo /usr/lib/mektep/update-version --forget-times"
            raise Refused(f"what root knows of times of signing ({self.path}) is spoilt; {do}", again=True)

    def check(self, made: str, instead_of: str, now_s: float | None) -> None:
        """now_s: None where nobody knows the time. Raises Refused."""
        self._must_be_sound()
        if not MADE.fullmatch(made):
            raise Refused("the manifest does not say when it was signed")
        if now_s is None:
            raise Refused("this box does not know the time yet; what is signed in the future is not taken", again=True)
        if _seconds(made) > now_s + AHEAD_S:
            raise Refused(
                f"it was signed on {made}, which is still to come: the centre's clock ran ahead; have it signed anew"
            )
        if made in self.withdrawn:
            raise Refused(f"the city has taken back what was signed on {made}; have it signed anew")
        gone = [*self.withdrawn, instead_of]
        if self.newest and self.newest not in gone and _seconds(made) < _seconds(self.newest):
            raise Refused(
                f"it was signed before the version that was installed last ({self.newest}); have it signed anew"
            )
        if self.left and self.left not in gone and _seconds(made) <= _seconds(self.left):
            raise Refused(f"it did not stay here when it was tried: signed on {made}; have it signed anew")

    def note_built(self, version: str, made: str, instead_of: str) -> None:
        """Once it is: what was refused or could not be built keeps nothing away."""
        self.withdrawn += [instead_of] if instead_of and instead_of not in self.withdrawn else []
        self.newest = made
        self.built.pop(version, None)
        self.built = dict([*self.built.items(), (version, made)][-BUILT:])
        self._write()

    def note_left(self, version: str) -> None:
        """It is not tried again by the same signature."""
        made = self.built.get(version, "")
        if made and (not self.left or self.left in self.withdrawn or _seconds(made) > _seconds(self.left)):
            self.left = made
            self._write()

    def is_last(self, version: str) -> bool:
        """Whether it is what the city has signed last, of what was built here. Raises Refused."""
        self._must_be_sound()
        if not self.path.exists():  # a script of before this one has built it: nobody knows
            return self._before.exists()
        return bool(self.newest) and self.built.get(version) == self.newest

    def forget(self) -> str:
        """By hand on site: the next signed version is taken, whenever it was signed. Returns what is forgotten."""
        was = "what was spoilt" if self.is_spoilt else self.newest
        self.newest, self.left = "", ""
        self._write()
        return was

    def _write(self) -> None:
        told = {"newest": self.newest, "left": self.left, "withdrawn": self.withdrawn[-BUILT:], "built": self.built}
        write(self.path, json.dumps(told).encode())


def _time(text: str) -> str:
    """The same. Raises ValueError: it is no time of signing."""
    if not MADE.fullmatch(text):
        raise ValueError(f"{text!r} is no time of signing")
    datetime.fromisoformat(f"{text[:-1]}+00:00")
    return text


def _seconds(made: str) -> float:
    try:
        return datetime.fromisoformat(f"{made[:-1]}+00:00").timestamp()
    except ValueError as error:
        raise Refused(f"{made} is no time") from error


def known_time(told: Path) -> float | None:
    """Now, if the kernel's clock is synchronised: mektep-clock.service says so (agent/kernel_clock.py)."""
    try:
        answer, _, at = read_plain(told, 64).partition(b" ")
        age_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(at)
    except (OSError, ValueError, Refused):
        return None
    return time.time() if answer == b"1" and 0 <= age_ns <= FRESH_NS else None


# --- who has signed it ----------------------------------------------------------------------------------------------


def pinned_key(path: Path) -> bytes:
    """Of the centre's orders; never of the configuration, which the agent may write. Raises Refused."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise Refused("root keeps no orders key of the centre yet: sudo mektep enrol") from None
    with contextlib.suppress(binascii.Error, ValueError):
        if len(key := base64.b64decode(text.strip(), validate=True)) == 32:
            return key
    raise Refused("what is kept as the centre's orders key is none")


def check_signature(key: bytes, manifest: bytes, signature: str) -> None:
    """Raises Refused."""
    with TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "key").write_bytes(SPKI + key)
        (at / "text").write_bytes(CONTEXT + manifest)
        try:
            (at / "sig").write_bytes(base64.b64decode(signature.strip(), validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused("the signature is none") from error
        words = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"{at}/key", "-rawin"]
        done = subprocess.run(
            [*words, "-in", f"{at}/text", "-sigfile", f"{at}/sig"], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise Refused("the version is not signed by the centre's orders key")


# --- the archive ----------------------------------------------------------------------------------------------------


class Archive:
    """Heads of a tar, read one by one; a name's first plain file counts."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.found = dict(reversed(list(_members(file))))

    def text(self, name: str) -> bytes:
        at, size = self._place(name)
        if size > TEXT_BYTES:
            raise Refused(f"{name} is too long")
        self._file.seek(at)
        return self._file.read(size)

    def take(self, name: str, to: Path, digest: str) -> None:
        """Its bytes, which are root's then, are as the signed list says, or it is refused."""
        at, left = self._place(name)
        self._file.seek(at)
        found = hashlib.sha256()
        with to.open("wb") as out:
            while left and (piece := self._file.read(min(left, PIECE))):
                left -= len(piece)
                found.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if found.hexdigest() != digest:
            raise Refused(f"{name} is damaged, or another than was signed")

    def _place(self, name: str) -> tuple[int, int]:
        if name not in self.found:
            raise Refused(f"the archive is none: no {name} is in it")
        return self.found[name]


def _members(file: BinaryIO) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name, place and size of each plain file: POSIX ustar. What is no head ends it, or is refused."""
    at = 0
    for _ in range(MEMBERS):
        file.seek(at)
        head = file.read(BLOCK)
        if len(head) < BLOCK or not head.strip(b"\0"):
            return
        if _octal(head[148:156]) != sum(head[:148]) + sum(b" " * 8) + sum(head[156:]):
            raise Refused("the archive is none: a head is spoilt")
        size = _octal(head[124:136])
        if head[156:157] in PLAIN and not (head[257:263] == b"ustar\0" and head[345]):  # with a prefix it is a path
            yield head[:100].partition(b"\0")[0].decode("ascii", "replace"), (at + BLOCK, size)
        at += BLOCK + -(-size // BLOCK) * BLOCK
    raise Refused(f"the archive is none: more than {MEMBERS} files")


def _octal(field: bytes) -> int:
    text = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]{1,11}", text):
        raise Refused("the archive is none: a head is spoilt")
    return int(text, 8)


class Signed(NamedTuple):
    """What a manifest says that the city has signed."""

    version: str
    list_sha256: str
    made: str
    instead_of: str


def unpacked(state: int, name: str, own: Path, shipped: Path, running: str, now_s: float | None) -> Signed:
    """Fill OWN/wheels from an archive of the agent's folder (open: state), unless it is of the version that runs. It is
    not built by that, and not noted. Raises Refused."""
    if not ARCHIVE.fullmatch(name):
        raise Refused(f"{name!r} is no name of an archive")
    key, ledger, wheels = pinned_key(own / "orders.pub"), Ledger(own), own / "wheels"
    with TemporaryDirectory(dir=own, prefix=".new-") as folder, _plain(state, name) as file:
        _must_have_room(own, os.fstat(file.fileno()).st_size)
        at = Path(folder) / "wheels"
        at.mkdir()
        archive = Archive(file)
        signed = _manifest(archive, key)
        ledger.check(signed.made, signed.instead_of, now_s)
        if signed.version == running:  # its link would lead to the new build at once, and nobody would watch
            raise Refused(f"{running} is what runs here; another build of it wants another name")
        _fill(archive, at, signed.list_sha256, [wheels, shipped])
        replaced(wheels, at)
    return signed


def _manifest(archive: Archive, key: bytes) -> Signed:
    text = archive.text("manifest.json")
    check_signature(key, text, archive.text("manifest.sig").decode("ascii", "replace"))
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"the manifest is none: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("lists"), dict):
        raise Refused("the manifest is none")
    version, digest = str(manifest.get("version")), str(manifest["lists"].get(TAG, ""))
    if not VERSION.fullmatch(version) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise Refused(f"the manifest is of no version for this Python ({TAG})")
    return Signed(version, digest, str(manifest.get("made")), str(manifest.get("instead_of", "")))


def _fill(archive: Archive, at: Path, digest: str, folders: Sequence[Path]) -> None:
    """What the signed list names: of the archive, else of the version before and of the package."""
    text = archive.text(f"{TAG}.txt")
    if hashlib.sha256(text).hexdigest() != digest:
        raise Refused(f"{TAG}.txt is not the list that was signed")
    (at / f"{TAG}.txt").write_bytes(text)
    try:
        wheels = named(text)
    except ValueError as error:
        raise Refused(f"{TAG}.txt is {error}") from error
    for name, wanted in wheels.items():
        if name in archive.found:
            archive.take(name, at / name, wanted)
        else:
            _take(name, wanted, folders, at)


def _take(name: str, digest: str, folders: Sequence[Path], at: Path) -> None:
    for folder in folders:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                    shutil.copyfile(path, at / name)  # no link: each folder of the unit is a mount of its own
                    return
    raise Refused(f"{name} is neither in the archive nor here")


@contextlib.contextmanager
def _plain(state: int, name: str) -> Iterator[BinaryIO]:
    """A file of the agent's folder. Raises Refused."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=state)
    except OSError as error:
        raise Refused(f"the archive cannot be read: {error}") from error
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > ARCHIVE_BYTES:
            raise Refused("the archive is no plain file, or too large")
        yield file


def _must_have_room(folder: Path, need: int) -> None:
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < need + SPARE_BYTES:
        raise Refused(f"the disk of {folder} has no room for {need >> 20} MB of wheels", again=True)


# --- files ----------------------------------------------------------------------------------------------------------


def replaced(folder: Path, fresh: Path) -> None:
    """A folder by another one; there is always one of the two (settle)."""
    before = _before(folder)
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        folder.rename(before)
    fresh.rename(folder)
    synced(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def settle(folder: Path) -> None:
    """After a power cut in the middle of replaced()."""
    if not folder.exists() and _before(folder).exists():
        _before(folder).rename(folder)
    shutil.rmtree(_before(folder), ignore_errors=True)


def _before(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.before")


def read_plain(path: Path | str, limit: int, folder: int | None = None) -> bytes:
    """A plain file, no link to another, no longer than it may be. Raises OSError, Refused."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{Path(path).name} is too long")
    return data
