"""A box as root's script for updates finds it: its folders, an archive that the city or a stranger has signed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.source_tree import ROOT

SCRIPT = ROOT / "scripts/deb/update_version.py"
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
CITY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
WHEEL, SHIPPED = b"the agent's wheel", b"a library's wheel"
INSTALL_VERSION = """#!/bin/sh
echo "$@" >> {folder}/called
case "$1" in
install) [ -e {folder}/cannot-install ] && {{ echo "no space" >&2; exit 1; }}; cat {folder}/says ;;
use) ln -sfn "versions/$2" {folder}/opt/current ;;
leave) [ -e {folder}/alone ] && {{ echo "there is no previous version" >&2; exit 1; }}
  ln -sfn versions/0.1.0 {folder}/opt/current; echo 0.1.0 ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
case "$*" in
*NRestarts*) n=$(cat {folder}/restarts); echo "$n"; echo $((n + $(cat {folder}/falls))) > {folder}/restarts ;;
*ActiveState*) cat {folder}/state ;;
*) echo "systemctl $*" >> {folder}/called ;;
esac
"""


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


class Box:
    """The folders of a box."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.updates, self.own = folder / "updates", folder / "own"
        for name in ("updates", "opt/versions/0.1.0", "opt/versions/0.2.0", "shipped", "bin"):
            (folder / name).mkdir(parents=True)
        (folder / "opt/current").symlink_to("versions/0.1.0")
        (folder / "shipped/library-1-py3-none-any.whl").write_bytes(SHIPPED)
        self.own.mkdir()
        self.clock, self.synced = "", True
        (self.own / "orders.pub").write_text(public(CITY))
        self.configure(CITY)
        for name, text in (("install-version", INSTALL_VERSION), ("systemctl", SYSTEMCTL)):
            (folder / "bin" / name).write_text(text.format(folder=folder))
            (folder / "bin" / name).chmod(0o755)
        for name, text in (("restarts", "0"), ("falls", "0"), ("state", "active"), ("says", "0.2.0"), ("called", "")):
            (folder / name).write_text(text)

    def built(self, version: str = "0.2.0", made: str = "2026-10-05T03:00:00Z") -> None:
        """As if it had been installed by a wish, as the last one that the city has signed."""
        told = {"newest": made, "left": "", "withdrawn": [], "built": {version: made}}
        (self.own / "signed.json").write_text(json.dumps(told))

    def now(self, text: str, *, synced: bool = True) -> None:
        """What the box's clock says."""
        self.clock, self.synced = text, synced

    def install(self, content: bytes) -> dict[str, Any]:
        (self.updates / "0.2.0.tar").write_bytes(content)
        self.wish(do="install", archive="0.2.0.tar")
        self.run()
        return self.outcome()

    def wish(self, **words: object) -> None:
        (self.updates / "wish.json").write_text(json.dumps(words))

    def configure(self, key: Ed25519PrivateKey) -> None:
        (self.folder / "agent.toml").write_text(f'[centre]\norders_key = "{public(key)}"\n')

    def run(self, *more: str) -> tuple[int, str]:
        folder = self.folder
        words = [
            *(sys.executable, str(SCRIPT), "--state", str(self.updates), "--own", str(self.own)),
            *("--opt", f"{folder}/opt", "--shipped", f"{folder}/shipped"),
            *("--install-version", f"{folder}/bin/install-version", "--guard-seconds", "0.01"),
            *("--clock", f"{folder}/synced", *more),
        ]
        (folder / "synced").write_text(f"{int(self.synced)} {time.clock_gettime_ns(time.CLOCK_BOOTTIME):020d}\n")
        environment = {"PATH": f"{folder}/bin:/usr/bin:/bin"}
        if self.clock:
            words = ["faketime", "-m", "--exclude-monotonic", "-f", f"@{self.clock}", *words]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def outcome(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.own / "outcome.json").read_text())
        return told

    def called(self) -> list[str]:
        return (self.folder / "called").read_text().splitlines()

    def current(self) -> str:
        return os.readlink(self.folder / "opt/current")


def archive(
    key: Ed25519PrivateKey = CITY, made: str = "2026-10-05T03:00:00Z", wheel: bytes = WHEEL, **changed: object
) -> bytes:
    """As mektep-centre makes it; the library is left out, because a box has it."""
    names = {"mektep_agent-0.2.0-py3-none-any.whl": WHEEL, "library-1-py3-none-any.whl": SHIPPED}
    listed = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in names.items()).encode()
    manifest: dict[str, object] = {"version": "0.2.0", "made": made, "lists": {TAG: hashlib.sha256(listed).hexdigest()}}
    text = json.dumps(manifest | changed).encode()
    signature = base64.b64encode(key.sign(b"mektep/v1/update\n" + text))
    files = {
        "manifest.json": text, "manifest.sig": signature, f"{TAG}.txt": listed,
        "mektep_agent-0.2.0-py3-none-any.whl": wheel,
    }  # fmt: skip
    return tarred({name: (data, tarfile.REGTYPE) for name, data in files.items()})


def tarred(files: dict[str, tuple[bytes, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (data, type_) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.type = len(data), type_
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()
