"""What a cell tells systemd; and nothing, and no failure, where nobody listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from drivers.cell_unit import CellUnit


@pytest.mark.parametrize("abstract", [True, False])
def test_it_tells_that_it_is_ready_and_lives(tmp_path: Path, *, abstract: bool) -> None:
    address = f"@mektep-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1) if abstract else address)
        unit = CellUnit(address)
        unit.ready("reader-1, reader-2")
        unit.alive()
        assert [listener.recv(200) for _ in range(2)] == [b"READY=1\nSTATUS=reader-1, reader-2", b"WATCHDOG=1"]


def test_nobody_need_listen(tmp_path: Path) -> None:
    CellUnit(str(tmp_path / "none")).alive()
    CellUnit("").alive()


def test_its_address_is_nobody_elses_business(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        CellUnit.ours().alive()
        assert listener.recv(200) == b"WATCHDOG=1"
    with monkeypatch.context() as changed:
        changed.delenv("NOTIFY_SOCKET", raising=False)
        CellUnit.ours().alive()
