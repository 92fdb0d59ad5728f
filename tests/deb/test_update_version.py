"""What root does for the agent, as a process, with the real openssl; install-version and systemctl are scripts here.

The agent's folder is taken as an attacker's: whatever lies there, only what the city has signed is installed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
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
back) ln -sfn versions/0.1.0 {folder}/opt/current; echo 0.1.0 ;;
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
        for name in ("updates", "opt/versions", "shipped", "bin"):
            (folder / name).mkdir(parents=True)
        (folder / "opt/current").symlink_to("versions/0.1.0")
        (folder / "shipped/library-1-py3-none-any.whl").write_bytes(SHIPPED)
        self.own.mkdir()
        (self.own / "orders.pub").write_text(public(CITY))
        self.configure(CITY)
        for name, text in (("install-version", INSTALL_VERSION), ("systemctl", SYSTEMCTL)):
            (folder / "bin" / name).write_text(text.format(folder=folder))
            (folder / "bin" / name).chmod(0o755)
        for name, text in (("restarts", "0"), ("falls", "0"), ("state", "active"), ("says", "0.2.0"), ("called", "")):
            (folder / name).write_text(text)

    def wish(self, **words: object) -> None:
        (self.updates / "wish.json").write_text(json.dumps(words))

    def configure(self, key: Ed25519PrivateKey) -> None:
        (self.folder / "agent.toml").write_text(f'[centre]\norders_key = "{public(key)}"\n')

    def run(self, *more: str) -> tuple[int, str]:
        folder = self.folder
        words = [
            *(sys.executable, str(SCRIPT), "--state", str(self.updates), "--own", str(self.own)),
            *("--opt", f"{folder}/opt", "--shipped", f"{folder}/shipped"),
            *("--install-version", f"{folder}/bin/install-version", "--guard-seconds", "0.01", *more),
        ]
        environment = {"PATH": f"{folder}/bin:/usr/bin:/bin"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def outcome(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.own / "outcome.json").read_text())
        return told

    def called(self) -> list[str]:
        return (self.folder / "called").read_text().splitlines()

    def current(self) -> str:
        return os.readlink(self.folder / "opt/current")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def archive(
    key: Ed25519PrivateKey = CITY, made: str = "2026-11-26T03:00:00Z", wheel: bytes = WHEEL, **changed: object
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


def test_a_signed_version_is_built_and_nothing_runs_it_yet(box: Box) -> None:
    (box.updates / "0.2.0.tar").write_bytes(archive())
    box.wish(do="install", archive="0.2.0.tar")
    assert box.run()[0] == 0
    assert box.outcome() == {
        "wish": {"do": "install", "archive": "0.2.0.tar"}, "done": True, "said": "", "version": "0.2.0",
    }  # fmt: skip
    assert box.called()[0].startswith(f"install {box.own}/wheels --expect ")
    assert sorted(path.name for path in (box.own / "wheels").glob("*.whl")) == [
        "library-1-py3-none-any.whl",
        "mektep_agent-0.2.0-py3-none-any.whl",
    ]
    # a copy: under systemd the folders of the unit are mounts, across which there are no links
    assert (box.own / "wheels/library-1-py3-none-any.whl").stat().st_nlink == 1
    assert box.current() == "versions/0.1.0"
    assert not (box.updates / "wish.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(STRANGER), "not signed"),
        (archive(made="2026-11-26T03:00:00Z", version="../../etc"), "no version"),
        (archive(lists={}), "no version for this Python"),
        (archive(made="yesterday"), "does not say when"),
        (archive()[:2000], "is none"),
        (b"", "is none"),
        (b"\x00" * 20_480, "is none"),
        (tarred({"manifest.json": (b"{}", tarfile.REGTYPE)}), "is none"),
    ],
    ids=["stranger", "version", "python", "time", "cut", "empty", "zeros", "unsigned"],
)
def test_what_the_city_has_not_signed_is_not_installed(box: Box, content: bytes, said: str) -> None:
    (box.updates / "0.2.0.tar").write_bytes(content)
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert not box.outcome()["done"]
    assert said in box.outcome()["said"]
    assert box.called() == []


@pytest.mark.parametrize("pinned", [True, False])
def test_a_key_of_the_configuration_is_never_believed_when_an_update_is_wished_for(box: Box, pinned: bool) -> None:
    """Who holds the agent can write its configuration, also before the first update."""
    if not pinned:
        (box.own / "orders.pub").unlink()
    box.configure(STRANGER)
    (box.updates / "0.3.0.tar").write_bytes(archive(STRANGER))
    box.wish(do="install", archive="0.3.0.tar")
    box.run()
    assert ("not signed" if pinned else "sudo mektep enrol") in box.outcome()["said"]
    assert box.called() == []


def test_an_old_version_comes_back_only_when_it_is_signed_anew(box: Box) -> None:
    for made, done in (("2026-11-26T03:00:00Z", True), ("2026-10-01T03:00:00Z", False), ("2026-11-27T03:00:00Z", True)):
        (box.updates / "0.2.0.tar").write_bytes(archive(made=made))
        box.wish(do="install", archive="0.2.0.tar")
        box.run()
        assert box.outcome()["done"] == done


def test_a_link_to_somewhere_else_is_not_followed(box: Box, tmp_path: Path) -> None:
    (tmp_path / "secret.tar").write_bytes(archive())
    (box.updates / "0.2.0.tar").symlink_to(tmp_path / "secret.tar")
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert "cannot be read" in box.outcome()["said"]


def test_files_with_paths_links_and_devices_are_left_out(box: Box) -> None:
    good = tarfile.open(fileobj=io.BytesIO(archive()))  # noqa: SIM115 - of memory
    files = {one.name: (good.extractfile(one).read(), tarfile.REGTYPE) for one in good}  # type: ignore[union-attr]
    bad = {
        "../../escaped.whl": (b"x", tarfile.REGTYPE),
        "link.whl": (b"", tarfile.SYMTYPE),
        "fifo.whl": (b"", tarfile.FIFOTYPE),
    }
    (box.updates / "0.2.0.tar").write_bytes(tarred(files | bad))
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert box.outcome()["done"]
    assert [path for path in box.folder.rglob("*") if path.name in ("escaped.whl", "link.whl", "fifo.whl")] == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"do": 1}', '{"do": "rm"}', '{"do": "use", "version": "../x"}', "{" * 5_000]
)
def test_a_wish_that_is_none_is_told_and_gone(box: Box, text: str) -> None:
    (box.updates / "wish.json").write_text(text)
    assert box.run()[0] == 0
    assert not box.outcome()["done"]
    assert not (box.updates / "wish.json").exists()
    assert box.called() == []


def test_what_install_version_says_is_told(box: Box) -> None:
    (box.updates / "0.2.0.tar").write_bytes(archive())
    (box.folder / "cannot-install").touch()
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert box.outcome()["said"] == "no space"


def test_a_version_that_comes_up_stays(box: Box) -> None:
    box.wish(do="use", version="0.2.0")
    assert box.run()[0] == 0
    assert box.outcome()["done"]
    assert box.current() == "versions/0.2.0"
    assert not (box.own / "guard.json").exists()
    assert box.called() == [
        "use 0.2.0", "systemctl reset-failed mektep-agent.service",
        "systemctl restart --no-block mektep-agent.service", "prune",
    ]  # fmt: skip


@pytest.mark.parametrize(("falls", "state"), [("3", "activating"), ("0", "failed")])
def test_a_version_that_does_not_come_up_is_left(box: Box, falls: str, state: str) -> None:
    (box.folder / "falls").write_text(falls)
    (box.folder / "state").write_text(state)
    box.wish(do="use", version="0.2.0")
    box.run()
    assert box.current() == "versions/0.1.0"
    assert box.outcome()["said"] == "the version did not come up"
    assert not (box.own / "guard.json").exists()


def test_a_guard_that_the_power_cut_goes_on(box: Box) -> None:
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0", "before": "0.1.0"}')
    (box.folder / "state").write_text("failed")
    box.run()
    assert box.current() == "versions/0.1.0"


def test_the_agent_itself_asks_to_go_back(box: Box) -> None:
    box.wish(do="back")
    box.run()
    assert box.outcome()["version"] == "0.1.0"
    assert box.current() == "versions/0.1.0"


def test_asked_twice_to_go_back_it_goes_back_once(box: Box) -> None:
    """The version that is left asks again at its next start, if root is slow: it must not come back by that."""
    box.wish(do="back", version="0.2.0")  # 0.1.0 runs already
    assert box.run()[0] == 0
    assert (box.outcome()["done"], box.outcome()["version"]) == (True, "0.1.0")
    assert box.called() == []


def test_a_guard_before_its_switch_takes_nothing_away(box: Box) -> None:
    """The power went between the two: what was built waits for its hour still."""
    (box.own / "guard.json").write_text('{"version": "0.2.0", "before": "0.1.0"}')
    assert box.run()[0] == 0
    assert not (box.own / "guard.json").exists()
    assert box.called() == []


def test_a_count_of_falls_that_begins_anew_is_counted_from_there(box: Box) -> None:
    """What systemd counts is of before, until the restart that was asked for has begun."""
    (box.folder / "bin/systemctl").write_text(
        SYSTEMCTL.format(folder=box.folder).replace(
            "n=$(cat", f"[ -e {box.folder}/old ] || {{ touch {box.folder}/old; echo 9; exit; }}; n=$(cat"
        )
    )
    (box.folder / "falls").write_text("3")
    box.wish(do="use", version="0.2.0")
    box.run("--guard-seconds", "5")
    assert box.current() == "versions/0.1.0"


def test_a_folder_for_a_wish_is_told_and_gone(box: Box) -> None:
    """Else systemd would start this again and again, and then never more."""
    (box.updates / "wish.json/more").mkdir(parents=True)
    assert box.run()[0] == 0
    assert "is none" in box.outcome()["said"]
    assert not (box.updates / "wish.json").exists()


def test_a_sparse_file_that_calls_itself_plain_is_left_out(box: Box) -> None:
    """Some bytes in the archive could be a disk full of zeros."""
    out = io.BytesIO(archive())
    with tarfile.open(fileobj=out, mode="a", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("sparse-1-py3-none-any.whl")
        told = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
        member.size = len(told)
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 20),
                              "GNU.sparse.name": member.name}  # fmt: skip
        tar.addfile(member, io.BytesIO(told))
    (box.updates / "0.2.0.tar").write_bytes(out.getvalue())
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert box.outcome()["done"]
    assert not (box.own / "wheels/sparse-1-py3-none-any.whl").exists()
