"""At each start: what does not come up is undone at the third, what a power cut left half done is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.trials.start import STARTS_MOST, UNREADY_MOST, at_start, came_up, state_directory
from agent.trials.trial import TrialFile, ended
from tests.agent.trials.kept import begun, outcome


def test_without_a_trial_nothing_happens(tmp_path: Path) -> None:
    at_start(TrialFile(tmp_path), {})
    came_up(TrialFile(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_third_start_without_ready_is_made_without_the_change(tmp_path: Path) -> None:
    file, kind = begun(tmp_path)
    for _ in range(UNREADY_MOST - 1):
        at_start(file, {"word": kind})
        assert (outcome(file), kind.path.read_text()) == (("", ""), "new")
    at_start(file, {"word": kind})
    assert (outcome(file), kind.path.read_text()) == (("undone", "did_not_start"), "old")


def test_an_agent_that_comes_up_and_ends_again_and_again_is_no_better(tmp_path: Path) -> None:
    file, kind = begun(tmp_path)
    for _ in range(STARTS_MOST - 1):
        at_start(file, {"word": kind})
        came_up(file)
        assert outcome(file) == ("", "")
    at_start(file, {"word": kind})
    assert (outcome(file), kind.path.read_text()) == (("undone", "kept_ending"), "old")


def test_a_start_is_counted_once(tmp_path: Path) -> None:
    file, kind = begun(tmp_path)
    for _ in range(5):
        at_start(file, {"word": kind}, "the-same-of-systemd")
    trial = file.read()
    assert trial is not None
    assert (trial.starts, trial.unready, trial.outcome) == (1, 1, "")
    at_start(file, {"word": kind}, "another")
    trial = file.read()
    assert trial is not None
    assert trial.starts == 2


@pytest.mark.parametrize(("word", "reason"), [("old", "interrupted"), ("mended by hand", "changed_on_site")])
def test_a_change_that_is_not_in_force_is_over(tmp_path: Path, word: str, reason: str) -> None:
    file, kind = begun(tmp_path, word)
    at_start(file, {"word": kind})
    assert (outcome(file), kind.path.read_text()) == (("undone", reason), word)


def test_an_undoing_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    file, kind = begun(tmp_path)
    trial = file.read()
    assert trial is not None
    file.note(ended(trial, "undone", "link_gone"))
    kind.broken = True
    at_start(file, {"word": kind})
    assert kind.path.read_text() == "new"
    kind.broken = False
    at_start(file, {"word": kind})
    assert (outcome(file), kind.path.read_text()) == (("undone", "link_gone"), "old")


def test_what_is_kept_is_not_counted_any_more(tmp_path: Path) -> None:
    file, kind = begun(tmp_path)
    trial = file.read()
    assert trial is not None
    file.note(ended(trial, "kept"))
    for _ in range(STARTS_MOST + 1):
        at_start(file, {"word": kind})
    assert (outcome(file), kind.path.read_text()) == (("kept", ""), "new")


def test_a_trial_of_another_version_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, _ = begun(tmp_path)
    before = file.path.read_bytes()
    at_start(file, {})
    assert file.path.read_bytes() == before
    assert "does not know" in caplog.text


def test_a_disk_that_refuses_keeps_nobody_from_starting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, kind = begun(tmp_path)
    kind.path.unlink()
    at_start(file, {"word": kind})
    assert "cannot be written down" in caplog.text


@pytest.mark.parametrize(
    ("text", "given", "found"),
    [
        ('[state]\ndirectory = "/data"', "/var/lib/x", "/data"),
        ("[state]\n", "/var/lib/x:/var/lib/y", "/var/lib/x"),
        ("state = 3", "", "/standard"),
        ("[state]\ndirectory = 3", "", "/standard"),
        ("[state]\ndirectory = ''", "/x", "/x"),
        ("= no TOML", "/x", "/x"),
        (None, "", "/standard"),
    ],
)
def test_where_the_state_lies(tmp_path: Path, text: str | None, given: str, found: str) -> None:
    if text is not None:
        (tmp_path / "agent.toml").write_text(text)
    assert state_directory(tmp_path / "agent.toml", given, "/standard") == Path(found)
