"""Orders reach a process that may die; its log says what it had accepted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.peers.feed import Feed, logged


def test_a_line_cut_by_a_kill_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert logged(log) == {}
    log.write_text("1 100\n2 200\n3 30")
    assert logged(log) == {1: 100, 2: 200}


async def served(path: Path, answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    return await asyncio.start_unix_server(serve, path)


async def test_what_is_refused_is_an_error(tmp_path: Path) -> None:
    async with await served(tmp_path / "orders", b'{"began_s": 1.5, "refused": 2}\n'):
        with pytest.raises(RuntimeError, match="2 of 10"):
            await Feed(tmp_path / "orders").accept(1, 10)


async def test_a_process_that_dies_ends_the_pace_quietly_and_the_rush_loudly(tmp_path: Path) -> None:
    async with await served(tmp_path / "orders", b""):
        await Feed(tmp_path / "orders").pace(1, 10, 0.01, tmp_path / "log")
        with pytest.raises(ConnectionError):
            await Feed(tmp_path / "orders").accept(1, 10)
