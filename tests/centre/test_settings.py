"""centre.toml: every mistake names the file, the key and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.errors import CentreError
from centre.settings import Settings, load_settings


def load(tmp_path: Path, text: str | bytes) -> Settings:
    path = tmp_path / "centre.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path)


def test_a_database_is_all_that_must_be_said(tmp_path: Path) -> None:
    found = load(tmp_path, 'database = "sqlite:////var/lib/centre.db"')
    assert found == Settings(database="sqlite:////var/lib/centre.db", folder=str(tmp_path))
    assert (found.broker_host, found.broker_port, found.tls, found.group_batches) == ("127.0.0.1", 8883, True, 32)


def test_other_files_lie_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command was started."""
    load(tmp_path, 'database = "sqlite:///x"')
    monkeypatch.chdir(tmp_path)
    assert load_settings(Path("centre.toml")).file("pki/ca.crt") == tmp_path / "pki/ca.crt"


WRONG: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "database"),
    ("no TOML", "database =", "Invalid value"),
    ("not UTF-8", b'database = "\xff"', "utf-8"),
    ("an unknown key", 'database = "x"\ndatabse = "y"', "databse"),
    ("a number for the database", "database = 5", "$.database"),
    ("a port in words", 'database = "x"\nbroker_port = "8883"', "$.broker_port"),
    ("port 0", 'database = "x"\nbroker_port = 0', "$.broker_port"),
    ("port 65536", 'database = "x"\nbroker_port = 65536', "$.broker_port"),
    ("no batches", 'database = "x"\ngroup_batches = 0', "$.group_batches"),
    ("tls in words", 'database = "x"\ntls = "yes"', "$.tls"),
]


@pytest.mark.parametrize(("text", "names"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_mistake_is_named(tmp_path: Path, text: str | bytes, names: str) -> None:
    with pytest.raises(CentreError, match="K-103") as caught:
        load(tmp_path, text)
    assert str(tmp_path / "centre.toml") in caught.value.what
    assert names in caught.value.what
    assert "mektep-centre init" in caught.value.do


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CentreError, match=r"K-103.*nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml")
