"""make deb: mektep-agent_VERSION_ARCH.deb, by dpkg-deb and nothing else.

Wheels   fetched by scripts/deb/fetch as scripts/deb/wheels lists them, kept in build/wheels; the agent's is built here.
Same     twice from one commit gives the same bytes: times are the commit's, the owner is root.
Exit     0 the file's name is printed · 1 why not
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import contents  # the file beside this one

ROOT = contents.ROOT
ARCHES = ("amd64", "arm64")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="build_deb", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--arch", choices=ARCHES, action="append", help="both, if none is named")
    parser.add_argument("--version", default=own_version(), help="another one, for tests of upgrades")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--wheels", type=Path, default=ROOT / "build/wheels", help="where fetched wheels are kept")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for arch in args.arch or ARCHES:
        fetched = args.wheels / arch
        done = subprocess.run(
            [ROOT / "scripts/deb/fetch", arch, fetched], env=os.environ | {"PYTHON": sys.executable}, check=False
        )
        if done.returncode:
            return 1
        with tempfile.TemporaryDirectory(prefix="mektep-deb-") as scratch:
            print(built(arch, args.version, fetched, Path(scratch), args.out))
    return 0


def own_version() -> str:
    found = re.search(r'__version__ = "(.+)"', (ROOT / "agent/__init__.py").read_text(encoding="utf-8"))
    return found[1] if found else ""


def built(arch: str, version: str, fetched: Path, scratch: Path, out: Path) -> Path:
    """The package."""
    tree, epoch = scratch / "tree", commit_time()
    agent = wheel(version, scratch, epoch)
    wheels = tree / contents.WHEELS
    wheels.mkdir(parents=True)
    for path in fetched.glob("cp*.txt"):
        lines = [*path.read_text(encoding="ascii").splitlines(), f"{sha256(agent)}  {agent.name}"]
        (wheels / path.name).write_text("\n".join(sorted(lines, key=lambda line: line[66:])) + "\n", encoding="ascii")
        for name in {line[66:] for line in lines} - {agent.name}:
            shutil.copyfile(fetched / name, wheels / name)
    shutil.copyfile(agent, wheels / agent.name)
    for one in contents.files():
        (tree / one.place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one.source, tree / one.place)
    for place, target in contents.LINKS.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        (tree / place).symlink_to(target)
    _control(tree, arch, version)
    _settle(tree, epoch)
    package = out / f"{contents.PACKAGE}_{version}_{arch}.deb"
    # wheels are compressed already
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package)]
    subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}, stdout=subprocess.DEVNULL, check=True)
    return package


def wheel(version: str, scratch: Path, epoch: int) -> Path:
    """The agent's own, of a copy of the tree that says this version."""
    source = scratch / "source"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    into = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    for name in [*into["packages"], *into.get("force-include", {})]:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    init = source / "agent/__init__.py"
    init.write_text(init.read_text(encoding="utf-8").replace(f'"{own_version()}"', f'"{version}"'), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(scratch), "."]
    subprocess.run(command, cwd=source, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}, check=True)
    return next(scratch.glob("mektep_agent-*.whl"))


def _control(tree: Path, arch: str, version: str) -> None:
    folder = tree / "DEBIAN"
    folder.mkdir()
    size_kb = sum(path.lstat().st_size for path in tree.rglob("*")) // 1024
    (folder / "control").write_text(contents.control(version, arch, size_kb), encoding="utf-8")
    (folder / "conffiles").write_text("".join(f"{name}\n" for name in contents.conffiles()), encoding="utf-8")
    shutil.copyfile(ROOT / "scripts/deb/triggers", folder / "triggers")
    for name in contents.SCRIPTS:
        (folder / name).write_text(contents.script(name, version), encoding="utf-8")
    sums = [f"{md5(path)}  {path.relative_to(tree)}\n" for path in sorted(tree.rglob("*")) if _is_payload(path, tree)]
    (folder / "md5sums").write_text("".join(sums), encoding="utf-8")  # for `dpkg --verify`; no defence


def _is_payload(path: Path, tree: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.relative_to(tree).parts[0] != "DEBIAN"


def _settle(tree: Path, epoch: int) -> None:
    """Modes and times, whatever the umask and the clock were."""
    modes = {tree / one.place: one.mode for one in contents.files()}
    modes |= {tree / "DEBIAN" / name: 0o755 for name in contents.SCRIPTS}
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else modes.get(path, 0o644))
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def commit_time() -> int:
    """Of the source; of now where there is no git."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else int((ROOT / "pyproject.toml").stat().st_mtime)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
