"""A version of the agent as one signed file: what boxes install. docs/updates.md has the format.

A plain tar: manifest.json, manifest.sig (base64 of Ed25519 over CONTEXT and the manifest's bytes), the lists of wheels
cp3xx.txt, and the wheels. Wheels that boxes have already may be left out: each is known by its hash.
Raises  CentreError K-195 for a folder that is none of a version
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.errors import CentreError

CONTEXT = b"mektep/v1/update\n"
LIST = re.compile(r"(cp3\d{2})\.txt")
LINE = re.compile(r"([0-9a-f]{64})  ([\w.+-]+\.whl)")
AGENT = re.compile(r"mektep_agent-([0-9][0-9A-Za-z.+]{0,31})-py3-none-any\.whl")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    version: str
    made: str  # RFC 3339; boxes install nothing that was signed before what they have, nor in the future
    lists: dict[str, str]  # of each Python: SHA-256 of its list
    clock: str = ""  # how it was known that `made` is right
    instead_of: str = ""  # a `made` that was wrong: boxes that have that version take this one


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says of it."""

    version: str
    sha256: str
    bytes: int
    made: str


def make(
    folder: Path,
    out: Path,
    key: Ed25519PrivateKey,
    made: str,
    having: Path | None = None,
    *,
    clock: str = "",
    instead_of: str = "",
) -> Archive:
    """Write the archive of a folder of wheels, as the package holds them, whole or not at all. having: a folder of
    which boxes have all.
    """
    lists = {found[1]: path for path in sorted(folder.iterdir()) if (found := LIST.fullmatch(path.name))}
    wheels = {name: digest for path in lists.values() for name, digest in _listed(path).items()}
    versions = {found[1] for name in wheels if (found := AGENT.fullmatch(name))}
    if len(versions) != 1:
        raise _none(folder, f"its lists name {len(versions)} versions of the agent, not one")
    hashes = {tag: hashlib.sha256(path.read_bytes()).hexdigest() for tag, path in lists.items()}
    manifest = Manifest(version=versions.pop(), made=made, lists=hashes, clock=clock, instead_of=instead_of)
    text = msgspec.json.encode(manifest)
    fresh = out.with_name(f".{out.name}.new")
    try:
        _write(fresh, folder, text, key.sign(CONTEXT + text), lists, wheels, having)
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return described(out)


def _write(
    out: Path,
    folder: Path,
    text: bytes,
    signature: bytes,
    lists: dict[str, Path],
    wheels: dict[str, str],
    having: Path | None,
) -> None:
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as tar:
        _put(tar, "manifest.json", text)
        _put(tar, "manifest.sig", base64.b64encode(signature))
        for tag, path in lists.items():
            _put(tar, f"{tag}.txt", path.read_bytes())
        for name, digest in sorted(wheels.items()):
            if not _is(having, name, digest):
                _put(tar, name, _checked(folder / name, digest))


def described(archive: Path) -> Archive:
    """Raises CentreError K-195."""
    try:
        with tarfile.open(archive, "r:") as tar:
            member = tar.extractfile("manifest.json")
            manifest = msgspec.json.decode(member.read() if member else b"", type=Manifest)
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, tarfile.TarError, KeyError, msgspec.MsgspecError) as error:
        raise _none(archive, f"it is no archive of a version: {error}") from error
    return Archive(version=manifest.version, sha256=digest, bytes=archive.stat().st_size, made=manifest.made)


def _listed(path: Path) -> dict[str, str]:
    lines = [LINE.fullmatch(line) for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    if not lines or not all(lines):
        raise _none(path, "it is no list of hashes and wheels")
    return {line[2]: line[1] for line in lines if line}


def _is(folder: Path | None, name: str, digest: str) -> bool:
    if folder is None or not (folder / name).is_file():
        return False
    return hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def _checked(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _none(path, f"it cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise _none(path, "it is not the wheel of its list")
    return data


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _none(path: Path, why: str) -> CentreError:
    do = "Give usr/share/mektep/wheels of an unpacked package, or what `update make` wrote."
    return CentreError("K-195", f"{path}: {why}", do=do)
