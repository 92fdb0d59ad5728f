"""Asking the running agent: its answer, its refusal, and what is said where nobody answers."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.cli import asking
from agent.cli.asking import ask, who
from agent.errors import AgentError
from agent.ops.control import Control


async def echo(args: dict[str, Any], account: str) -> object:
    return {"args": args, "account": account}


async def refuses(_args: dict[str, Any], _account: str) -> object:
    raise AgentError("U-125", "it is closed", do="Nothing.")


async def test_an_answer_and_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "olga")
    async with Control(tmp_path / "c", {"echo": echo, "refuses": refuses}):
        told = await asyncio.to_thread(ask, tmp_path / "c", "echo", dict, x=1)
        assert told["args"] == {"x": 1}
        with pytest.raises(AgentError, match="U-125"):
            await asyncio.to_thread(ask, tmp_path / "c", "refuses", dict)


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="U-121") as refused:
        ask(tmp_path / "c", "echo", dict)
    assert "systemctl" in refused.value.do


@pytest.mark.parametrize("said", [b"", b'{"ok":'])
def test_an_answer_without_an_end_is_none(tmp_path: Path, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(tmp_path / "c"))
        listening.listen()

        def half() -> None:
            line, _ = listening.accept()
            with line:
                line.recv(4_096)
                line.sendall(said)

        answering = threading.Thread(target=half)
        answering.start()
        with pytest.raises(AgentError, match="U-121"):
            ask(tmp_path / "c", "echo", dict)
        answering.join()


def test_an_agent_that_is_stuck_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ANSWER_S", 0.05)
    monkeypatch.setattr(asking, "GRACE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(tmp_path / "c"))
        listening.listen()
        with pytest.raises(AgentError, match="U-121"):
            ask(tmp_path / "c", "echo", dict)


def test_behind_sudo_it_is_the_one_who_typed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "olga\x1b[2J")
    assert who() == "olga[2J"
    monkeypatch.delenv("SUDO_USER")
    assert who()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000 - 1)
    assert who() == "uid 3999999999"
