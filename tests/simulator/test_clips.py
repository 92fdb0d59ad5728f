"""A folder of footage: what its manifest must say, what its clips are; and that what is shipped may be shipped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.clips import SHIPPED, Clip, ClipError, clips, fights, fires, given, innocent
from tests.simulator.footage_made import folder_of
from tests.source_tree import ROOT

HEAD = "path,task,label,group,licence,sha256,onset_s\n"
GOOD = f"a.mp4,fight,fight,g,CC0,{'0' * 64},\n"
MAY_BE_SHIPPED = re.compile(r"CC0|CC BY 4\.0|Apache")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return clips(folder_of(tmp_path_factory.mktemp("footage")))


def test_pictures_are_no_clips(made: list[Clip]) -> None:
    assert [clip.name for clip in made if clip.name.endswith("jpg")] == []
    assert len(made) == 9


def test_in_innocent_clips_nothing_is_to_be_noticed(made: list[Clip]) -> None:
    assert [clip.name for clip in innocent(made)] == ["calm/a.mp4", "calm/b.mp4"]


def test_a_fight_is_the_clips_of_one_source_the_longest_first(made: list[Clip]) -> None:
    assert [[clip.name for clip in source] for source in fights(made)] == [
        ["fight/2.mp4", "fight/3.mp4"], ["fight/1.mp4"],
    ]  # fmt: skip


def test_a_fire_is_before_a_fixed_camera_and_no_candle(made: list[Clip]) -> None:
    assert [clip.name for clip in fires(made)] == ["fire/soon.mp4", "fire/late.mp4"]


@pytest.mark.parametrize(
    ("text", "code", "fact"),
    [
        (None, "X-011", "cannot be read"),
        ("", "X-011", "no column path"),
        ("path,task\n", "X-011", "no column label, group, licence, sha256"),
        (HEAD + "a.mp4,fight,,g,CC0,,\n", "X-011", "line 2: no label, sha256"),
        (HEAD + "a.mp4\n", "X-011", "line 2: no task, label, sha256"),
        (HEAD + GOOD.replace("0" * 64, "../0"), "X-011", "is no SHA-256"),
        (HEAD + GOOD.replace("a.mp4", "../a.mp4"), "X-011", "does not lie within"),
        (HEAD + GOOD.replace("a.mp4", "/etc/passwd"), "X-011", "does not lie within"),
        (HEAD + GOOD.replace(",\n", ",soon\n"), "X-011", "'soon' is no number"),
        (HEAD, "X-015", "neither a fight nor a fire"),
    ],
)
def test_a_wrong_manifest_is_named(tmp_path: Path, text: str | None, code: str, fact: str) -> None:
    if text is not None:
        (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(ClipError) as wrong:
        given(tmp_path)
    assert wrong.value.code == code
    assert str(tmp_path) in wrong.value.what
    assert fact in wrong.value.what
    assert wrong.value.do.endswith(".")


def test_a_manifest_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"path,task\xff\xfe")
    with pytest.raises(ClipError, match="cannot be read"):
        clips(tmp_path)


def test_a_missing_and_another_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(HEAD + GOOD)
    [clip] = clips(tmp_path)
    with pytest.raises(ClipError) as missing:
        clip.check()
    clip.path.write_bytes(b"another")
    with pytest.raises(ClipError) as another:
        clip.check()
    assert (missing.value.code, another.value.code) == ("X-012", "X-013")


def test_what_is_shipped_may_be_shipped_and_is_small() -> None:
    shipped = clips(SHIPPED)
    for clip in shipped:
        clip.check()
        assert MAY_BE_SHIPPED.match(clip.licence)
    files = {path for path in SHIPPED.iterdir() if path.name != "manifest.csv"}
    assert files == {clip.path for clip in shipped}
    assert sum(path.stat().st_size for path in files) < 300_000


def test_no_other_footage_lies_in_the_tree() -> None:
    videos = {
        path for place in ("simulator", "bench", "tests", "docs", "agent") for path in (ROOT / place).rglob("*.mp4")
    }
    assert videos == {clip.path for clip in clips(SHIPPED)}


def test_who_made_it_is_credited() -> None:
    credits = (ROOT / "docs/simulator.md").read_text(encoding="utf-8")
    for line in (SHIPPED / "manifest.csv").read_text(encoding="utf-8").splitlines()[1:]:
        assert line.split(",", 1)[0] in credits
    assert "Intel" in credits
    assert "CC BY 4.0" in credits
