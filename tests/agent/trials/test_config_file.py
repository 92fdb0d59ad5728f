"""The file is replaced whole, keeps its owner and mode, and is never put back over what somebody wrote on site."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.trial_events import ConfigApplied, ConfigUndone
from agent.trials.config_file import ConfigTrials, change_of, replace
from agent.trials.history import History
from agent.trials.trial import Standing, Trial, TrialFile, ended
from agent.trials.verdict import Seen

AT = "2026-11-26T08:00:00.000000Z"


def tried(folder: Path) -> tuple[Path, History, ConfigTrials, Trial]:
    """A configuration that is on trial and in force."""
    path, history = folder / "agent.toml", History(folder / "config")
    path.write_bytes(b"old")
    before = history.add(b"old", at=AT, by="technician", outcome="in_use")
    new = history.add(b"new", at=AT, by="centre", outcome="trial", order=7)
    change = change_of(path, new, before)
    trial = TrialFile(history.folder).begin("config", "centre", AT, 300, Seen(), change, order=7)
    replace(path, b"new")
    return path, history, ConfigTrials(history), trial


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "agent.toml"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    replace(link, b"new")
    assert (link.is_symlink(), real.read_bytes(), real.stat().st_mode & 0o777) == (True, b"new", 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agent.toml", "real.toml"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(b"old")
    os.chown(path, 12345, 12346)
    replace(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


def test_no_file_no_replacement(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="agent"):
        replace(tmp_path / "agent.toml", b"new")


def test_it_is_put_back(tmp_path: Path) -> None:
    path, _, kind, trial = tried(tmp_path)
    assert kind.standing(trial) is Standing.CHANGED
    for _ in range(2):
        kind.undo(trial)
        assert (path.read_bytes(), kind.standing(trial)) == (b"old", Standing.BEFORE)


def test_what_somebody_wrote_on_site_stays(tmp_path: Path) -> None:
    path, _, kind, trial = tried(tmp_path)
    path.write_bytes(b"mended")
    assert kind.standing(trial) is Standing.OTHER
    kind.undo(trial)
    assert path.read_bytes() == b"mended"
    path.unlink()
    assert kind.standing(trial) is Standing.OTHER


def test_its_end_is_told_and_becomes_history(tmp_path: Path) -> None:
    _, history, kind, trial = tried(tmp_path)
    old, new = history.entries()
    assert kind.told(ended(trial, "kept")) == ConfigApplied(sha256=new.sha256, before=old.sha256, by="centre", order=7)
    over = ended(trial, "undone", "device_lost", ("device/a",))
    assert kind.told(over) == ConfigUndone(
        sha256=new.sha256, before=old.sha256, by="centre", reason="device_lost", lost=["device/a"], order=7
    )
    kind.settled(over)
    assert [one.outcome for one in history.entries()] == ["in_use", "undone"]
