"""scripts/deb/firstboot.py: it asks until it is answered, stops where the file is at fault, tells in three languages,
and leaves no token.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scripts.deb import firstboot

TEXTS = Path(__file__).parents[2] / "scripts/deb/firstboot.toml"
BOOT = 'school = "school-07"\r\ntoken = "s3cret-s3cret-s3cret"\r\nca_sha256 = "00"\r\n'
NO_NETWORK = (1, "N-103  centre:8445 does not answer\n      Check the cable.")


class Box:
    """Plays `mektep enrol` and systemctl, and counts the waiting."""

    def __init__(self, *answers: tuple[int, str], start: int = 0) -> None:
        self.answers = list(answers)
        self.start = start
        self.asked: list[list[str]] = []
        self.pauses_s: list[float] = []

    def run(self, command: list[str]) -> tuple[int, str]:
        self.asked.append(command)
        return (self.start, "") if command[0] == "systemctl" else self.answers.pop(0)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(firstboot, "TEXTS", TEXTS)
    path = tmp_path / "mektep.toml"
    path.write_bytes(BOOT.encode())
    return path


def started(file: Path, box: Box) -> int:
    return firstboot.main([str(file)], box.run, box.pauses_s.append)


def told(file: Path) -> str:
    return file.with_name("mektep-result.txt").read_text(encoding="utf-8-sig")


def test_it_enrols_and_starts_the_agent(file: Path) -> None:
    box = Box((0, "enrolled"))
    assert started(file, box) == 0
    assert box.asked == [["/usr/bin/mektep", "enrol", str(file)], ["systemctl", "start", "mektep-agent.service"]]
    assert all(word in told(file) for word in ("Дайын", "Готово", "Done"))


def test_no_token_is_left_and_no_byte_moves(file: Path) -> None:
    started(file, Box((0, "")))
    data = file.read_bytes().decode()
    assert "s3cret" not in data + told(file)
    assert len(data) == len(BOOT)
    assert tomllib.loads(data)["token"] == ""
    assert data.splitlines()[2] == BOOT.splitlines()[2]


def test_it_asks_until_there_is_a_network(file: Path) -> None:
    box = Box(*[NO_NETWORK] * 9, (0, ""))
    assert started(file, box) == 0
    assert box.pauses_s == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert "Done" in told(file)


def test_while_it_waits_the_card_says_why(file: Path) -> None:
    box = Box(NO_NETWORK)
    with pytest.raises(IndexError):  # the second attempt has no answer
        started(file, box)
    assert "not enrolled yet" in told(file)
    assert "N-103" in told(file)
    assert "s3cret" in file.read_text()  # it is still needed


def test_a_file_at_fault_is_told_and_not_asked_again(file: Path) -> None:
    box = Box((2, "N-104  the centre does not accept who asks: 401\n      Ask the centre for a new file."))
    assert started(file, box) == 0
    assert len(box.asked) == 1
    assert "N-104" in told(file)
    assert "cannot be enrolled" in told(file)


def test_an_agent_that_does_not_start_is_told_and_tried_again(file: Path) -> None:
    assert started(file, Box((0, ""), start=1)) == 1  # systemd starts this once more
    assert "did not start" in told(file)


def test_a_card_that_cannot_be_written_stops_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: '[en]\nrunning = "Done"')
    assert started(file, Box((0, ""))) == 0


def test_without_a_file_there_is_nothing_to_do(tmp_path: Path) -> None:
    box = Box()
    assert firstboot.main([str(tmp_path / "mektep.toml")], box.run, box.pauses_s.append) == 0
    assert box.asked == []


def test_every_outcome_is_told_in_every_language() -> None:
    texts = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    assert list(texts) == ["kk", "ru", "en"]
    assert {frozenset(words) for words in texts.values()} == {frozenset({"running", "enrolled", "waiting", "refused"})}


def test_a_command_that_cannot_be_run_is_a_failed_attempt() -> None:
    code, said = firstboot.called(["/nonexistent/mektep", "enrol"])
    assert code == 1
    assert "/nonexistent/mektep" in said
    assert firstboot.called(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\nerr\n")
