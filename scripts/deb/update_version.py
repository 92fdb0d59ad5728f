#!/usr/bin/python3
"""update-version: what the agent may not do itself, done for it by root: install a signed version, switch, switch back.

Wish     STATE/wish.json, of the agent: {"do": "install", "archive": NAME}, {"do": "use", "version": V},
         {"do": "back", "version": V}: away from V, if that runs; "id": by which it knows the answer.
         STATE is the agent's own folder: nothing in it is believed but what the city's orders key has signed.
Archive  a plain tar: manifest.json; manifest.sig, base64 of Ed25519 over "mektep/v1/update\\n" and the manifest;
         cp3xx.txt as install-version wants them; wheels. A wheel that is not in it is taken from here, by its hash.
Key      OWN/orders.pub, of `sudo mektep enrol`; never of the configuration, which the agent may write.
Newer    what was signed before the newest that was ever installed here is refused (OWN/newest.txt): an old version with
         a known hole comes back only when the city signs it anew.
Guard    a version that was switched to must come up: after three starts that failed, or if it does not run when GUARD_S
         are over, the one before is put back. OWN/guard.json says what is guarded, if the power goes meanwhile.
Told     OWN/outcome.json: {"wish": ..., "done": bool, "said": text, "version": text}
Exit     0 nothing to do, or done; 1 not done, and why on standard error
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SPKI = bytes.fromhex("302a300506032b6570032100")  # before the 32 bytes of an Ed25519 key, RFC 8410
CONTEXT = b"mektep/v1/update\n"
VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,31}")
ARCHIVE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}\.tar")
MEMBER = re.compile(r"cp3\d{2}\.txt|[\w.+-]+\.whl")
MADE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
LINE = re.compile(r"([0-9a-f]{64})  ([\w.+-]+\.whl)")
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)  # a sparse one could be of any size, and may call itself plain
WISH_BYTES, TEXT_BYTES = 4_096, 1 << 20
ARCHIVE_BYTES = 1 << 30
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
UNIT = "mektep-agent.service"
GUARD_S, LOOK_S = 240.0, 2.0
FAILED_MOST = 3


class Refused(Exception):
    """Not done; what it says is for a technician."""


class Places:
    """Where everything lies."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.state: Path = args.state
        self.own: Path = args.own
        self.opt: Path = args.opt
        self.shipped: Path = args.shipped
        self.install: str = args.install_version
        self.wish = self.state / "wish.json"
        self.guard = self.own / "guard.json"
        self.outcome = self.own / "outcome.json"
        self.newest = self.own / "newest.txt"
        self.pinned = self.own / "orders.pub"
        self.wheels = self.own / "wheels"


def read_plain(path: Path, limit: int) -> bytes:
    """A plain file, no link to another, no longer than it may be. Raises OSError, Refused."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{path.name} is too long")
    return data


def taken_wish(places: Places) -> dict[str, str] | None:
    """The wish, which is gone then: none is granted twice. None if there is none."""
    try:
        wish = json.loads(read_plain(places.wish, WISH_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, Refused) as error:
        raise Refused(f"wish.json is none: {error}") from error
    finally:
        if places.wish.is_dir() and not places.wish.is_symlink():
            shutil.rmtree(places.wish)  # follows no link
        else:
            places.wish.unlink(missing_ok=True)
    if not isinstance(wish, dict) or not all(isinstance(value, str) for value in wish.values()):
        raise Refused("wish.json is none")
    return wish


def pinned_key(places: Places) -> bytes:
    """Of the centre's orders. Raises Refused."""
    try:
        return _key(places.pinned.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise Refused("root keeps no orders key of the centre yet: sudo mektep enrol") from None


def _key(text: str) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        if len(key := base64.b64decode(text.strip(), validate=True)) == 32:
            return key
    raise Refused("what is kept as the centre's orders key is none")


def check_signature(key: bytes, manifest: bytes, signature: str) -> None:
    """By the openssl of the system: this runs before any version of the agent is trusted. Raises Refused."""
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


def unpacked(places: Places, name: str) -> tuple[str, str]:
    """Fill OWN/wheels from an archive. Returns the version, and the hash of its list. Raises Refused."""
    if not ARCHIVE.fullmatch(name):
        raise Refused(f"{name!r} is no name of an archive")
    with TemporaryDirectory(dir=places.own, prefix=".new-") as folder:
        copy, at = Path(folder) / "archive", Path(folder) / "wheels"
        at.mkdir()
        _copied(places.state / name, copy)  # root's own: the agent cannot change it any more
        manifest = _spread(copy, at, pinned_key(places))
        version, digest = str(manifest.get("version")), str(manifest.get("lists", {}).get(TAG, ""))
        if not VERSION.fullmatch(version) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise Refused(f"the manifest is of no version for this Python ({TAG})")
        made = _newer(places, str(manifest.get("made")))
        _complete(places, at, digest)
        shutil.rmtree(places.wheels, ignore_errors=True)
        at.rename(places.wheels)
        write(places.newest, made.encode())
    return version, digest


def _newer(places: Places, made: str) -> str:
    """When it was signed, if that is not before what was installed last. Raises Refused."""
    if not MADE.fullmatch(made):
        raise Refused("the manifest does not say when it was signed")
    with contextlib.suppress(FileNotFoundError):
        if made < places.newest.read_text(encoding="ascii"):
            raise Refused("it was signed before the version that was installed last; have it signed anew")
    return made


def _copied(path: Path, to: Path) -> None:
    left = ARCHIVE_BYTES
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file, to.open("wb") as out:
            while data := file.read(1 << 20):
                left -= len(data)
                if left < 0:
                    raise Refused("the archive is too large")
                out.write(data)
    except OSError as error:
        raise Refused(f"the archive cannot be read: {error}") from error


def _spread(archive: Path, at: Path, key: bytes) -> dict[str, Any]:
    """Its files, after its signature was checked; nothing that is no plain file of a known name."""
    try:
        with tarfile.open(archive, "r:") as tar:
            texts = {name: _text(tar, name) for name in ("manifest.json", "manifest.sig")}
            check_signature(key, texts["manifest.json"], texts["manifest.sig"].decode("ascii", "replace"))
            for member in tar:
                if member.type in PLAIN and not member.issparse() and MEMBER.fullmatch(member.name):
                    with (at / member.name).open("wb") as out:
                        shutil.copyfileobj(tar.extractfile(member), out)  # type: ignore[arg-type]
        manifest = json.loads(texts["manifest.json"])
    except (tarfile.TarError, KeyError, ValueError, RecursionError, EOFError) as error:
        raise Refused(f"the archive is none: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("lists"), dict):
        raise Refused("the manifest is none")
    return manifest


def _text(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(tar.getmember(name))
    if file is None:
        raise Refused(f"{name} is no plain file")
    data = file.read(TEXT_BYTES + 1)
    if len(data) > TEXT_BYTES:
        raise Refused(f"{name} is too long")
    return data


def _complete(places: Places, at: Path, digest: str) -> None:
    """Wheels that the archive leaves out: those of the version before, and those of the package."""
    text = read_plain(at / f"{TAG}.txt", TEXT_BYTES) if (at / f"{TAG}.txt").exists() else b""
    if hashlib.sha256(text).hexdigest() != digest:
        raise Refused(f"{TAG}.txt is not the list that was signed")
    for line in text.decode("ascii", "replace").splitlines():
        found = LINE.fullmatch(line)
        if found is None:
            raise Refused(f"{TAG}.txt is no list of wheels")
        if not (at / found[2]).exists():
            _take(found[2], found[1], [places.wheels, places.shipped], at)


def _take(name: str, digest: str, folders: Sequence[Path], at: Path) -> None:
    for folder in folders:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                    shutil.copyfile(path, at / name)  # no link: each folder of the unit is a mount of its own
                    return
    raise Refused(f"{name} is neither in the archive nor here")


def call(words: Sequence[str]) -> str:
    """Raises Refused with what the program says."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or f"{words[0]}: exit code {done.returncode}")
    return done.stdout.strip()


def install(places: Places, wish: dict[str, str]) -> str:
    """Build the version; nothing runs it yet. Returns its name."""
    version, digest = unpacked(places, wish.get("archive", ""))
    told = call([places.install, "install", str(places.wheels), "--expect", digest])
    if told != version:
        raise Refused(f"the archive holds version {told}, and is signed as {version}")
    return version


def use(places: Places, wish: dict[str, str]) -> str:
    """Switch, and begin to guard. Returns the version."""
    version = wish.get("version", "")
    if not VERSION.fullmatch(version):
        raise Refused(f"{version!r} is no version")
    before = running(places)
    write(places.guard, json.dumps({"version": version, "before": before}).encode())
    try:
        call([places.install, "use", version])
    except Refused:
        places.guard.unlink()
        raise
    restart()
    return version


def back(places: Places, wish: dict[str, str]) -> str:
    """The version before runs again. Returns it. Asked again, it does not lead forth again."""
    if wish.get("version", running(places)) != running(places):
        return running(places)
    version = call([places.install, "back"])
    places.guard.unlink(missing_ok=True)
    restart()
    return version


def running(places: Places) -> str:
    return os.readlink(places.opt / "current").rpartition("/")[2] if (places.opt / "current").is_symlink() else ""


def restart() -> None:
    call(["systemctl", "reset-failed", UNIT])
    call(["systemctl", "restart", "--no-block", UNIT])


DEEDS = {"install": install, "use": use, "back": back}


def grant(places: Places) -> bool:
    """One wish, if there is one. Returns whether there was; its end is told."""
    try:
        wish = taken_wish(places)
    except Refused as error:
        tell(places, {}, error)
        return True
    if wish is None:
        return False
    try:
        deed = DEEDS.get(wish.get("do", ""))
        if deed is None:
            raise Refused(f"{wish.get('do')!r} is no wish")
        tell(places, wish, None, deed(places, wish))
    except (Refused, OSError) as error:
        tell(places, wish, error)
    return True


def tell(places: Places, wish: dict[str, str], error: Exception | None, version: str = "") -> None:
    """To the agent, which reads it, and to the log."""
    said = str(error)[-500:] if error else ""
    told = {"wish": wish, "done": error is None, "said": said, "version": version}
    write(places.outcome, json.dumps(told).encode())
    print(f"update-version: {wish}: {said or version}", file=sys.stderr)


def guard(places: Places, guard_s: float) -> None:
    """Until the version that was switched to has shown that it comes up, or the one before is back."""
    if not places.guard.exists():
        return
    if guarded(places) != running(places):  # the power went before the switch: nothing is on trial
        places.guard.unlink()
        return
    deadline, failed_before, granted = time.monotonic() + guard_s, restarts(), False
    while places.guard.exists():
        if grant(places):
            failed_before, granted = restarts(), True
            continue
        failed_before = min(failed_before, failed := restarts())  # systemd counts anew once the restart has begun
        if failed - failed_before >= FAILED_MOST or (time.monotonic() >= deadline and shown("ActiveState") != "active"):
            tell(places, {"do": "guard"}, Refused("the version did not come up"), back(places, {}))
            return
        if time.monotonic() >= deadline:
            places.guard.unlink(missing_ok=True)
            if not granted:  # else what was just built for the next time would go, too
                call([places.install, "prune"])
            return
        time.sleep(LOOK_S)


def guarded(places: Places) -> str:
    """The version that guard.json names; if it is spoilt, that which runs."""
    try:
        return str(json.loads(read_plain(places.guard, TEXT_BYTES))["version"])
    except (OSError, ValueError, KeyError, TypeError, Refused):
        return running(places)


def shown(what: str) -> str:
    return call(["systemctl", "show", "--property", what, "--value", UNIT])


def restarts() -> int:
    told = shown("NRestarts")
    return int(told) if told.isdecimal() else 0


def write(path: Path, content: bytes) -> None:
    """Whole or as it was, on the disk when this returns; everybody may read it."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.chmod(0o644)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def tidied(folder: Path) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for left in folder.glob(".new-*"):  # of one that the power cut
        shutil.rmtree(left, ignore_errors=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="update-version", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--state", type=Path, default=Path("/var/lib/mektep/updates"))
    parser.add_argument("--own", type=Path, default=Path("/var/lib/mektep-update"))
    parser.add_argument("--opt", type=Path, default=Path("/opt/mektep"))
    parser.add_argument("--shipped", type=Path, default=Path("/usr/share/mektep/wheels"))
    parser.add_argument("--install-version", default="/usr/lib/mektep/install-version")
    parser.add_argument("--guard-seconds", type=float, default=GUARD_S)
    args = parser.parse_args(argv)
    places = Places(args)
    os.umask(0o022)
    try:
        tidied(places.own)
        while grant(places):
            pass
        guard(places, args.guard_seconds)
    except (Refused, OSError) as error:
        print(f"update-version: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
