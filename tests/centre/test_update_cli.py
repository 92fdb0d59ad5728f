"""`mektep-centre update`: signed with the city's key, ordered school by school, what the boxes said."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from centre import own_clock
from centre.cli import main
from centre.database import open_database
from centre.order_queue import OrderQueue
from centre.own_clock import Found
from centre.settings import load_settings
from centre.store import Store
from tests.centre.test_update_archive import folder

__all__ = ["folder"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    main(["init", str(tmp_path / "centre"), "--broker-host", "localhost"])
    path = tmp_path / "centre/centre.toml"
    store = Store(open_database(load_settings(path).database))
    store.add_school("school-07", bytes(32))
    store.database.close()
    return path


@pytest.fixture(autouse=True)
def right_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_clock, "look", lambda: Found(True, "its clock is kept, to 0.012 s"))


def manifest(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        told: dict[str, str] = json.loads(member.read())
        return told


def test_with_a_clock_that_nobody_keeps_nothing_is_signed_unless_somebody_answers_for_it(
    folder: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_clock, "look", lambda: Found(False, "no time service keeps its clock"))
    archive = tmp_path / "0.2.0.tar"
    words = ["update", "make", str(folder), str(archive), "--config", str(config)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert ("K-197" in said, "no time service keeps its clock" in said, "--clock-checked" in said) == (True, True, True)
    assert not archive.exists()
    assert main([*words, "--clock-checked", "radio clock on the wall", "--author", "aliya"]) == 0
    told = "no time service keeps its clock; aliya says: radio clock on the wall"
    assert told in capsys.readouterr().out
    assert manifest(archive)["clock"] == told


def test_in_the_stead_of_a_version_that_was_signed_in_the_future(
    folder: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "0.2.0.tar"
    words = ["update", "make", str(folder), str(archive), "--config", str(config), "--instead-of"]
    assert main([*words, "2031"]) == 2
    assert "K-196" in capsys.readouterr().err
    assert main([*words, "2031-05-01T03:00:00Z"]) == 0
    assert manifest(archive)["instead_of"] == "2031-05-01T03:00:00Z"
    assert manifest(archive)["clock"] == "its clock is kept, to 0.012 s"


def stage(config: Path, archive: Path, *more: str) -> int:
    words = ["update", "stage", str(archive), "school-07", "--url", "https://files.example/0.2.0.tar"]
    return main([*words, "--author", "aliya", "--config", str(config), *more])


def test_made_staged_listed(folder: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "0.2.0.tar"
    assert main(["update", "make", str(folder), str(archive), "--config", str(config)]) == 0
    assert "version 0.2.0" in capsys.readouterr().out
    assert stage(config, archive, "--deadline", "2026-12-01T00:00:00Z") == 0
    database = open_database(load_settings(config).database)
    (one,) = OrderQueue(database).of("school-07", "update")
    database.close()
    assert (one.name, one.account, one.args["version"]) == ("update", "aliya", "0.2.0")
    assert (one.args["deadline"], one.args["bytes"]) == ("2026-12-01T00:00:00Z", archive.stat().st_size)
    capsys.readouterr()
    assert main(["update", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "school-07  0.2.0  due\n"


def test_a_time_that_is_none_and_a_school_that_there_is_not(
    folder: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "0.2.0.tar"
    main(["update", "make", str(folder), str(archive), "--config", str(config)])
    assert stage(config, archive, "--deadline", "soon") == 2
    assert "K-196" in capsys.readouterr().err
    words = ["update", "stage", str(archive), "school-99", "--url", "https://x/y", "--config", str(config)]
    assert main(words) == 2
    assert "K-118" in capsys.readouterr().err
