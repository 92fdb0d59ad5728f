"""mektep enrol as a technician types it: without a file, from standard input, before the network is there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from agent.cli import enrol
from agent.cli.main import main
from tests.enrolling import Enrolling, command, run


def test_without_a_file_it_is_the_one_of_the_boot_partition(
    enrolling: Enrolling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(enrol, "BOOT_FILES", (tmp_path / "firmware/mektep.toml", tmp_path / "mektep.toml"))
    words = ["enrol", "--config", str(tmp_path / "agent.toml")]
    assert main(words, io.StringIO()) == 2
    assert "N-101" in capsys.readouterr().err
    school = enrolling.new_school()
    enrolling.invite(school, tmp_path)
    assert main(words, io.StringIO()) == 0
    (tmp_path / "mektep.toml").unlink()
    out = io.StringIO()
    assert main(words, out) == 0  # nothing to enrol by, and nothing to do
    assert f"{school} is enrolled; its certificate is good until" in out.getvalue()


def test_from_standard_input_with_the_outcome_as_json(enrolling: Enrolling, tmp_path: Path) -> None:
    school = enrolling.new_school()
    text = enrolling.invite(school, tmp_path).read_text()
    words = command(Path("-"), "--json")
    words[words.index("--config") + 1] = str(tmp_path / "agent.toml")
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["school"], found["fresh"], found["renews"]) == (school, True, True)


def test_a_file_that_cannot_be_changed_keeps_its_token_and_says_so(
    enrolling: Enrolling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def read_only(path: Path, flags: int, *rest: int) -> int:
        if str(path).endswith("mektep.toml") and flags & os.O_RDWR:
            raise OSError(30, "Read-only file system")
        return real(path, flags, *rest)

    file = enrolling.invite(enrolling.new_school(), tmp_path)
    before = file.read_text()
    monkeypatch.setattr(enrol.os, "open", read_only)
    code, said = enrolling.enrol(file)
    assert (code, file.read_text()) == (0, before)
    assert "Remove the file" in " ".join(said.split())


def test_a_folder_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol", str(tmp_path)], io.StringIO()) == 2
    assert "N-101" in capsys.readouterr().err


def test_it_waits_for_the_network_and_says_so_once(
    enrolling: Enrolling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrol, "AGAIN_S", 0.02)
    monkeypatch.setattr(enrol, "AGAIN_MOST_S", 0.02)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))  # nobody listens there yet
        port = door.getsockname()[1]
        file = enrolling.invite(enrolling.new_school(), tmp_path, est=f'"https://127.0.0.1:{port}"')
        assert enrolling.enrol(file)[0] == 1
        tried = threading.Semaphore(0)
        real = enrol.enrol

        def counted(*args: object, **words: object) -> object:
            tried.release()
            return real(*args, **words)  # type: ignore[arg-type]

        monkeypatch.setattr(enrol, "enrol", counted)
        threading.Thread(target=forward, args=(door, enrolling.city.est_port, tried), daemon=True).start()
        code, said = enrolling.enrol(file, "--wait")
        assert code == 0
        assert said.count("trying again") == 1


def forward(door: socket.socket, port: int, tried: threading.Semaphore) -> None:
    """After three knocks in vain the door opens, and leads to the centre."""
    for _ in range(3):
        tried.acquire()
    door.listen()
    while True:
        try:
            near, _ = door.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=copy, args=(one, other), daemon=True).start()


def copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def test_the_words_are_of_the_terminals_language(enrolling: Enrolling, tmp_path: Path) -> None:
    file = enrolling.invite(enrolling.new_school(), tmp_path)
    assert run(command(file), LANG="kk_KZ.UTF-8", LC_ALL="").stdout.count("мектебі") == 2
