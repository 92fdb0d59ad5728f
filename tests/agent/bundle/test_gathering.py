"""A part that hangs, falls, is killed or runs on says so, and takes no other with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.bundle.gathering import File, Gap, Json, Look, Made, Part, Said, Text, gather
from agent.bundle.scrub import Scrubber
from agent.bundle.site import Missing, Site
from tests.agent.bundle.laid_out import seconds_since, site


def made(tmp_path: Path, look: Look, *, limit_bytes: int = 1000, limit_s: float = 10.0, owner: bool = False) -> Made:
    part = Part(name="it", look=look, limit_bytes=limit_bytes, limit_s=limit_s, owner=owner)
    return gather(part, site(tmp_path), Scrubber(["hunter2"]), lambda folder, _file: (folder / "became").touch())


def test_what_it_says_is_scrubbed_and_kept(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        yield Text("a.txt", "hunter2 and more\n")
        yield Json("b.json", {"at": 12345678901, "card": "6F007B3972"})
        yield Gap("hunter2 is not there")

    one = made(tmp_path, look)
    assert one.files[0] == File("a.txt", b"[removed] and more\n")
    assert one.files[1].content == b'{\n  "at": 12345678901,\n  "card": "[removed]"\n}\n'
    assert (one.gaps, one.bytes) == (["[removed] is not there"], sum(len(file.content) for file in one.files))


def test_one_that_hangs_is_ended_with_what_it_started_and_keeps_what_it_said(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        yield Text("a.txt", "before\n")
        (tmp_path / "pid").write_text(str(os.getpid()))
        signal.pause()
        yield Text("b.txt", "after\n")

    began_s = time.monotonic()
    one = made(tmp_path, look, limit_s=0.3)
    assert ([file.name for file in one.files], one.gaps) == (["a.txt"], ["not finished within 0 s"])
    assert seconds_since(began_s) < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_one_that_falls_says_why(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        yield Text("a.txt", "before\n")
        raise ValueError("hunter2 was wrong")

    one = made(tmp_path, look)
    assert ([file.name for file in one.files], one.gaps) == (
        ["a.txt"], ["failed by itself: ValueError: [removed] was wrong"]
    )  # fmt: skip


def test_one_that_has_nothing_says_why(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        raise Missing("no such program")
        yield

    assert made(tmp_path, look).gaps == ["no such program"]


def test_one_that_is_killed_is_told(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield Gap("never")

    assert made(tmp_path, look).gaps == ["ended by itself"]


def test_what_is_too_long_is_cut_at_a_line(tmp_path: Path) -> None:
    def look(_site: Site) -> Iterator[Said]:
        yield Text("a.txt", "one line\n" * 1000)
        yield Json("b.json", ["x" * 500])

    one = made(tmp_path, look, limit_bytes=100)
    assert one.files == [File("a.txt", b"one line\n" * 11)]
    assert one.gaps == ["cut: more than 0 KB", "b.json is too large"]


def test_one_of_the_state_directory_becomes_its_owner_first(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()

    def look(given: Site) -> Iterator[Said]:
        yield Json("a.json", (Path(given.places.directory) / "became").exists())

    assert made(tmp_path, look, owner=True).files[0].content == b"true\n"
    (tmp_path / "state" / "became").unlink()
    assert made(tmp_path, look).files[0].content == b"false\n"
