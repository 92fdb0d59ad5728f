"""`mektep check`: all mistakes of a file on the screen or as JSON; exit code 0 or 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agent.cli.command import READER, ROOT, mektep, write_config

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))


def words(text: str) -> str:
    """Without the line breaks of eighty columns."""
    return " ".join(text.split())


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in EXAMPLES])
def test_every_example_is_in_order(path: Path) -> None:
    done = mektep("check", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert words(done.stdout).startswith(f"{path}: in order. School ")


def test_a_file_in_order_says_what_it_holds(tmp_path: Path) -> None:
    path = write_config(tmp_path, more=READER.format(name="canteen-1", port="/dev/a"))
    assert words(mektep("check", path).stdout) == f"{path}: in order. School school-07, 1 device: canteen-1."


def test_a_file_without_devices_says_so(tmp_path: Path) -> None:
    assert words(mektep("check", write_config(tmp_path)).stdout).endswith("School school-07, no devices.")


def test_of_a_watched_camera_it_says_how_far_footage_bounds_its_false_alarms(tmp_path: Path) -> None:
    more = '[[camera]]\nname = "hall"\ndriver = "file"\nfile = "/a.mkv"\nsees = ["tamper", "fight", "fire"]\n'
    told = words(mektep("check", write_config(tmp_path, more=more)).stdout)
    for word in ("fight", "fire"):
        assert f" {word} at hall: from 0." in told
    assert told.count("an hour only, too short for 1 a week") == 2


def test_each_mistake_has_code_file_key_value_and_cure(tmp_path: Path) -> None:
    more = READER.format(name="a", port="/dev/a") + "bawd = 1\n" + READER.format(name="a", port="/dev/b")
    path = write_config(tmp_path, more=more)
    done = mektep("check", path)
    assert done.returncode == 2
    assert words(done.stdout) == (
        f'C-101 {path}: reader[0].bawd = 1: is no setting → Did you mean "baud"? '
        f'C-105 {path}: reader[1].name = "a": is used twice → reader[0].name has it already; give each device its own.'
    )


def test_as_json_for_programs(tmp_path: Path) -> None:
    path = write_config(tmp_path, more="zzz = 1\n")
    done = mektep("check", path, "--json")
    (problem,) = json.loads(done.stdout)
    assert done.returncode == 2
    assert (problem["code"], problem["file"], problem["key"], problem["value"]) == (
        "C-101",
        str(path),
        "outbox.zzz",
        "1",
    )
    assert json.loads(mektep("check", write_config(tmp_path), "--json").stdout) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = mektep("check", tmp_path / "none.toml")
    assert done.returncode == 2
    assert "C-001" in done.stdout
    assert "examples/" in done.stdout


def test_without_a_file_the_use_is_shown() -> None:
    done = mektep("check")
    assert done.returncode == 2
    assert "usage: mektep check" in done.stderr
