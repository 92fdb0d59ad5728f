"""The datagrams that systemd gets, on a real socket; silence where there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ops.systemd import Notifier


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address)
        sock.settimeout(5)
        yield address, sock


def test_ready_alive_stopping(listener: tuple[str, socket.socket]) -> None:
    address, sock = listener
    notifier = Notifier(address)
    notifier.ready()
    notifier.alive("2 devices work")
    notifier.stopping()
    assert [sock.recv(200) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1\nSTATUS=2 devices work", b"STOPPING=1"]


def test_an_abstract_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0mektep-test-notify")
        sock.settimeout(5)
        Notifier("@mektep-test-notify").ready()
        assert sock.recv(100) == b"READY=1"


def test_no_systemd_no_noise() -> None:
    Notifier("").ready()


def test_a_listener_that_went_away_is_told_once_and_ends_nothing(
    listener: tuple[str, socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    address, sock = listener
    sock.close()
    notifier = Notifier(address)
    for _ in range(3):
        notifier.alive("on my own")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "NOTIFY_SOCKET" in caplog.text
