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
import time
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


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


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


def test_a_signed_version_is_built_and_nothing_runs_it_yet(box: Box) -> None:
    (box.updates / "0.2.0.tar").write_bytes(archive())
    box.wish(do="install", archive="0.2.0.tar")
    assert box.run()[0] == 0
    assert box.outcome() == {
        "wish": {"do": "install", "archive": "0.2.0.tar"}, "done": True, "said": "", "version": "0.2.0", "again": False,
    }  # fmt: skip
    assert box.called()[0].startswith(f"install {box.own}/wheels --expect ")
    assert box.called()[0].endswith(" --again")  # signed anew, what was left before is taken again
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
        (archive(made="2026-10-05T03:00:00Z", version="../../etc"), "no version"),
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
    for made, done in (("2026-10-05T03:00:00Z", True), ("2026-09-01T03:00:00Z", False), ("2026-10-06T03:00:00Z", True)):
        (box.updates / "0.2.0.tar").write_bytes(archive(made=made))
        box.wish(do="install", archive="0.2.0.tar")
        box.run()
        assert box.outcome()["done"] == done


def test_what_was_signed_in_the_future_is_refused_in_words_that_help(box: Box) -> None:
    """Else it would keep every later version away."""
    told = box.install(archive(made="2031-05-01T03:00:00Z"))
    assert (told["done"], told["again"]) == (False, False)
    assert (
        "2031-05-01T03:00:00Z, which is still to come: the centre's clock ran ahead; have it signed anew"
        in told["said"]
    )
    assert box.install(archive())["done"]
    box.now("2026-10-05 02:55:00")
    assert box.install(archive())["done"]  # two clocks that are both right


@pytest.mark.parametrize("told", ["not synced", "old", "missing", "spoilt"])
def test_where_nobody_knows_the_time_nothing_is_installed_yet(box: Box, told: str) -> None:
    box.now("2031-06-01 08:00:00", synced=told != "not synced")
    more = {
        "missing": ["--clock", f"{box.folder}/none"],
        "old": ["--clock", f"{box.folder}/old"],
        "spoilt": ["--clock", f"{box.folder}/spoilt"],
    }.get(told, [])
    (box.folder / "old").write_text(f"1 {time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 31 * 10**9:020d}\n")
    (box.folder / "spoilt").write_text("1 x")
    (box.updates / "0.2.0.tar").write_bytes(archive(made="2031-05-01T03:00:00Z"))
    box.wish(do="install", archive="0.2.0.tar")
    box.run(*more)
    assert (box.outcome()["done"], box.outcome()["again"]) == (False, True)
    assert "does not know the time" in box.outcome()["said"]


def ahead(box: Box) -> None:
    """A box of before, that has taken a version of the future."""
    (box.own / "newest.txt").write_text("2031-05-01T03:00:00Z")


def test_a_box_that_has_a_version_of_the_future_takes_what_is_signed_in_its_stead(box: Box) -> None:
    ahead(box)
    told = box.install(archive())
    assert "before the version that was installed last (2031-05-01T03:00:00Z)" in told["said"]
    assert box.install(archive(instead_of="2030-01-01T00:00:00Z"))["done"] is False  # of another mistake
    assert box.install(archive(instead_of="2031-05-01T03:00:00Z"))["done"]
    assert box.install(archive(made="2026-10-04T03:00:00Z"))["done"] is False  # and older ones are older again
    assert box.install(archive(made="2026-10-09T03:00:00Z"))["done"]
    box.now("2031-06-01 08:00:00")  # the day of the mistake has come: it is a mistake still
    told = box.install(archive(made="2031-05-01T03:00:00Z"))
    assert "has taken back what was signed on 2031-05-01T03:00:00Z" in told["said"]


def test_by_hand_the_times_are_forgotten(box: Box) -> None:
    ahead(box)
    assert box.run("--forget-times")[0] == 0
    assert box.install(archive())["done"]
    assert box.install(archive(made="2026-09-01T03:00:00Z"))["done"] is False


def test_a_version_that_did_not_stay_is_not_tried_again_by_the_same_signature(box: Box) -> None:
    assert box.install(archive())["done"]
    (box.folder / "state").write_text("failed")
    box.wish(do="use", version="0.2.0")
    box.run()
    assert box.current() == "versions/0.1.0"
    told = box.install(archive())
    assert (told["done"], told["again"]) == (False, False)
    assert "did not stay here" in told["said"]
    (box.folder / "state").write_text("active")
    assert box.install(archive(made="2026-10-05T03:00:01Z"))["done"]  # signed anew


def test_only_what_the_city_has_signed_last_is_switched_to(box: Box) -> None:
    """Who holds the agent could lead the box back to an old hole, step by step."""
    box.wish(do="use", version="0.0.9")  # which lies there: nobody has built it by a wish
    box.run()
    assert "not what the city has signed last" in box.outcome()["said"]
    box.built("0.2.0", "2026-10-05T03:00:00Z")
    for version, done in (("0.1.0", False), ("0.0.9", False), ("0.2.0", True)):
        box.wish(do="use", version=version)
        box.run()
        assert box.outcome()["done"] is done


def test_what_was_pruned_is_to_be_built_again(box: Box) -> None:
    box.built("0.3.0")
    box.wish(do="use", version="0.3.0")
    box.run()
    assert (box.outcome()["done"], box.outcome()["again"]) == (False, True)
    assert "not built here any more" in box.outcome()["said"]
    assert not (box.own / "guard.json").exists()


def test_another_build_of_what_runs_is_not_installed_under_it(box: Box) -> None:
    told = box.install(archive(version="0.1.0"))
    assert "is what runs here" in told["said"]
    assert box.called() == []


def test_a_link_to_somewhere_else_is_not_followed(box: Box, tmp_path: Path) -> None:
    (tmp_path / "secret.tar").write_bytes(archive())
    (box.updates / "0.2.0.tar").symlink_to(tmp_path / "secret.tar")
    box.wish(do="install", archive="0.2.0.tar")
    box.run()
    assert "cannot be read" in box.outcome()["said"]


def test_what_the_signed_list_does_not_name_is_never_written(box: Box) -> None:
    good = tarfile.open(fileobj=io.BytesIO(archive()))  # noqa: SIM115 - of memory
    files = {one.name: (good.extractfile(one).read(), tarfile.REGTYPE) for one in good}  # type: ignore[union-attr]
    bad = {
        "../../escaped.whl": (b"x", tarfile.REGTYPE),
        "link.whl": (b"", tarfile.SYMTYPE),
        "fifo.whl": (b"", tarfile.FIFOTYPE),
        "strange-1-py3-none-any.whl": (b"x", tarfile.REGTYPE),
    }
    assert box.install(tarred(files | bad))["done"]
    names = ("escaped.whl", "link.whl", "fifo.whl", "strange-1-py3-none-any.whl")
    assert [path for path in box.folder.rglob("*") if path.name in names] == []


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
    box.built()
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
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run()
    assert box.current() == "versions/0.1.0"
    assert box.outcome()["said"] == "the version did not come up"
    assert "leave 0.2.0 --why it did not come up" in box.called()
    assert not (box.own / "guard.json").exists()


def test_a_guard_that_the_power_cut_goes_on(box: Box) -> None:
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0", "before": "0.1.0"}')
    (box.folder / "state").write_text("failed")
    box.run()
    assert box.current() == "versions/0.1.0"


def test_the_agent_itself_asks_to_go_back_from_what_was_switched_to_and_no_further(box: Box) -> None:
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run()
    box.wish(do="back", version="0.2.0")
    box.run()
    assert box.outcome()["version"] == "0.1.0"
    assert box.current() == "versions/0.1.0"
    for version in ("0.1.0", ""):
        box.wish(do="back", version=version)
        box.run()
        assert not box.outcome()["done"]
    assert sum(line.startswith("leave") for line in box.called()) == 1


def test_with_nothing_to_go_back_to_it_stays_and_is_told(box: Box) -> None:
    (box.folder / "alone").touch()
    (box.folder / "state").write_text("failed")
    box.built()
    box.wish(do="use", version="0.2.0")
    code, said = box.run()
    assert (code, "no previous version" in said) == (1, True)
    assert box.current() == "versions/0.2.0"
    assert box.run() == (0, "")  # and no guard goes on for ever


@pytest.mark.parametrize("at", ["leave", "reset-failed", "restart"])
def test_root_itself_is_killed_while_it_leads_back(box: Box, at: str) -> None:
    """Whatever was done until then, at the next start the whole is."""
    box.built()
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0", "before": "0.1.0"}')
    (box.folder / "state").write_text("failed")
    name = "install-version" if at == "leave" else "systemctl"
    whole = (box.folder / "bin" / name).read_text()
    kill = f'case "$*" in *{at}*) kill -9 $PPID; exit 9 ;; esac\n'
    (box.folder / "bin" / name).write_text(whole.replace("\n", f"\n{kill}", 1))
    assert box.run()[0] != 0
    (box.folder / "bin" / name).write_text(whole)
    (box.folder / "state").write_text("active")  # it happens to come up this time: it is left all the same
    assert box.run()[0] == 0
    assert box.current() == "versions/0.1.0"
    assert box.called()[-1] == "systemctl restart --no-block mektep-agent.service"
    assert not (box.own / "guard.json").exists()
    assert "did not stay" in box.install(archive())["said"]


def test_root_is_killed_between_switch_and_restart(box: Box) -> None:
    """Else the link would lead to a version that starts some day, and nobody guards it then."""
    box.built()
    whole = (box.folder / "bin/systemctl").read_text()
    (box.folder / "bin/systemctl").write_text(whole.replace("\n", "\nkill -9 $PPID\n", 1))
    box.wish(do="use", version="0.2.0")
    assert box.run()[0] != 0
    (box.folder / "bin/systemctl").write_text(whole)
    assert box.run()[0] == 0
    assert "systemctl restart --no-block mektep-agent.service" in box.called()
    assert not (box.own / "guard.json").exists()


def test_a_folder_that_leads_elsewhere_is_not_the_agents(box: Box, tmp_path: Path) -> None:
    """The folder above is the agent's, too: it may put a link in the place of its own."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/wish.json").write_text('{"do": "install", "archive": "0.2.0.tar"}')
    (tmp_path / "roots/0.2.0.tar").write_bytes(archive())
    box.updates.rmdir()
    box.updates.symlink_to(tmp_path / "roots")
    (box.own / "guard.json").write_text('{"version": "0.1.0", "before": "0.0.9"}')
    assert box.run()[0] == 0
    assert (tmp_path / "roots/wish.json").exists()
    assert not (box.own / "outcome.json").exists()
    assert not (box.own / "guard.json").exists()  # and what root has to do it does all the same


def test_wheels_of_before_stay_until_the_new_ones_are_there(box: Box) -> None:
    """Cut off in the middle of the change; the next archive may leave out what the box has."""
    assert box.install(archive())["done"]
    (box.own / "wheels").rename(box.own / "wheels.before")
    assert box.run()[0] == 0
    assert (box.own / "wheels/mektep_agent-0.2.0-py3-none-any.whl").exists()
    assert not (box.own / "wheels.before").exists()


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
    box.built()
    box.wish(do="use", version="0.2.0")
    box.run("--guard-seconds", "60")  # it ends with the third fall
    assert box.current() == "versions/0.1.0"


def test_a_folder_for_a_wish_is_told_and_gone(box: Box) -> None:
    """Else systemd would start this again and again, and then never more."""
    (box.updates / "wish.json/more").mkdir(parents=True)
    assert box.run()[0] == 0
    assert "is none" in box.outcome()["said"]
    assert not (box.updates / "wish.json").exists()
