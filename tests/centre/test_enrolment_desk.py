"""enrol and certificate as an operator types them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from centre import enrolment_desk
from centre.cli import main
from tests.enrolling import Enrolling


def centre(enrolling: Enrolling, *words: str) -> int:
    return main([*words, "--config", str(enrolling.city.folder / "centre.toml")])


def test_the_file_is_its_owners_alone_and_its_token_is_shown_nowhere_else(
    enrolling: Enrolling, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rest.toml").write_text('[outbox]\nreserve_mb = 300\n# """\n')
    out = tmp_path / "boot.toml"
    school = enrolling.new_school()
    assert centre(enrolling, "enrol", school, "--out", str(out), "--box", str(tmp_path / "rest.toml")) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    found = tomllib.loads(out.read_text())
    assert found["config"] == (tmp_path / "rest.toml").read_text()
    told = capsys.readouterr()
    assert found["token"] not in told.out + told.err
    assert enrolling.enrolments.is_invited(school, found["token"])
    assert centre(enrolling, "enrol", school) == 0
    assert not enrolling.enrolments.is_invited(school, found["token"])
    assert tomllib.loads(capsys.readouterr().out)["school"] == school


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["centre-1"], "K-109"),
        (["school-07", "--box", "latin"], "K-184"),
        (["school-07", "--box", "none"], "K-119"),
    ],
)
def test_what_cannot_be_invites_nobody(
    enrolling: Enrolling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], code: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff")
    assert centre(enrolling, "enrol", *words) == 2
    assert capsys.readouterr().err.startswith(code)


def test_certificates_are_listed_with_their_state(
    enrolling: Enrolling, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    school = enrolling.new_school()
    enrolling.enrolled(school, tmp_path)
    enrolling.enrolled(school, tmp_path / "new")
    capsys.readouterr()
    assert centre(enrolling, "certificate", "list", school, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["school"], row["state"], row["reason"]) for row in rows] == [
        (school, "revoked", "replaced"),
        (school, "good", ""),
    ]
    later = enrolment_desk.time.time_ns() + 500 * 86_400 * 1_000_000_000
    monkeypatch.setattr(enrolment_desk.time, "time_ns", lambda: later)
    assert centre(enrolling, "certificate", "list", school) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "replaced" in first
    assert "expired" in second
    assert centre(enrolling, "certificate", "list", "nonesuch") == 0
    assert centre(enrolling, "certificate", "revoke", "12ab") == 2
    assert "K-185" in capsys.readouterr().err
