"""What root does for the agent, as a process, with the real openssl; install-version and systemctl are scripts here.

The agent's folder is taken as an attacker's: whatever lies there, only what the city has signed is installed.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from pathlib import Path

import pytest

from tests.deb.root_updates import STRANGER, Box, archive, tarred


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


NO_TIME = '{"newest": "2026-13-01T03:00:00Z", "left": "", "withdrawn": [], "built": {}}'


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "\0", "[" * 100_000, NO_TIME], ids=["empty", "list", "nothing", "zero", "deep", "no time"]
)
def test_while_the_times_are_spoilt_nothing_is_taken_and_by_hand_they_are_forgotten(box: Box, text: str) -> None:
    """Taken for none, they would let an old hole in again."""
    (box.own / "signed.json").write_text(text)
    for wish in ({"do": "install", "archive": "0.2.0.tar"}, {"do": "use", "version": "0.2.0"}):
        (box.updates / "0.2.0.tar").write_bytes(archive())
        box.wish(**wish)
        assert box.run()[0] == 0
        assert (box.outcome()["done"], box.outcome()["again"]) == (False, True)
        assert "is spoilt; by hand, on site: sudo /usr/lib/mektep/update-version --forget" in box.outcome()["said"]
    assert box.called() == []
    assert box.run("--forget-times")[0] == 0
    assert box.install(archive())["done"]
    assert box.install(archive(made="2026-09-01T03:00:00Z"))["done"] is False


def test_spoilt_times_hold_up_no_way_back(box: Box) -> None:
    (box.own / "signed.json").write_text("")
    (box.folder / "opt/current").unlink()
    (box.folder / "opt/current").symlink_to("versions/0.2.0")
    (box.own / "guard.json").write_text('{"version": "0.2.0", "over": "it did not come up"}')
    assert box.run()[0] == 0
    assert box.current() == "versions/0.1.0"
    assert box.called()[-1] == "systemctl restart --no-block mektep-agent.service"
    assert not (box.own / "guard.json").exists()


def test_a_time_of_before_that_is_spoilt_is_not_taken_for_none(box: Box) -> None:
    (box.own / "newest.txt").write_text("")
    assert "is spoilt" in box.install(archive())["said"]


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
    box.built("0.2.0", "2026-10-05T03:00:00Z")
    before = (box.own / "signed.json").read_bytes()
    told = box.install(archive(made="2026-10-06T03:00:00Z", version="0.1.0"))
    assert "is what runs here" in told["said"]
    assert box.called() == []
    assert (box.own / "signed.json").read_bytes() == before
    assert not (box.own / "wheels").exists()
    box.wish(do="use", version="0.2.0")  # what waits for its hour is still what the city has signed last
    box.run()
    assert box.outcome()["done"]


def test_what_could_not_be_built_is_not_what_was_built_under_its_name_before(box: Box) -> None:
    (box.folder / "cannot-install").touch()
    assert box.install(archive())["said"] == "no space"
    assert not (box.own / "signed.json").exists()
    box.wish(do="use", version="0.2.0")
    box.run()
    assert "not what the city has signed last" in box.outcome()["said"]
    box.built("0.2.0", "2026-10-01T03:00:00Z")
    known = json.loads((box.own / "signed.json").read_text())
    known |= {"newest": "2026-10-04T03:00:00Z", "built": known["built"] | {"0.3.0": "2026-10-04T03:00:00Z"}}
    (box.own / "signed.json").write_text(json.dumps(known))
    box.install(archive(made="2026-10-05T03:00:00Z"))
    box.wish(do="use", version="0.2.0")  # the build of 1 October, not of 5 October
    box.run()
    assert "not what the city has signed last" in box.outcome()["said"]
    assert box.current() == "versions/0.1.0"
    (box.folder / "cannot-install").unlink()
    assert box.install(archive(made="2026-10-05T03:00:00Z"))["done"]


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
