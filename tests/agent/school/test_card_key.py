"""The card key is made once, is private, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.school.card_key import load_card_key


def test_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "card.key"
    key = load_card_key(path)
    assert len(key) == 32
    assert load_card_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["card.key"]


def test_a_half_written_leftover_does_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / ".card.key.new").write_bytes(b"half")
    assert len(load_card_key(tmp_path / "card.key")) == 32


def test_a_cut_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "card.key"
    path.write_bytes(b"short")
    with pytest.raises(AgentError, match="T-110"):
        load_card_key(path)
    assert path.read_bytes() == b"short"
