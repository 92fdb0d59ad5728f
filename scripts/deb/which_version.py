"""Which version of the agent runs, and which is the way back. A part of install-version.

Links    current, previous and earlier lead to versions/VERSION; each is replaced in one step. Earlier is what previous
         was before the last switch: the way back, if that which was switched to is left. It goes when that one stays
         (prune).
Left     left.json names builds that did not stay, and why: never a way back, not used unless root says so (again).
Cut off  anywhere, what was begun is done again from its beginning and comes to the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from whole_file import synced, write  # the file beside this one

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PIP_CONFIG_FILE": os.devnull}


class InstallError(Exception):
    """Not done; what it says is for a technician."""


def call(command: Sequence[str]) -> str:
    """What a program says. Raises InstallError."""
    try:
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    except OSError as error:  # of a Python that is no more
        raise InstallError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode:
        raise InstallError(f"{' '.join(command[:3])} … failed: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def folders(versions: Path) -> list[Path]:
    return [path for path in versions.iterdir() if path.is_dir() and not path.is_symlink()]


def point(link: Path, target: str) -> None:
    """A link is the old one or the new one, also when the power goes."""
    if link.is_symlink() and os.readlink(link) == target:
        return
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    synced(link.parent)


def use(opt: Path, version: str, *, again: bool = False) -> None:
    """The version becomes the current one, the one before it the previous one. again: also one that was left. Raises
    InstallError.
    """
    wanted = f"versions/{version}"
    if "/" in version or not (opt / wanted / ".complete").exists():
        raise InstallError(f"version {version} is not installed")
    if again:
        forgive(opt, wanted)
    elif why := left(opt).get(_build_of(opt, wanted)):
        raise InstallError(f"version {version} was left here: {why}; to try it all the same: use --again {version}")
    before, older = _leads(opt, "current"), _leads(opt, "previous")
    if before == wanted:
        return
    if _is_sound(opt, before):
        if older not in (before, wanted) and _is_sound(opt, older):
            point(opt / "earlier", older)
        point(opt / "previous", before)
    point(opt / "current", wanted)
    if not (opt / "csi").is_dir() or (opt / "csi").is_symlink():
        point(opt / "csi", "current/csi")  # where drivers/catalog.py looks for the CSI camera's Python


def back(opt: Path) -> str:
    """The version before becomes the current one again. Returns its name. Raises InstallError."""
    version = way_back(opt).removeprefix("versions/")
    use(opt, version)
    return version


def leave(opt: Path, version: str, why: str) -> str:
    """It did not stay: no way leads back to it. Where it is the current one, the one before takes its place. Done again
    after a power cut, it comes to the same. Returns which runs. Raises InstallError.
    """
    gone = f"versions/{version}"
    if "/" in version or not (opt / gone).exists():
        raise InstallError(f"version {version} is not installed")
    to = way_back(opt, gone) if _leads(opt, "current") == gone else _leads(opt, "current")
    _note_left(opt, left(opt) | {_build_of(opt, gone): why})
    point(opt / "current", to)
    others = [one for one in (_leads(opt, "previous"), _leads(opt, "earlier")) if one != to and _is_sound(opt, one)]
    if others:
        point(opt / "previous", others[0])
    else:
        (opt / "previous").unlink(missing_ok=True)
    (opt / "earlier").unlink(missing_ok=True)
    return to.removeprefix("versions/")


def way_back(opt: Path, but: str = "") -> str:
    """Where previous leads, if that is sound and runs; else earlier. Raises InstallError."""
    for name in ("previous", "earlier"):
        target = _leads(opt, name)
        if target not in ("", but, _leads(opt, "current")) and _is_sound(opt, target):
            try:
                call([str(opt / target / "bin/mektep"), "--version"])
            except InstallError:
                continue
            return target
    raise InstallError("there is no previous version that runs")


def prune(opt: Path) -> None:
    """Remove every version but the current one and the one to go back to."""
    others = [one for one in (_leads(opt, "previous"), _leads(opt, "earlier")) if one != _leads(opt, "current")]
    to = next((one for one in others if _is_sound(opt, one)), "")
    if to:
        point(opt / "previous", to)
    else:
        (opt / "previous").unlink(missing_ok=True)
    (opt / "earlier").unlink(missing_ok=True)
    kept = {(opt / "current").resolve(), (opt / to).resolve() if to else None}
    for path in folders(opt / "versions"):
        if path.resolve() not in kept:
            shutil.rmtree(path)
    for link in (opt / "versions").iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()


def left(opt: Path) -> dict[str, str]:
    """Builds that did not stay, and why. A file that is spoilt says nothing."""
    try:
        found = json.loads((opt / "left.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(why) for name, why in found.items()} if isinstance(found, dict) else {}


def _note_left(opt: Path, words: dict[str, str]) -> None:
    """`mektep update show` reads it, too."""
    write(opt / "left.json", json.dumps(words).encode())


def forgive(opt: Path, target: str) -> None:
    words = left(opt)
    if words.pop(_build_of(opt, target), None) is not None:
        _note_left(opt, words)


def _build_of(opt: Path, target: str) -> str:
    return (opt / target).resolve().name


def _is_sound(opt: Path, target: str) -> bool:
    return bool(target) and (opt / target / ".complete").exists() and _build_of(opt, target) not in left(opt)


def _leads(opt: Path, name: str) -> str:
    """Where a link leads; empty if there is none."""
    return os.readlink(opt / name) if (opt / name).is_symlink() else ""


def runs(opt: Path) -> str:
    """What the current version says it is. Raises InstallError if it does not run, as after an upgrade of Python."""
    if not (opt / "current").exists():
        raise InstallError("there is no current version")
    return call([str(opt / "current/bin/mektep"), "--version"]).removeprefix("mektep-agent ")
