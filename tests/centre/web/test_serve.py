"""The command `desk`: what it refuses, and that it is served until it is told to end."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from centre.cli import main
from simulator.processes import free_port
from tests.centre.far_box import until


@pytest.fixture
def config(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "centre"), "--broker-port", "1"]) == 0
    return tmp_path / "centre/centre.toml"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--host", "0.0.0.0"], "K-172"),
        (["--host", "desk.example"], "K-172"),
        (["--tls-cert", "a.pem"], "K-172"),
        (["--host", "0.0.0.0", "--tls-cert", "a", "--tls-key", "b", "--insecure"], "K-172"),
    ],
)
def test_a_desk_that_would_be_open_to_a_network(
    words: list[str], code: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["desk", "--config", str(config), *words]) == 2
    assert code in capsys.readouterr().err


def test_a_key_that_is_not_there(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text() + '\n[desk]\nblurred_identity = "keys/none.age"\n')
    assert main(["desk", "--config", str(config)]) == 2
    assert "K-121" in capsys.readouterr().err


def test_without_the_library_it_says_what_to_install(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "centre.web.serve", None)
    assert main(["desk", "--config", str(config)]) == 2
    assert "centre[desk]" in capsys.readouterr().err


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/report")
        return connection.getresponse().status == 200
    except OSError:
        return False


def test_it_is_served_until_sigterm(config: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "centre", "desk", "--config", str(config), "--port", str(port), "--insecure"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: answers(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)
