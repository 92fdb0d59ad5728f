"""`mektep-centre update`: signed with the city's key, ordered school by school, what the boxes said."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.cli import main
from centre.database import open_database
from centre.order_queue import OrderQueue
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
