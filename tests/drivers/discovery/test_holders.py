"""Who has a device open: the agent, its cells, others; also for real, through this machine's own /proc."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest

from drivers.discovery import holders
from tests.drivers.discovery.board import Board

CASES = [
    ("/opt/mektep/bin/python /opt/mektep/bin/mektep run", 1, True),
    ("python3 -m agent run box.toml", 1, True),
    ("python -m drivers.cell", 1, True),
    ("minicom -D /dev/ttyUSB0", 1, False),
    ("/usr/bin/python3 mektep.py", 1, False),
    ("python -m agent discover --probe", 1, False),
    ("vi mektep", 612, True),  # the agent's child
]


@pytest.mark.parametrize(("command", "parent", "ours"), CASES)
def test_the_agent_is_told_from_others(tmp_path: Path, command: str, parent: int, ours: bool) -> None:
    board = Board(tmp_path)
    device = board.write("dev/ttyUSB0", "")
    board.process(612, "python mektep run")
    board.process(700, command, parent=parent, holds=device)
    held = holders.look(tmp_path / "proc", {str(device)})
    holder = held.by[str(device)]
    assert (holder.pid, holder.command, holder.ours, held.complete) == (700, command, ours, True)


@pytest.mark.parametrize("others", [(90,), (9_999,), (90, 9_999)])
def test_of_several_that_hold_it_the_agent_goes_first(tmp_path: Path, others: tuple[int, ...]) -> None:
    board = Board(tmp_path)
    device = board.write("dev/ttyUSB0", "")
    board.process(612, "python mektep run", holds=device)
    for pid in others:
        board.process(pid, "cat", holds=device)
    assert holders.look(tmp_path / "proc", {str(device)}).by[str(device)].pid == 612


def test_only_what_is_wanted_is_told(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.process(700, "cat", holds=board.write("dev/other", ""))
    assert holders.look(tmp_path / "proc", {str(tmp_path / "dev/ttyUSB0")}).by == {}


def test_a_process_that_ends_meanwhile_and_a_missing_proc_hold_nothing(tmp_path: Path) -> None:
    board = Board(tmp_path)
    (tmp_path / "proc/800").mkdir()
    assert holders.look(tmp_path / "proc", {"/dev/x"}).by == {}
    assert holders.look(tmp_path / "none", {"/dev/x"}).by == {}
    board.process(801, "", holds=board.write("dev/y", ""))
    assert holders.look(tmp_path / "proc", {str(tmp_path / "dev/y")}).by[str(tmp_path / "dev/y")].command == ""


def test_processes_of_others_make_it_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(tmp_path)
    board.process(700, "cat", holds=board.write("dev/ttyUSB0", ""))

    def refuse(_path: Path) -> object:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(holders, "_processes", lambda proc: [proc / "700"])
    assert holders.look(tmp_path / "proc", {"x"}) == holders.Held({}, complete=False)


def test_this_very_process_is_found_holding_a_port() -> None:
    master, slave = pty.openpty()
    try:
        holder = holders.look(Path("/proc"), {os.ttyname(slave)}).by[os.ttyname(slave)]
        assert holder.pid == os.getpid()
    finally:
        os.close(master)
        os.close(slave)


def test_a_command_line_cannot_move_the_cursor(tmp_path: Path) -> None:
    board = Board(tmp_path)
    device = board.write("dev/ttyUSB0", "")
    board.process(700, "\x1b[2Jevil", holds=device)
    assert holders.look(tmp_path / "proc", {str(device)}).by[str(device)].command == "�[2Jevil"
