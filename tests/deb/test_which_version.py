"""Which version runs, and which is the way back: never one that did not stay; also when root is cut off in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.deb.install_version import _remove_useless, main
from scripts.deb.which_version import InstallError, back, forgive, leave, left, prune, use, way_back

LINKS = ("current", "previous", "earlier")


class Cut(BaseException):
    """Here the power went."""


@pytest.fixture
def opt(tmp_path: Path) -> Path:
    return made(tmp_path)


def made(folder: Path, *versions: str) -> Path:
    for version in versions or ("1.0", "2.0", "3.0", "4.0"):
        build = folder / f"versions/{version}.cp311-00000000"
        (build / "bin").mkdir(parents=True)
        (build / ".complete").touch()
        (build / "bin/mektep").write_text(f"#!/bin/sh\necho mektep-agent {version}\n")
        (build / "bin/mektep").chmod(0o755)
        (folder / "versions" / version).symlink_to(build.name)
    return folder


def links(opt: Path) -> list[str]:
    return [os.readlink(opt / one).removeprefix("versions/") if (opt / one).is_symlink() else "" for one in LINKS]


def installed(opt: Path) -> set[str]:
    return {path.name for path in (opt / "versions").iterdir() if path.is_symlink()}


def test_after_one_that_did_not_stay_the_older_good_one_is_the_way_back(opt: Path) -> None:
    for version in ("1.0", "2.0", "3.0"):
        use(opt, version)
    assert links(opt) == ["3.0", "2.0", "1.0"]
    assert leave(opt, "3.0", "it did not come up") == "2.0"
    assert links(opt) == ["2.0", "1.0", ""]
    prune(opt)
    assert installed(opt) == {"1.0", "2.0"}
    assert back(opt) == "1.0"


def test_what_was_left_is_used_again_only_by_roots_own_word(opt: Path) -> None:
    use(opt, "1.0")
    use(opt, "2.0")
    leave(opt, "2.0", "it did not come up")
    assert left(opt) == {"2.0.cp311-00000000": "it did not come up"}
    with pytest.raises(InstallError, match="was left here: it did not come up"):
        use(opt, "2.0")
    with pytest.raises(InstallError, match="no previous version"):
        way_back(opt)
    use(opt, "2.0", again=True)
    assert (links(opt)[:2], left(opt)) == (["2.0", "1.0"], {})


def test_signed_anew_it_is_forgiven_and_until_then_its_room_is_others(opt: Path) -> None:
    use(opt, "1.0")
    use(opt, "2.0")
    leave(opt, "2.0", "it did not come up")
    forgive(opt, "versions/2.0")
    use(opt, "2.0")
    leave(opt, "2.0", "it did not come up")
    (opt / "left.json").write_text('{"1.0.cp311-00000000": "x", "2.0.cp311-00000000": "x"}')
    _remove_useless(opt, opt / "versions")
    assert {path.name for path in (opt / "versions").iterdir() if path.exists() and path.is_symlink()} == {
        "1.0", "3.0", "4.0",
    }  # fmt: skip
    assert (opt / "current/.complete").exists()  # what runs stays, whatever the list says


def test_one_that_was_left_is_no_way_back_for_the_next_one(opt: Path) -> None:
    """By the package, while a version runs that nobody could leave: there was none before it."""
    use(opt, "1.0")
    use(opt, "2.0")
    (opt / "left.json").write_text('{"2.0.cp311-00000000": "x"}')
    use(opt, "3.0")
    assert links(opt)[:2] == ["3.0", "1.0"]


def test_a_version_of_a_python_that_is_no_more_is_no_way_back(opt: Path) -> None:
    for version in ("1.0", "2.0", "3.0"):
        use(opt, version)
    (opt / "versions/2.0/bin/mektep").write_text("#!/no/such/python\n")
    assert leave(opt, "3.0", "x") == "1.0"


def test_with_nothing_to_go_back_to_nothing_changes(opt: Path) -> None:
    use(opt, "1.0")
    with pytest.raises(InstallError, match="no previous version"):
        leave(opt, "1.0", "x")
    assert (links(opt), left(opt)) == (["1.0", "", ""], {})


def test_a_spoilt_list_says_nothing(opt: Path) -> None:
    for text in ("", "[]", "\x00", '{"a": 1}'):
        (opt / "left.json").write_text(text)
        use(opt, "1.0")


def test_by_the_command(opt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version in ("1.0", "2.0"):
        assert main(["--opt", str(opt), "use", version]) == 0
    assert main(["--opt", str(opt), "leave", "2.0", "--why", "it did not come up"]) == 0
    assert capsys.readouterr().out == "1.0\n"
    assert main(["--opt", str(opt), "use", "2.0"]) == 1
    assert "use --again 2.0" in capsys.readouterr().err
    assert main(["--opt", str(opt), "use", "--again", "2.0"]) == 0


@contextmanager
def cut_at(step: int) -> Iterator[None]:
    """The power goes before the change with this number."""
    left_over = [step]

    def before(change: object) -> object:
        def changing(*args: object, **kwargs: object) -> object:
            if not left_over[0]:
                raise Cut
            left_over[0] -= 1
            return change(*args, **kwargs)  # type: ignore[operator]

        return changing

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "unlink", "symlink_to"):
            patch.setattr(Path, name, before(getattr(Path, name)))
        yield


@pytest.mark.parametrize("deed", ["leave", "use"])
def test_cut_off_anywhere_something_sound_runs_and_the_same_again_ends_it(tmp_path: Path, deed: str) -> None:
    version = {"leave": "3.0", "use": "4.0"}[deed]

    def fresh(name: str) -> Path:
        opt = made(tmp_path / name)
        for version in ("1.0", "2.0", "3.0"):
            use(opt, version)
        return opt

    whole = fresh("whole")
    do(whole, deed, version)
    for step in range(100):
        opt = fresh(str(step))
        try:
            with cut_at(step):
                do(opt, deed, version)
        except Cut:
            assert (opt / "current/.complete").exists()
            do(opt, deed, version)
            assert (links(opt), left(opt)) == (links(whole), left(whole))
        else:
            assert step > 5
            return
    raise AssertionError("it never ends")


DEEDS = st.lists(st.tuples(st.sampled_from(["use", "back", "leave", "prune"]), st.sampled_from("1234")), max_size=12)


def do(opt: Path, deed: str, version: str) -> None:
    match deed:
        case "use":
            use(opt, version)
        case "back":
            back(opt)
        case "leave":
            leave(opt, version, "x")
        case "prune":
            prune(opt)


@given(deeds=DEEDS)
def test_whatever_root_does_what_was_left_is_no_way_back(deeds: list[tuple[str, str]]) -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.deb.which_version.call", lambda _words: "")
        opt = made(Path(folder))
        use(opt, "1.0")
        for deed, number in deeds:
            version = f"{number}.0"
            try:
                do(opt, deed, version)
            except InstallError:
                continue
            assert (opt / "current/.complete").exists()
            marked = {one.partition(".cp")[0] for one in left(opt)}
            assert not marked & set(links(opt))
            if deed == "prune":
                assert len(installed(opt)) <= 2
