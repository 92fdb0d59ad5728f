"""`mektep camera tune` on a database that the real keeper has filled: what it proposes, and what it cannot say yet."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import cv2
import pytest

from agent import config
from agent.cli.camera_tune import which
from agent.cli.main import DEFAULT_CONFIG, main
from agent.errors import AgentError
from agent.pipelines.watch import Detects
from bench.tune_week import Place, View, fill
from tests.agent.cli.command import mektep, write_config
from tests.reachable import reachable

SMALL = {
    "gym": View(budget=1.0, detectors={Detects.FIGHT: Place(calm=-2.4, loud=-2.4, wide=1.6), Detects.TAMPER: None}),
    "library": View(budget=1.0, detectors={Detects.FIRE: Place(calm=-4.0, loud=-4.0, wide=0.5)}),
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of two cameras, to now."""
    folder = tmp_path_factory.mktemp("box")
    return asyncio.run(fill(folder, end_ns=time.time_ns(), days=2, seed=3, school=SMALL))


def tune(box: Path, *words: object) -> tuple[int, dict[str, Any]]:
    done = mektep("camera", "tune", box, *words, "--json")
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_what_was_scored_and_told_is_in_the_table_and_a_threshold_is_proposed(box: Path, tmp_path: Path) -> None:
    before = (box.parent / "state/outbox.db").read_bytes(), box.read_text()
    code, told = tune(box, "--picture", tmp_path / "tune.png")
    gym, tamper, library = told["proposals"]
    assert code == 1
    assert (gym["camera"], gym["detector"], gym["why"]) == ("gym", "fight", "raised")
    assert gym["camera_h"] == pytest.approx(48, abs=0.1)
    assert gym["told"] >= 1
    assert gym["told"] <= gym["events"] <= 2 * gym["told"] + 4  # by whole minutes and whole bins
    assert gym["proposed"] > gym["present"]
    assert gym["then"]["week"] <= 1 < gym["now"]["week"]
    assert (tamper["why"], library["why"]) == ("no_scale", "stays")
    assert told["lines"] == ['# [[camera]] name = "gym"', "[camera.thresholds]", f"fight = {gym['proposed']:.4f}"]
    assert cv2.imread(str(tmp_path / "tune.png")).shape[1] == 1280
    assert before == ((box.parent / "state/outbox.db").read_bytes(), box.read_text())  # nothing is changed


def test_the_lines_are_a_configuration_that_settles_it(box: Path, tmp_path: Path) -> None:
    _, told = tune(box)
    text = box.read_text().replace("budget = 1.0\n", "budget = 1.0\n" + "\n".join(told["lines"]) + "\n", 1)
    (tmp_path / "box.toml").write_text(text)
    assert config.load(tmp_path / "box.toml").sources[0].watch.thresholds
    code, again = tune(tmp_path / "box.toml", "gym")
    assert (code, again["lines"], again["proposals"][0]["by"]) == (0, [], "set")


def test_one_camera_fewer_days_and_another_budget(box: Path) -> None:
    _, told = tune(box, "gym", "--days", "1.5", "--budget", "1000")
    assert [one["detector"] for one in told["proposals"]] == ["fight", "tamper"]
    assert told["proposals"][0]["budget"] == 1000
    assert told["proposals"][0]["camera_h"] < 38


def test_less_than_a_day_proposes_nothing_and_says_how_much_there_is(box: Path) -> None:
    done = mektep("camera", "tune", "gym", box, "--days", "0.3")
    assert done.returncode == 1
    assert "h of pictures are too few: a proposal needs 24." in done.stdout
    assert "camera.thresholds" not in done.stdout


def test_before_any_day_it_says_what_to_wait_for_and_how_far_the_footage_reaches(tmp_path: Path) -> None:
    more = '[[camera]]\nname = "hall"\ndriver = "file"\nfile = "/a.mkv"\nsees = ["fight"]\n'
    done = mektep("camera", "tune", write_config(tmp_path, more=more))
    words = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (1, "")
    assert "Nothing is kept yet. Scores are written when an hour is over" in words
    assert "minutes of footage" in words
    assert not (tmp_path / "state").exists()
    done = mektep("camera", "tune", write_config(tmp_path))
    assert (done.returncode, done.stdout) == (0, "school-07\nNo camera is watched for anything.\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["yard"], "V-406"),
        (["gym", "library"], "V-406"),
        (["--picture", "x.gif"], "V-407"),
        (["--picture", "no/such/x.png"], "V-407"),
    ],
)
def test_what_cannot_be_is_refused(box: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "tune", *words, str(box)]) == 2
    assert capsys.readouterr().err.startswith(code)


@pytest.mark.parametrize(
    "words", [["--days", "0"], ["--days", "31"], ["--days", "x"], ["--budget", "0"], ["--budget", "nan"]]
)
def test_numbers_that_are_none_are_refused(box: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["camera", "tune", str(box), *words])


@pytest.mark.parametrize(
    ("words", "name", "file"),
    [
        ([], "", DEFAULT_CONFIG),
        (["hall"], "hall", DEFAULT_CONFIG),
        (["./box"], "", "box"),
        (["box.toml", "hall"], "hall", "box.toml"),
        (["hall", "/etc/x"], "hall", "/etc/x"),
    ],
)
def test_a_path_is_told_from_a_name(words: list[str], name: str, file: str) -> None:
    assert which(words) == (name, Path(file))


def test_two_files_are_one_too_many() -> None:
    with pytest.raises(AgentError, match="one word too many"):
        which(["a.toml", "b.toml"])


def test_of_a_folder_that_is_closed_to_others(box: Path, tmp_path: Path) -> None:
    """The agent's user may look; another is told to use sudo; root looks as the agent's user."""
    if os.geteuid() != 0:
        assert tune(box)[0] == 1  # whose folder it is
        return
    agent, other = 4711, 4712
    _give(box.parent, agent)
    try:
        assert tune(box)[0] == 1
        assert {one.stat().st_uid for one in (box.parent / "state").iterdir()} == {agent}
        assert [_as(agent, box), _as(other, box)] == [1, 2]
    finally:
        _give(box.parent, 0)


def _as(user: int, box: Path) -> int:
    """The exit code of the command for somebody else."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setresuid(user, user, user)
            code = main(["camera", "tune", str(box)], io.StringIO())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _give(folder: Path, user: int) -> None:
    reachable(folder)
    (folder / "state").chmod(0o700)
    for one in ((folder / "state"), *(folder / "state").iterdir()):
        os.chown(one, user, user)
