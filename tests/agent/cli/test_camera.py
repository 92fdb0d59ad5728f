"""`mektep camera`: a list, pictures in which nobody is to be recognised, and plain ones that are recorded first."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cli.main import main
from agent.cli.picture_file import write
from simulator.scenes import Sight, write_video
from tests.agent.cli.command import daemon, mektep, write_config
from tests.agent.outbox.box import rows
from tests.agent.sync.box import until

CAMERAS = """
[[camera]]
name = "hall"
driver = "file"
file = "{folder}/room.mkv"
sees = ["tamper"]
masks = [[[0.0, 0.0], [0.3, 0.0], [0.3, 0.2], [0.0, 0.2]]]
[[camera.zone]]
name = "stairs"
outline = [[0.1, 0.3], [0.5, 0.3], [0.5, 0.9]]
[[camera]]
name = "yard"
driver = "file"
file = "{folder}/nothing.mkv"
"""


@pytest.fixture
def box(tmp_path: Path) -> Path:
    write_video(tmp_path / "room.mkv", [(Sight.CLEAR, 2)], width=320, height=180)
    (tmp_path / "state").mkdir(mode=0o700)
    return write_config(tmp_path, more=CAMERAS.format(folder=tmp_path))


@pytest.fixture
async def living(box: Path) -> AsyncIterator[Path]:
    process = daemon(box)
    await process.start()
    yield box
    process.kill()


def run(*words: object) -> tuple[int, str, str]:
    done = mektep("camera", *words)
    return done.returncode, done.stdout, done.stderr


def blocks(path: Path) -> int:
    """How many pixels of the first row are as the one before."""
    row = cv2.imread(str(path))[-1].astype(int)
    return int((np.abs(np.diff(row, axis=0)).max(axis=1) == 0).sum())


# --- the agent does not run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["snapshot", "shot"])
def test_a_snapshot_shows_nobody_and_is_for_its_owner_alone(box: Path, tmp_path: Path, word: str) -> None:
    out = tmp_path / "now.png"
    out.write_bytes(b"an older one")
    code, said, wrong = run(word, "hall", box, "--out", out)
    assert (code, wrong) == (0, "")
    assert re.fullmatch(rf"{out}: hall, 320x180, 20\S+Z, blurred\n", said)
    assert cv2.imread(str(out)).shape == (180, 320, 3)
    assert blocks(out) > 260  # 320 pixels in 48 blocks
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("state/viewings/*"))
    assert not list(tmp_path.glob(".now*"))


def test_a_plain_one_is_a_record_first(box: Path, tmp_path: Path) -> None:
    code, said, _ = run("zones", "hall", box, "--out", tmp_path / "map.jpg", "--plain", "--json")
    told = json.loads(said)
    (note,) = (tmp_path / "state/viewings").iterdir()
    viewed = json.loads(note.read_bytes())
    assert (code, told["plain"], told["viewing"], told["out"]) == (0, True, note.stem, str(tmp_path / "map.jpg"))
    assert (viewed["camera"], viewed["what"], viewed["shown"]) == ("hall", "zones", told["at"])
    assert viewed["by"]
    assert cv2.imread(str(tmp_path / "map.jpg")).shape[1] > 1280


def test_what_cannot_be_recorded_is_not_shown(box: Path, tmp_path: Path) -> None:
    (tmp_path / "state/viewings").write_bytes(b"a file in its place")
    code, said, wrong = run("snapshot", "hall", box, "--out", tmp_path / "now.png", "--plain")
    assert (code, said, wrong[:5]) == (2, "", "V-402")
    assert not (tmp_path / "now.png").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["snapshot", "hal", "--out", "x.png"], "V-406"),
        (["snapshot", "hall", "--out", "x.gif"], "V-407"),
        (["zones", "hall", "--out", "no/such/folder/x.png"], "V-407"),
        (["snapshot", "yard", "--out", "x.png"], "V-101"),
    ],
)
def test_what_cannot_be_is_refused(
    box: Path, tmp_path: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    action, name, option, out = words
    assert main(["camera", action, name, str(box), option, str(tmp_path / out)]) == 2
    assert capsys.readouterr().err.startswith(code)
    assert not list(tmp_path.glob("*.png"))


def test_a_list_without_the_agent(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "list", str(box), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["running"], [one["name"] for one in told["cameras"]]) == (False, ["hall", "yard"])


# --- the agent runs ---------------------------------------------------------------------------------------------------


async def test_while_the_agent_runs(living: Path, tmp_path: Path) -> None:
    """Its pictures come from its memory, its list from its status; a plain one becomes a record of its outbox."""

    def seen() -> bool:
        return any(one["width_px"] and one["seen"] for one in json.loads(run("list", living, "--json")[1])["cameras"])

    await until(seen)
    code, said, _ = run("list", living)
    assert code == 1  # one of them is not there
    assert "320x180" in said
    assert "V-101" in said
    await until(lambda: run("snapshot", "hall", living, "--out", tmp_path / "now.png", "--plain")[0] == 0)
    assert cv2.imread(str(tmp_path / "now.png"))[:30, :90].max() == 0  # masked
    await until(lambda: not os.listdir(tmp_path / "state/viewings"))
    sql = "select json_extract(json, '$.data.camera') from event where type = ?"
    assert rows(tmp_path / "state/outbox.db", sql, "kz.mektep.camera.viewed.v1") == [("hall",)]
    assert run("snapshot", "yard", living, "--out", tmp_path / "x.png")[2].startswith("V-405")


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_is_theirs_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4711")
    write(tmp_path / "a.png", b"x")
    os.chown(tmp_path, 4711, 4712)
    write(tmp_path / "b.png", b"x")
    assert [(tmp_path / name).stat().st_uid for name in ("a.png", "b.png")] == [0, 4711]
