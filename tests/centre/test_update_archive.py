"""A signed version: what is in it, what may be left out, what is none. Root's side is in tests/deb."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.errors import CentreError
from centre.update_archive import CONTEXT, described, make
from tests.source_tree import ROOT

KEY = Ed25519PrivateKey.generate()
MADE = "2026-10-05T03:00:00.000000Z"
WHEELS = {"mektep_agent-0.2.0-py3-none-any.whl": b"the agent", "library-1-py3-none-any.whl": b"a library"}
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wheels"
    made.mkdir()
    for name, data in WHEELS.items():
        (made / name).write_bytes(data)
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in WHEELS.items())
    for tag in ("cp311", "cp313", TAG):
        (made / f"{tag}.txt").write_text(lines)
    return made


def test_it_holds_all_and_its_manifest_is_signed(folder: Path, tmp_path: Path) -> None:
    made = make(folder, tmp_path / "0.2.0.tar", KEY, MADE)
    assert made == described(tmp_path / "0.2.0.tar")
    assert made.sha256 == hashlib.sha256((tmp_path / "0.2.0.tar").read_bytes()).hexdigest()
    with tarfile.open(tmp_path / "0.2.0.tar") as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    assert WHEELS.items() <= files.items()
    KEY.public_key().verify(base64.b64decode(files["manifest.sig"]), CONTEXT + files["manifest.json"])
    assert json.loads(files["manifest.json"])["version"] == "0.2.0"


def test_what_boxes_have_is_left_out_and_a_box_completes_it(folder: Path, tmp_path: Path) -> None:
    """By the script that runs on the box, as root there."""
    having = tmp_path / "having"
    having.mkdir()
    (having / "library-1-py3-none-any.whl").write_bytes(WHEELS["library-1-py3-none-any.whl"])
    box = tmp_path / "box"
    (box / "updates").mkdir(parents=True)
    make(folder, box / "updates/0.2.0.tar", KEY, MADE, having)
    with tarfile.open(box / "updates/0.2.0.tar") as tar:
        assert "library-1-py3-none-any.whl" not in tar.getnames()
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    (box / "own").mkdir()
    (box / "own/orders.pub").write_text(public)
    (box / "install-version").write_text("#!/bin/sh\necho 0.2.0\n")
    (box / "install-version").chmod(0o755)
    (box / "updates/wish.json").write_text('{"do": "install", "archive": "0.2.0.tar"}')
    words = [sys.executable, str(ROOT / "scripts/deb/update_version.py"), "--state", str(box / "updates")]
    words += ["--own", str(box / "own"), "--shipped", str(having)]
    (box / "synced").write_text(f"1 {time.clock_gettime_ns(time.CLOCK_BOOTTIME):020d}\n")
    words += ["--clock", str(box / "synced"), "--opt", str(box), "--install-version", str(box / "install-version")]
    subprocess.run(words, check=True)
    assert json.loads((box / "own/outcome.json").read_text())["done"]
    assert {path.name: path.read_bytes() for path in (box / "own/wheels").glob("*.whl")} == WHEELS


def test_an_archive_that_is_not_whole_is_none(folder: Path, tmp_path: Path) -> None:
    """One that lies there is not half overwritten, whatever goes wrong."""
    out = tmp_path / "0.2.0.tar"
    make(folder, out, KEY, MADE)
    before = out.read_bytes()
    (folder / "library-1-py3-none-any.whl").write_bytes(b"another")
    with pytest.raises(CentreError, match="not the wheel"):
        make(folder, out, KEY, MADE)
    assert out.read_bytes() == before
    assert list(tmp_path.glob(".0.2*")) == []


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("cp311.txt", b"not a list\n", "no list"),
        ("cp311.txt", b"", "no list"),
        ("mektep_agent-0.2.0-py3-none-any.whl", b"another", "not the wheel"),
    ],
)
def test_a_folder_that_is_none_is_named(folder: Path, tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CentreError, match=why) as refused:
        make(folder, tmp_path / "out.tar", KEY, MADE)
    assert refused.value.code == "K-195"


def test_without_lists_without_a_wheel_and_no_archive_at_all(folder: Path, tmp_path: Path) -> None:
    (folder / "library-1-py3-none-any.whl").unlink()
    with pytest.raises(CentreError, match="cannot be read"):
        make(folder, tmp_path / "out.tar", KEY, MADE)
    for path in folder.glob("*.txt"):
        path.unlink()
    with pytest.raises(CentreError, match="0 versions"):
        make(folder, tmp_path / "out.tar", KEY, MADE)
    (tmp_path / "none.tar").write_bytes(b"none")
    with pytest.raises(CentreError, match="no archive"):
        described(tmp_path / "none.tar")
