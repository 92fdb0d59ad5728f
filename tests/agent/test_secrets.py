"""Secrets: stored whole, readable by their owner alone, the one before kept; a systemd credential goes first."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.secrets import SecretStore
from drivers.driver import Secret, Secrets
from drivers.errors import DeviceError


def test_what_is_stored_is_found_and_what_it_was_before(tmp_path: Path) -> None:
    store = SecretStore(tmp_path / "secrets")
    _: Secrets = store
    store.put("gate", "one")
    assert store("gate") == Secret("one")
    store.put("gate", "two")
    store.put("gate", "two")  # the same again forgets nothing
    assert store("gate") == Secret("two", "one")
    assert SecretStore(tmp_path / "secrets")("gate") == Secret("two", "one")


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    SecretStore(tmp_path / "secrets").put("gate", "one")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets", tmp_path / "secrets/gate")}
    assert modes == {0o700, 0o600}


def test_a_credential_goes_first(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    store = SecretStore(tmp_path / "secrets", credentials)
    store.put("gate", "ours")
    assert store("gate") == Secret("ours")
    (credentials / "sec_gate").write_text("of the unit's folder\n")
    assert store("gate") == Secret("of the unit's folder")
    (credentials / "gate").write_text("theirs\n")
    assert store("gate") == Secret("theirs")


def test_what_is_not_stored_says_how_to_store_it(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="T-120") as caught:
        SecretStore(tmp_path)("gate")
    assert caught.value.do == "Run: sudo mektep secret gate"


@pytest.mark.parametrize("name", ["", "../card.key", "a/b", "Gate", "gate.before", "x" * 65])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "card.key").write_text("not yours")
    store = SecretStore(tmp_path / "secrets")
    with pytest.raises(DeviceError, match="T-120"):
        store(name)
    with pytest.raises(AgentError, match="T-122"):
        store.put(name, "one")


@pytest.mark.parametrize("value", ["", "two\nlines", "\x1b[2J", "x" * 5000])
def test_what_is_no_line_of_text_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(AgentError, match="T-122"):
        SecretStore(tmp_path).put("gate", value)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_a_trouble(tmp_path: Path) -> None:
    (tmp_path / "gate").write_bytes(b"\xff\xfe")
    with pytest.raises(DeviceError, match="T-121"):
        SecretStore(tmp_path)("gate")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DeviceError, match="T-121"):
        SecretStore(tmp_path)("folder")


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    store.put("gate", "hidden-word")
    assert "hidden-word" not in f"{store('gate')} {store('gate')!r}"
