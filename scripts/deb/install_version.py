#!/usr/bin/python3
"""install-version: a folder of wheels becomes a version of the agent under /opt/mektep, without a network.

Used by  the package (postinst) and by updates.
Folder   cp311.txt, cp313.txt: for that Python one line `SHA-256  FILE` (as sha256sum writes it) for each wheel; and the
         wheels. Nothing of the folder is run or installed that is not as its list says; --expect says how the list is.
Builds   versions/VERSION.PYTHON-LIST is a venv, whole once `.complete` lies in it; versions/VERSION leads to it. A venv
         knows its own path: one of other wheels gets another folder, and what runs stays as it is. What was left half
         done is removed by the next call.
Links    which of them runs, and which is the way back: which_version.py, beside this one.
Debian   python3-pyscard is seen through a link to its one folder; where python3-picamera2 is, BUILD/csi is a venv that
         sees all of Debian's.
Exit     0 done · 1 not done, and why on standard error · 2 wrong use
"""

from __future__ import annotations

import argparse
import base64
import csv
import fcntl
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.dont_write_bytecode = True  # beside a script of the package nothing is left
sys.path.insert(0, str(Path(__file__).resolve().parent))
from wheel_list import TAG, named  # noqa: E402 - a file beside this one
from which_version import (  # noqa: E402 - another one
    InstallError,
    back,
    call,
    folders,
    forgive,
    leave,
    left,
    point,
    prune,
    runs,
    use,
)

AGENT = re.compile(r"mektep_agent-([0-9][0-9A-Za-z.+!]*)-py3-none-any\.whl")
UNPACKED = 3.5  # a version takes this many times its wheels, with what Python compiles; 3.1 for those of 0.1.0, by du
SPARE_BYTES = 64 << 20
DEBIAN = Path("/usr/lib/python3/dist-packages")


# --- the folder of wheels -------------------------------------------------------------------------------------------


def listed(folder: Path, expect: str = "") -> tuple[dict[str, str], str]:
    """Wheel -> its SHA-256, for the Python that runs this, and the hash of the list. Raises InstallError."""
    path = folder / f"{TAG}.txt"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InstallError(f"no list of wheels for this Python ({TAG}): {error}") from error
    digest = hashlib.sha256(text).hexdigest()
    if expect and digest != expect:
        raise InstallError(f"{path} is not the list that was announced: {digest}")
    try:
        return named(text), digest
    except ValueError as error:
        raise InstallError(f"{path} is {error}") from error


def only(wheels: dict[str, str], pattern: str) -> str:
    """The one wheel of this name. Raises InstallError."""
    found = [name for name in wheels if re.fullmatch(pattern, name)]
    if len(found) != 1:
        raise InstallError(f"the list has {len(found)} wheels like {pattern}, not one")
    return found[0]


def is_roots_alone(folder: Path) -> bool:
    """No one but root can change what lies there, so it stays as it was when it was checked."""
    here = [folder, *folder.resolve().parents, *folder.iterdir()]
    return all(one.stat().st_uid == 0 and not one.lstat().st_mode & 0o022 for one in here if not one.is_symlink())


@contextmanager
def checked(folder: Path, wheels: dict[str, str], versions: Path) -> Iterator[Path]:
    """A folder in which every wheel is as listed, and stays so: the folder itself, or a copy. Raises InstallError."""
    if is_roots_alone(folder):
        for name, digest in wheels.items():
            _compare(name, digest, _digest(folder / name))
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix=".wheels-", dir=versions) as copy:
        for name, digest in wheels.items():
            shutil.copyfile(_plain(folder / name), Path(copy) / name)
            _compare(name, digest, _digest(Path(copy) / name))
        yield Path(copy)


def _plain(path: Path) -> Path:
    if not path.exists() or not stat.S_ISREG(path.lstat().st_mode):
        raise InstallError(f"{path.name} is missing, or is no plain file")
    return path


def _digest(path: Path) -> str:
    with _plain(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compare(name: str, wanted: str, found: str) -> None:
    if wanted != found:
        raise InstallError(f"{name} is damaged or another file: {found}, not {wanted}")


# --- a version ------------------------------------------------------------------------------------------------------


def install(opt: Path, folder: Path, expect: str = "", *, check: bool = False) -> str:
    """Make the version that the folder holds, if it is not there already. Returns its name. Raises InstallError.

    check   one that is there is looked through, and made anew if the disk has damaged it
    """
    wheels, digest = listed(folder, expect)
    found = AGENT.fullmatch(only(wheels, AGENT.pattern))
    version = found[1] if found else ""
    versions = opt / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    _remove_useless(opt, versions)
    build = versions / f"{version}.{TAG}-{digest[:8]}"
    if check and (build / ".complete").exists() and not is_undamaged(build):
        shutil.rmtree(build)
    if not (build / ".complete").exists():
        with checked(folder, wheels, versions) as at:
            _room(versions, sum((at / name).stat().st_size for name in wheels))
            _build(build, at, wheels, version)
    _csi(build, folder, wheels, versions)
    point(versions / version, build.name)
    return version


def _build(build: Path, at: Path, wheels: dict[str, str], version: str) -> None:
    """Whole, or not there."""
    try:
        _venv(build, at, wheels, list(wheels))
        site = next(build.glob("lib/python3.*/site-packages"))
        (site / "smartcard").symlink_to(DEBIAN / "smartcard")  # pyscard has no wheels; dangling it is just not there
        told = call([str(build / "bin/mektep"), "--version"])
        if told.split() != ["mektep-agent", version]:
            raise InstallError(f"what was installed says it is {told!r}, not {version}")
        os.sync()
        (build / ".complete").touch()
        os.sync()
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise


def is_undamaged(build: Path) -> bool:
    """Every file is as its wheel's RECORD says."""
    for record in build.glob("lib/python3.*/site-packages/*.dist-info/RECORD"):
        for name, digest, _size in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            path = record.parents[1] / name
            wanted = base64.urlsafe_b64decode(f"{digest.removeprefix('sha256=')}==")
            if digest and (not path.is_file() or bytes.fromhex(_digest(path)) != wanted):
                return False
    return True


def _csi(build: Path, folder: Path, wheels: dict[str, str], versions: Path) -> None:
    """The CSI camera's cell rests on Debian's libcamera: an environment of its own, where picamera2 is installed."""
    csi = build / "csi"
    if not (DEBIAN / "picamera2").is_dir() or (csi / ".complete").exists():
        return
    shutil.rmtree(csi, ignore_errors=True)
    names = [only(wheels, AGENT.pattern), only(wheels, r"msgspec-.*")]
    with checked(folder, wheels, versions) as at:
        _venv(csi, at, wheels, names, "--system-site-packages")
    (csi / ".complete").touch()


def _venv(place: Path, at: Path, wheels: dict[str, str], names: list[str], *options: str) -> None:
    """An environment with these wheels. pip is run from its own wheel and not installed: nobody adds to a version."""
    call([sys.executable, "-m", "venv", "--without-pip", *options, str(place)])
    pip = only(wheels, r"pip-[\d.]+-py3-none-any\.whl")
    files = [str(at / name) for name in names if name != pip]
    quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-cache-dir"]
    call(
        [
            str(place / "bin/python"),
            str(at / pip / "pip"),
            "install",
            *quiet,
            "--no-index",
            "--no-deps",
            "--no-compile",
            *files,
        ]
    )
    call(
        [str(place / "bin/python"), "-m", "compileall", "-q", "-j0", str(place / "lib")]
    )  # on all cores; pip has but one


def _room(versions: Path, wheels_bytes: int) -> None:
    disk = os.statvfs(versions)
    free, need = disk.f_bavail * disk.f_frsize, int(wheels_bytes * UNPACKED) + SPARE_BYTES
    if free < need:
        raise InstallError(f"the disk of {versions} has {free >> 20} MB free, a version needs {need >> 20} MB")


def _remove_useless(opt: Path, versions: Path) -> None:
    """What was left half done; and what was left: it runs no more, and its room is wanted."""
    runs, is_left = (opt / "current").resolve(), left(opt)
    for path in folders(versions):
        if not (path / ".complete").exists() or (path.name in is_left and path.resolve() != runs):
            shutil.rmtree(path)


# --- the command ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="install-version", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--opt", type=Path, default=Path("/opt/mektep"), help=argparse.SUPPRESS)  # for tests
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser("install", help="make the version that a folder of wheels holds; print its name")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--expect", default="", metavar="SHA256", help="what the list of wheels must hash to")
    sub.add_argument(
        "--check", action="store_true", help="look through one that is there, and make it anew if it is damaged"
    )
    sub.add_argument("--again", action="store_true", help="it may be used, also if it was left before")
    sub = commands.add_parser("use", help="let a version be the current one")
    sub.add_argument("version")
    sub.add_argument("--again", action="store_true", help="also one that was left")
    commands.add_parser("back", help="let the previous version be the current one; print its name")
    sub = commands.add_parser("leave", help="let no way lead back to a version; print which is the current one")
    sub.add_argument("version")
    sub.add_argument("--why", default="by hand")
    commands.add_parser("prune", help="remove all versions but the current one and the one to go back to")
    commands.add_parser("runs", help="print the current version, if it runs")
    args = parser.parse_args(argv)
    os.umask(0o022)
    try:
        with _alone(args.opt):
            told = _command(args)
    except (InstallError, OSError) as error:
        print(f"install-version: {error}", file=sys.stderr)
        return 1
    if told:
        print(told)
    return 0


def _command(args: argparse.Namespace) -> str:
    opt: Path = args.opt
    if args.command == "install":
        version = install(opt, args.folder, args.expect, check=args.check)
        if args.again:
            forgive(opt, f"versions/{version}")
        return version
    if args.command == "use":
        use(opt, args.version, again=args.again)
    elif args.command == "back":
        return back(opt)
    elif args.command == "leave":
        return leave(opt, args.version, args.why)
    elif args.command == "prune":
        prune(opt)
    else:
        return runs(opt)
    return ""


@contextmanager
def _alone(opt: Path) -> Iterator[None]:
    """One at a time; the others wait."""
    opt.mkdir(parents=True, exist_ok=True)
    with (opt / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
