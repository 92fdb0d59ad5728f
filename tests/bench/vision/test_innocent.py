"""Hours of innocent video: the agent's own pipeline speaks where it must, the bound is that of what was truly shown."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from bench.vision import __main__ as command
from bench.vision.innocent import Chain, lines
from bench.vision.skill import at_most_an_hour
from simulator.scenes import Sight, write_video
from tests.simulator.footage_made import ROWS, Row, folder_of

HAND: Row = ("calm/hand.mp4", "people", "people", "c", "", "fixed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two innocent clips, a fight that is none of them, and one in which a cloth comes before the lens."""
    made = tmp_path_factory.mktemp("footage")
    (made / "calm").mkdir()
    write_video(made / HAND[0], [(Sight.EMPTY, 8), (Sight.CLOTH, 12)], width=160, height=90, rate=5)
    return folder_of(made, [*ROWS[:3], HAND])


def test_a_false_sighting_is_told_with_its_clip(folder: Path, tmp_path: Path) -> None:
    passed: list[float] = []
    chain = Chain(folder, tmp_path, seed=1)
    assert chain.made(passed.append) == pytest.approx(22, abs=0.5)
    passed.clear()
    found = chain.run(90 / 3600, passed.append)
    assert sum(passed) == pytest.approx(90)
    assert (found.clips, found.sources, found.off) == (3, 3, [])
    assert found.distinct_s == pytest.approx(22, abs=0.5)
    kinds = {one.kind: one for one in found.false}
    assert kinds["covered"].clips == [HAND[0]]
    assert kinds["covered"].unseen_clips == 1
    assert kinds["fire"].told == kinds["fight"].told == 0
    assert kinds["fire"].unseen_s == found.distinct_s  # no head has learned from made clips
    assert kinds["covered"].at_most_an_hour == pytest.approx(at_most_an_hour(1, found.distinct_s), abs=0.1)
    text = "\n".join(lines(found))
    assert "covered: hand.mp4." in text
    assert "each shown 4 times" in text


def test_what_was_not_shown_bounds_nothing(folder: Path, tmp_path: Path) -> None:
    found = Chain(folder, tmp_path, seed=1).run(0.5 / 3600, lambda _: None)
    assert found.clips == 1
    assert found.distinct_s == pytest.approx(0.5, abs=0.1)
    assert min(one.at_most_an_hour for one in found.false) > 10_000


@pytest.mark.parametrize(
    ("rows", "words", "code"),
    [
        (None, [], "X-011"),
        (ROWS[2:3], [], "X-015"),
        (ROWS[:1], ["--hours", "0"], "--hours"),
        (ROWS[:1], ["broken"], "X-014"),
        (ROWS[:1], ["another"], "X-013"),
    ],
)
def test_what_cannot_be_watched_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rows: list[Row] | None,
    words: list[str],
    code: str,
) -> None:
    if rows is not None:
        folder_of(tmp_path, rows)
    if words and not words[0].startswith("-"):
        spoil(tmp_path, known=words.pop() == "broken")
    monkeypatch.setattr(sys, "argv", ["bench.vision", "innocent", str(tmp_path), *words])
    assert command.main() == 2
    assert capsys.readouterr().err.splitlines()[-2 if code != "--hours" else -1].startswith(code)


def spoil(folder: Path, *, known: bool) -> None:
    """The clip is no video any more; the manifest may know."""
    clip, manifest = folder / ROWS[0][0], folder / "manifest.csv"
    before = hashlib.sha256(clip.read_bytes()).hexdigest()
    clip.write_bytes(b"no video")
    if known:
        after = hashlib.sha256(b"no video").hexdigest()
        manifest.write_text(manifest.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_it_is_one_json_object_for_programs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["innocent", str(folder), "--hours", "0.0005", "--json", "--cache", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["bench.vision", *words])
    assert command.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hours"] == 0.0005
    assert {"kind", "told", "at_most_an_hour"} <= found["false"][0].keys()
