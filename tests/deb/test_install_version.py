"""scripts/deb/install_version.py with real environments of a small agent: whole or not there, nothing that is not as
listed, one step from version to version.
"""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.deb.install_version import main
from scripts.deb.wheel_list import TAG

PIP = next(
    path
    for folder in (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))  # Debian's own place
    for path in sorted(folder.glob("pip-*-py3-none-any.whl"))
)
AGENT = """
import sys
def main():
    print("mektep-agent {says}")
"""
Install = Callable[..., int]


def wheel(folder: Path, version: str, says: str) -> Path:
    """The least that is an agent: `mektep --version` says what it is told to."""
    info = f"mektep_agent-{version}.dist-info"
    members = {
        "agent_of_a_test.py": AGENT.format(says=says),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: mektep-agent\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nmektep = agent_of_a_test:main\n",
    }
    record = "".join(f"{name},sha256={_record(text)},{len(text)}\n" for name, text in members.items())
    path = folder / f"mektep_agent-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as out:
        for name, text in (members | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            out.writestr(name, text)
    return path


def _record(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def wheels(folder: Path, version: str, says: str = "") -> Path:
    """A folder as the package has it."""
    folder.mkdir()
    (folder / PIP.name).write_bytes(PIP.read_bytes())
    wheel(folder, version, says or version)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(folder.glob("*.whl"))]
    (folder / f"{TAG}.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def opt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "sync", lambda: None)  # it would wait for the disk of all tests at once
    return tmp_path / "opt"


@pytest.fixture
def call(opt: Path) -> Install:
    return lambda *words: main(["--opt", str(opt), *map(str, words)])


def builds(opt: Path) -> list[str]:
    return sorted(path.name for path in (opt / "versions").iterdir())


def test_from_one_version_to_the_next_and_back(
    tmp_path: Path, opt: Path, call: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    first = wheels(tmp_path / "1", "1.0")
    digest = hashlib.sha256((first / f"{TAG}.txt").read_bytes()).hexdigest()
    assert call("install", "--expect", "0" * 64, first) == 1  # the list is not the one that was announced
    assert call("install", "--expect", digest, first) == 0
    assert call("use", "1.0") == 0
    assert call("runs") == 0
    assert capsys.readouterr().out.split() == ["1.0", "1.0"]
    assert call("back") == 1
    assert "no previous" in capsys.readouterr().err

    assert call("install", wheels(tmp_path / "2", "2.0")) == 0
    assert os.readlink(opt / "current") == "versions/1.0"  # made, not used
    assert call("use", "2.0") == 0
    assert call("use", "2.0") == 0  # once more: the previous one stays
    assert [os.readlink(opt / name) for name in ("current", "previous")] == ["versions/2.0", "versions/1.0"]
    assert call("back") == 0
    assert [os.readlink(opt / name) for name in ("current", "previous")] == ["versions/1.0", "versions/2.0"]

    before = builds(opt)
    assert call("prune") == 0
    assert builds(opt) == before
    (opt / "previous").unlink()
    assert call("prune") == 0
    assert {name.partition(".cp")[0] for name in builds(opt)} == {"1.0"}

    module = next(opt.rglob("agent_of_a_test.py"))
    made = module.stat().st_ino, module.stat().st_mtime_ns
    assert call("install", "--check", first) == 0  # whole: it is left alone
    assert (module.stat().st_ino, module.stat().st_mtime_ns) == made
    module.write_text("damaged")
    assert call("install", first) == 0
    assert module.read_text() == "damaged"
    assert call("install", "--check", first) == 0
    assert "damaged" not in module.read_text()


def change_wheel(folder: Path) -> None:
    path = next(folder.glob("mektep_agent*"))
    path.write_bytes(path.read_bytes() + b" ")


def link_wheel(folder: Path) -> None:
    path = next(folder.glob("mektep_agent*"))
    path.rename(folder / "elsewhere")
    path.symlink_to("elsewhere")


def remove_wheel(folder: Path) -> None:
    next(folder.glob("mektep_agent*")).unlink()


def empty_list(folder: Path) -> None:
    (folder / f"{TAG}.txt").write_text("")


def climbing_list(folder: Path) -> None:
    path = folder / f"{TAG}.txt"
    path.write_text(path.read_text() + f"{'0' * 64}  ../{PIP.name}\n")


def no_list(folder: Path) -> None:
    (folder / f"{TAG}.txt").rename(folder / "cp310.txt")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (change_wheel, "damaged or another file"),
        (link_wheel, "no plain file"),
        (remove_wheel, "is missing"),
        (empty_list, "no list of hashes"),
        (climbing_list, "no list of hashes"),
        (no_list, "no list of wheels for this Python"),
    ],
)
def test_what_is_not_as_listed_is_not_run(
    tmp_path: Path,
    opt: Path,
    call: Install,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path], None],
    words: str,
) -> None:
    folder = wheels(tmp_path / "1", "1.0")
    harm(folder)
    assert call("install", folder) == 1
    assert words in capsys.readouterr().err
    assert not opt.joinpath("versions").exists() or builds(opt) == []


def test_half_an_install_is_removed(
    tmp_path: Path, opt: Path, call: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is not what it says; and one that the power ended, which the next call finds."""
    left = opt / "versions/0.9.cp311-00000000"
    (left / "bin").mkdir(parents=True)
    assert call("install", wheels(tmp_path / "1", "1.0", says="1.1")) == 1
    assert "'mektep-agent 1.1', not 1.0" in capsys.readouterr().err
    assert builds(opt) == []


def test_only_what_is_whole_can_be_used(opt: Path, call: Install, capsys: pytest.CaptureFixture[str]) -> None:
    (opt / "versions/1.0").mkdir(parents=True)
    for version in ("1.0", "2.0", "../versions/1.0"):
        assert call("use", version) == 1
        assert "is not installed" in capsys.readouterr().err
    assert not (opt / "current").exists()


def test_a_full_disk_is_told_before_anything_is_made(
    tmp_path: Path, opt: Path, call: Install, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs
    full = lambda path: os.statvfs_result((*real(path)[:4], 1000, *real(path)[5:]))  # noqa: E731
    monkeypatch.setattr(os, "statvfs", full)
    assert call("install", wheels(tmp_path / "1", "1.0")) == 1
    assert "MB free" in capsys.readouterr().err
    assert builds(opt) == []
