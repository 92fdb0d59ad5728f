"""The dataset `live`: from centre.toml to every school, and empty again when it is taken out there."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from centre.school.kept import kept_of
from centre.school.live import live_of, note_live
from centre.settings import LiveSettings, MediaSettings, Settings
from tests.centre.conftest import Open

NONE = Settings(database="sqlite:///x")
ONE = msgspec.structs.replace(NONE, live=LiveSettings(servers=[MediaSettings(host="media.example", port=8322)]))


def test_servers_go_as_they_stand_in_the_file(tmp_path: Path) -> None:
    assert json.loads(live_of(ONE)) == {
        "servers": [{"host": "media.example", "port": 8322}], "sessions": 2, "seconds": 900,
    }  # fmt: skip
    (tmp_path / "media.pem").write_text("PEM")
    own = msgspec.structs.replace(
        ONE, folder=str(tmp_path), live=LiveSettings(servers=[MediaSettings(host="a", ca_file="media.pem")])
    )
    assert json.loads(live_of(own))["servers"] == [{"host": "a", "port": 322, "ca": "PEM"}]
    (tmp_path / "media.pem").unlink()
    with pytest.raises(OSError, match="No such file"):
        live_of(own)


def test_it_is_kept_when_it_changes_and_becomes_empty(open_one: Open) -> None:
    database = open_one()
    note_live(database, NONE, "school-07")
    assert kept_of(database, "school-07") == {}
    note_live(database, ONE, "school-07")
    first = kept_of(database, "school-07")["live"]
    note_live(database, ONE, "school-07")
    assert kept_of(database, "school-07")["live"] == first
    note_live(database, NONE, "school-07")
    assert json.loads(kept_of(database, "school-07")["live"].loaded)["servers"] == []
