"""mektep secret: what is stored is what the daemon will read, and nobody is shown it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.secrets import SecretStore

CONFIG = """
school = "school-07"
[state]
directory = "{0}/state"
runtime = "{0}/run"
[centre]
broker = "mqtts://centre:8883"
ca = "{0}/ca.crt"
certificate = "{0}/box.crt"
key = "{0}/box.key"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
"""


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(tmp_path))
    return path


def store(box: Path) -> SecretStore:
    return SecretStore(box.parent / "state" / "secrets")


def test_a_secret_is_read_from_standard_input(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hidden-word\n"))
    out = io.StringIO()
    assert main(["secret", "gate-password", str(box)], out) == 0
    assert store(box)("gate-password").now == "hidden-word"
    assert "hidden-word" not in out.getvalue()


def test_a_new_key_is_random_and_the_old_one_stays_beside_it(box: Path) -> None:
    out = io.StringIO()
    assert main(["secret", "--new", "osdp-1", str(box)], out) == 0
    first = store(box)("osdp-1").now
    assert main(["secret", "--new", "osdp-1", str(box)], out) == 0
    again = store(box)("osdp-1")
    assert (len(bytes.fromhex(first)), again.before) == (16, first)
    assert again.now != first
    assert first not in out.getvalue()


def test_nothing_is_no_secret(box: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["secret", "gate-password", str(box)], io.StringIO()) == 2
    assert "T-122" in capsys.readouterr().err


def test_who_types_nothing_is_told_so(
    box: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", nothing)
    assert main(["secret", "gate-password", str(box)], io.StringIO()) == 2
    assert "T-122" in capsys.readouterr().err
