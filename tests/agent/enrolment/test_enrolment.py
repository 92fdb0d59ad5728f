"""From a boot file to a box that the centre knows, against the real EST server over real TLS: also cut off anywhere."""

from __future__ import annotations

import io
import itertools
import os
import signal
from pathlib import Path
from typing import Any

import pytest

import agent.cli.enrol as enrol_command
from agent import config
from agent.cli.main import main
from agent.enrolment import configuration, est, papers
from agent.enrolment.papers import Papers
from agent.sync import identity
from agent.sync.identity import load_identity
from tests.centre.visitor import Visitor
from tests.enrolling import Enrolling, command, run

WRONG_PIN = '"' + "ab" * 32 + '"'


def code_of(enrolling: Enrolling, file: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> str:
    code, _ = enrolling.enrol(file, *words)
    assert code in (1, 2)
    return capsys.readouterr().err[:5]


def connects(enrolling: Enrolling, state: Path, school: str) -> bool:
    """Whether the broker lets this box in."""
    visitor = Visitor(enrolling.ca, state / "pki/box", school).knock(enrolling.city.port)
    visitor.leave()
    return visitor.connected


def test_a_box_that_is_enrolled_is_known_to_broker_and_centre(enrolling: Enrolling, tmp_path: Path) -> None:
    school = enrolling.new_school()
    file = enrolling.invite(school, tmp_path)
    code, said = enrolling.enrol(file)
    assert code == 0
    assert f"{school} is enrolled." in said
    found = config.load(tmp_path / "agent.toml")
    assert (found.school, found.centre.est) == (school, enrolling.url)
    assert connects(enrolling, tmp_path / "state", school)
    (one,) = enrolling.enrolments.certificates(school)
    assert one.identity == load_identity(tmp_path / "state").public
    assert 'token = ""' in file.read_text()
    assert file.read_text().startswith("# Enrols one box")


def test_twice_says_that_it_is_enrolled_and_asks_nobody(enrolling: Enrolling, tmp_path: Path) -> None:
    school = enrolling.new_school()
    state = enrolling.enrolled(school, tmp_path)
    code, said = enrolling.enrol(tmp_path / "mektep.toml")
    assert (code, len(enrolling.enrolments.certificates(school))) == (0, 1)
    assert "is enrolled; its certificate is good until" in said
    assert sorted(path.name for path in (state / "pki").iterdir()) == [
        "0001",
        "box.crt",
        "box.key",
        "ca.crt",
        "current",
    ]


def test_nothing_secret_is_said_or_readable_by_others(enrolling: Enrolling, tmp_path: Path) -> None:
    school = enrolling.new_school()
    file = enrolling.invite(school, tmp_path)
    token = file.read_text().split('token = "')[1].split('"')[0]
    done = run(command(file, "--json"))
    assert done.returncode == 0, done.stderr
    assert token not in done.stdout + done.stderr
    assert token not in file.read_text()
    log = (enrolling.city.folder.parent / "est.log").read_text()
    assert token not in log
    for path in (tmp_path / "state").rglob("*"):
        assert path.is_symlink() or not path.stat().st_mode & 0o077, path


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ca_sha256": WRONG_PIN}, "N-103"),
        ({"token": '"0123456789abcdefghij"'}, "N-104"),
        ({"token": '""'}, "N-104"),
        ({"est": '"https://127.0.0.1:1"'}, "N-102"),
        ({"est": '"https://127.0.0.1:1/x"'}, "N-101"),
        ({"school": '"School 7"'}, "N-101"),
        ({"orders_key": '"' + "A" * 43 + '*"'}, "N-107"),
        ({"config": '"[[reader]]\\nname = 7"'}, "N-107"),
        ({"config": '"[centre]\\ncompress = true"'}, "N-107"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(
    enrolling: Enrolling, tmp_path: Path, changes: dict[str, str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    school = enrolling.new_school()
    file = enrolling.invite(school, tmp_path)
    rest = file.read_text().partition("config =")[2] if "config" not in changes else changes["config"]
    text = file.read_text().partition("config =")[0]
    for key, value in changes.items():
        text = (
            "\n".join(f"{key} = {value}" if line.startswith(f"{key} =") else line for line in text.splitlines()) + "\n"
        )
    file.write_text(f"{text}config = {rest}")
    assert code_of(enrolling, file, capsys=capsys) == code
    assert not (tmp_path / "agent.toml").exists()
    assert enrolling.enrolments.certificates(school) == []


def test_a_token_serves_one_box(enrolling: Enrolling, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    school = enrolling.new_school()
    file = enrolling.invite(school, tmp_path / "one")
    copied = tmp_path / "two/mektep.toml"
    copied.parent.mkdir()
    copied.write_text(file.read_text().replace(str(tmp_path / "one"), str(tmp_path / "two")))
    assert enrolling.enrol(file)[0] == 0
    assert code_of(enrolling, copied, capsys=capsys) == "N-104"
    assert connects(enrolling, tmp_path / "one/state", school)


def test_a_box_of_another_school_is_not_enrolled_over(
    enrolling: Enrolling, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolling.enrolled(enrolling.new_school(), tmp_path)
    other = enrolling.invite(enrolling.new_school(), tmp_path)
    assert code_of(enrolling, other, capsys=capsys) == "N-107"  # agent.toml is of the other
    (tmp_path / "agent.toml").unlink()
    assert code_of(enrolling, other, capsys=capsys) == "N-110"
    assert enrolling.enrol(other, "--replace")[0] == 2  # its signing key is the other school's at the centre


def test_replaced_in_place_the_box_keeps_its_signing_key(enrolling: Enrolling, tmp_path: Path) -> None:
    school = enrolling.new_school()
    state = enrolling.enrolled(school, tmp_path)
    before, key = load_identity(state).public, Papers(state / "pki").key.read_bytes()
    file = enrolling.invite(school, tmp_path)
    code, said = enrolling.enrol(file, "--replace")
    assert (code, f"{school} is enrolled." in said) == (0, True)
    assert load_identity(state).public == before
    assert Papers(state / "pki").key.read_bytes() != key
    assert [one.reason for one in enrolling.enrolments.certificates(school)] == ["replaced", ""]
    assert connects(enrolling, state, school)


# --- power cuts -------------------------------------------------------------------------------------------------

STEPS = [
    (papers, "write_private"), (papers, "_link"), (papers, "_sync"), (configuration, "publish"),
    (est, "fetch_authority"), (est, "enrol"), (identity, "write_private"), (enrol_command, "_forget_token"),
]  # fmt: skip


def killed_at(number: int, words: list[str]) -> bool:
    """Run the command in a process that dies where this step would begin. False: it had no such step."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status)
    left = number

    def counted(work: Any) -> Any:
        def run(*args: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*args, **named)

        return run

    try:
        for owner, name in STEPS:
            setattr(owner, name, counted(getattr(owner, name)))
        main(words, io.StringIO())
    finally:
        os._exit(0)


def test_killed_at_any_step_the_next_run_ends_well(enrolling: Enrolling, tmp_path: Path) -> None:
    steps = 0
    for number in itertools.count(1):
        folder, school = tmp_path / str(number), enrolling.new_school()
        file = enrolling.invite(school, folder)
        if not killed_at(number, ["enrol", str(file), "--config", str(folder / "agent.toml")]):
            break
        steps = number
        code, said = enrolling.enrol(file)
        assert code == 0, (number, said)
        assert len(enrolling.enrolments.certificates(school)) == 1, number
        assert 'token = ""' in file.read_text()
        assert Papers(folder / "state/pki").kept() is not None
        config.load(folder / "agent.toml")
    assert steps > 15


def test_killed_while_it_is_replaced_the_box_has_the_old_or_the_new(enrolling: Enrolling, tmp_path: Path) -> None:
    for number in itertools.count(2, 4):
        folder, school = tmp_path / str(number), enrolling.new_school()
        state = enrolling.enrolled(school, folder)
        file = enrolling.invite(school, folder)
        words = ["enrol", str(file), "--config", str(folder / "agent.toml"), "--replace"]
        if not killed_at(number, words):
            break
        assert Papers(state / "pki").kept() is not None
        assert enrolling.enrol(file, "--replace")[0] == 0
        assert [one.reason for one in enrolling.enrolments.certificates(school)] == ["replaced", ""]
        assert Papers(state / "pki").kept() is not None
