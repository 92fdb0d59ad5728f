"""A change on trial lies on the disk before it is made, and is read again whatever became of the file."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.trials.trial import FILE_BYTES, Trial, TrialFile, decoded, ended
from agent.trials.verdict import Seen

AT = "2026-11-26T08:00:00.000000Z"
SEEN = Seen(link=True, working=frozenset({"canteen-1"}))


def begun(folder: Path) -> Trial:
    return TrialFile(folder).begin("config", "centre", AT, 300, SEEN, {"file": "x"}, order=7)


def test_it_is_on_the_disk_when_it_has_begun(tmp_path: Path) -> None:
    trial = begun(tmp_path / "config")
    assert TrialFile(tmp_path / "config").read() == trial
    assert (trial.what, trial.before, trial.order, trial.starts) == ("config", SEEN, 7, 0)
    assert (tmp_path / "config" / "trial.json").stat().st_mode & 0o777 == 0o600


def test_two_trials_have_two_ids(tmp_path: Path) -> None:
    assert begun(tmp_path).id != begun(tmp_path).id


def test_nothing_is_on_trial_where_there_is_no_folder(tmp_path: Path) -> None:
    assert TrialFile(tmp_path / "none").read() is None
    (tmp_path / "file").write_text("")
    assert TrialFile(tmp_path / "file").read() is None


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b"[" * 20_000, b" " * (FILE_BYTES + 1)])
def test_a_spoilt_file_is_no_trial(tmp_path: Path, text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    file = TrialFile(tmp_path)
    file.path.write_bytes(text)
    assert file.read() is None
    assert "is no trial" in caplog.text


@given(st.binary(max_size=200))
def test_any_bytes_are_a_trial_or_a_value_error(text: bytes) -> None:
    with contextlib.suppress(ValueError):
        decoded(text)


def test_its_end_keeps_all_else(tmp_path: Path) -> None:
    trial = begun(tmp_path)
    over = ended(trial, "undone", "link_gone", ("link",))
    TrialFile(tmp_path).note(over)
    assert TrialFile(tmp_path).read() == over
    assert (over.id, over.change) == (trial.id, trial.change)
    TrialFile(tmp_path).remove()
    TrialFile(tmp_path).remove()
    assert TrialFile(tmp_path).read() is None


def test_what_a_newer_version_wrote_besides_is_read_over(tmp_path: Path) -> None:
    trial = begun(tmp_path)
    file = TrialFile(tmp_path)
    file.path.write_bytes(file.path.read_bytes().replace(b'{"id"', b'{"later":1,"id"'))
    assert file.read() == trial
