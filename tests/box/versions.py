"""Two more versions of the agent beside the package's own, as folders of wheels: one sound, one that cannot start.

They differ in the agent's own wheel alone; the others are links to those of the package.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/deb"))
import build_deb  # type: ignore[import-not-found] # noqa: E402 - of scripts/deb

MODULE = "agent/daemon.py"
BROKEN = b'\nraise SystemExit("broken on purpose")\n'


def make(deb: Path, out: Path) -> None:
    """OUT/old, OUT/new, OUT/broken: what `mektep-centre update make` takes."""
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        subprocess.run(["dpkg-deb", "-x", deb, f"{scratch}/deb"], check=True)
        (Path(scratch) / "deb/usr/share/mektep/wheels").rename(out / "old")
    own = build_deb.own_version()
    for name, version, spoilt in (("new", f"{own}.post1", False), ("broken", f"{own}.post2", True)):
        with tempfile.TemporaryDirectory(dir=out) as scratch:
            wheel = build_deb.wheel(version, Path(scratch), build_deb.commit_time())
            folder = out / name
            folder.mkdir()
            if spoilt:
                spoil(wheel)
            shutil.copy(wheel, folder)
            _complete(out / "old", folder, wheel.name)


def spoil(wheel: Path) -> None:
    """It says its version and ends at each start; its list of files fits it."""
    with zipfile.ZipFile(wheel) as old:
        files = {name: old.read(name) for name in old.namelist()}
    before, files[MODULE] = files[MODULE], files[MODULE] + BROKEN
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    files[record] = files[record].replace(_line(before), _line(files[MODULE]))
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            new.writestr(name, content)


def _line(content: bytes) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{MODULE},sha256={digest},{len(content)}".encode()


def _complete(old: Path, folder: Path, agent: str) -> None:
    """The lists, and all other wheels."""
    digest = build_deb.sha256(folder / agent)
    for path in old.iterdir():
        if path.suffix == ".txt":
            lines = [line for line in path.read_text(encoding="ascii").splitlines() if "  mektep_agent-" not in line]
            lines = sorted([*lines, f"{digest}  {agent}"], key=lambda line: line[66:])
            (folder / path.name).write_text("\n".join(lines) + "\n", encoding="ascii")
        elif not path.name.startswith("mektep_agent-"):
            os.link(path, folder / path.name)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
