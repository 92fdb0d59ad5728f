"""Every configuration of a box stays, with what became of it; the oldest give way."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from agent.trials import history
from agent.trials.history import History

AT = "2026-11-26T08:00:00.000000Z"


def test_entries_are_numbered_and_their_text_stays(tmp_path: Path) -> None:
    kept = History(tmp_path / "config")
    assert (kept.entries(), kept.standing()) == ([], None)
    first = kept.add(b"a", at=AT, by="technician", outcome="in_use")
    second = kept.add(b"b", at=AT, by="centre", outcome="trial", order=7)
    assert kept.entries() == [first, second]
    assert (first.number, second.number, second.order) == (1, 2, 7)
    assert kept.text(second) == b"b"
    assert second.sha256 == hashlib.sha256(b"b").hexdigest()
    assert kept.standing() == first


def test_what_became_of_a_trial_is_written_once(tmp_path: Path) -> None:
    kept = History(tmp_path)
    kept.add(b"a", at=AT, by="technician", outcome="in_use")
    trial = kept.add(b"b", at=AT, by="centre", outcome="trial")
    kept.close(trial.number, "undone", "device_lost", ("device/a",))
    kept.close(trial.number, "kept")
    kept.close(99, "kept")
    assert [(one.outcome, one.reason, one.lost) for one in kept.entries()] == [
        ("in_use", "", ()),
        ("undone", "device_lost", ("device/a",)),
    ]
    assert kept.standing() == kept.entries()[0]


def test_what_was_kept_stands(tmp_path: Path) -> None:
    kept = History(tmp_path)
    trial = kept.add(b"b", at=AT, by="centre", outcome="trial")
    kept.close(trial.number, "kept")
    assert kept.standing() == kept.entries()[0]


def test_the_oldest_give_way_but_not_what_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    kept = History(tmp_path)
    kept.add(b"a", at=AT, by="technician", outcome="in_use")
    for number in range(6):
        trial = kept.add(bytes([number]), at=AT, by="centre", outcome="trial")
        kept.close(trial.number, "undone", "link_gone")
    assert [one.number for one in kept.entries()] == [1, 5, 6, 7]
    assert len(list(tmp_path.glob("*.toml"))) == 4


def test_a_text_without_its_entry_is_none_and_is_written_over(tmp_path: Path) -> None:
    """The power went between the two."""
    (tmp_path / "0001.toml").write_text("half")
    (tmp_path / "0002.json").write_text("spoilt")
    kept = History(tmp_path)
    assert kept.entries() == []
    assert kept.text(kept.add(b"a", at=AT, by="centre", outcome="trial")) == b"a"
