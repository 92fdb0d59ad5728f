"""Cells that another starts for a connection: the same devices, the same words when they end."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from agent.cells.in_unit import InUnit, Units
from drivers.errors import DeviceError
from tests.agent.cells.accepting import accepting
from tests.agent.cells.kept import LIMITS, house
from tests.agent.cells.odd_driver import Settings
from tests.drivers.supervised import open_files, until


async def test_devices_are_read_and_shown_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[bytes] = []
    with accepting(tmp_path) as units:
        async with house(monkeypatch, Settings(does="read"), environment=units.environment) as here:
            await until(lambda: len(here.devices[0].readings) > 3 and here.pid() > 0)
            assert here.pid() == units.processes[0].pid
            life = here.cell().life
            assert life is not None
            await until(lambda: life.memory_mb > 5)
            await until(lambda: heard.extend(units.heard()) or b"WATCHDOG=1" in heard)
            assert heard[0] == b"READY=1\nSTATUS=device-0"
        assert units.processes[0].wait(5) == 0  # the end of the socket is its end


async def test_one_that_ends_is_told_and_had_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with accepting(tmp_path) as units:
        async with house(monkeypatch, Settings(does="read"), environment=units.environment) as here:
            await until(lambda: here.devices[0].works() and here.pid() > 0)
            units.processes[0].send_signal(signal.SIGKILL)
            await until(lambda: here.devices[0].failed("U-101"))
            assert "journalctl -u 'mektep-cell@*'" in here.devices[0].trouble()
            await until(lambda: len(units.processes) == 2 and here.devices[0].works())
            assert here.cell().falls.total == 1


async def test_one_that_is_stuck_is_left_to_its_watchdog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("agent.cells.process.SILENT_S", 1.5)
    with accepting(tmp_path) as units:
        async with house(monkeypatch, Settings(does="read"), environment=units.environment) as here:
            await until(lambda: here.devices[0].works() and here.pid() > 0)
            stuck = units.processes[0]
            stuck.send_signal(signal.SIGSTOP)
            life = here.cell().life
            assert life is not None
            await until(lambda: life.reason is not None)
            assert life.reason is not None
            assert life.reason.code == "U-102"
            assert not life.ended  # it holds the device still: no second one beside it
            assert len(units.processes) == 1
            os.kill(stuck.pid, signal.SIGKILL)  # as the unit's watchdog
            await until(lambda: len(units.processes) == 2 and here.devices[0].works())
            assert life.ended


async def test_one_that_says_no_word_is_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with accepting(tmp_path, ["/bin/true"]) as units:
        async with house(monkeypatch, Settings(does="read"), environment=units.environment) as here:
            await until(lambda: here.devices[0].failed("U-131"))


async def test_without_a_socket_it_says_which_unit_to_start(tmp_path: Path) -> None:
    before = open_files()
    with pytest.raises(DeviceError, match="U-130") as caught:
        await Units(tmp_path).bear(LIMITS)
    assert caught.value.do.endswith("systemctl enable --now mektep-cell.socket")
    assert open_files() == before


def test_a_number_that_is_used_again_is_another_process(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = InUnit(ours, "cell", tmp_path)
        (tmp_path / "7").mkdir()
        stat = tmp_path / "7/stat"
        child.named(7)  # it has ended already
        assert (child.pid, child.ended) == (0, True)
        stat.write_text(f"7 (python (3)) S {'0 ' * 18}4711 0 0\n")
        child.named(7)
        assert (child.pid, child.ended) == (7, False)
        stat.write_text(f"7 (python (3)) Z {'0 ' * 18}4711 0 0\n")
        assert child.ended
        stat.write_text(f"7 (sh) S {'0 ' * 18}4712 0 0\n")
        assert child.ended
        stat.write_text("nonsense")
        assert child.ended
