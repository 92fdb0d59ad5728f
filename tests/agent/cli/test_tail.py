"""`mektep tail`: what is there, what comes, of which device and lane; beside an agent that writes, and without one."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.cli.tail import since_ns
from agent.errors import AgentError
from tests.agent.cli.command import READER, ROOT, write_config
from tests.agent.outbox.box import fire, opened, tap, taps

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return write_config(
        tmp_path, more=READER.format(name="canteen-1", port="/dev/a") + READER.format(name="gate", port="/dev/b")
    )


def tail(*words: object) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = main(["tail", *(str(word) for word in words)], out)
    return code, out.getvalue().splitlines()


async def test_what_is_there_by_device_and_lane(file: Path) -> None:
    async with opened(file.parent / "state/outbox.db") as outbox:
        await outbox.accept([tap(1, "gate"), *taps(20), fire()])
        code, lines = tail(file, "--once")
        assert code == 0
        assert len([line for line in lines if not line.startswith("---")]) == 10
        assert sum(line.startswith("---") for line in lines) == 1, "the day, once"
        assert len(tail(file, "--once", "--lines", 3)[1]) == 4
        (_, line) = tail(file, "--once", "--device", "gate")[1]
        assert "card shown: card 000000…" in line
        (_, line) = tail(file, "--once", "--lane", "alarm")[1]
        assert "panel" in line
        assert tail(file, "--once", "--lines", "0")[1] == []
        assert len(tail(file, "--since", "1970-01-02", "--once", "--json")[1]) == 23
        assert tail(file, "--since", "2099-01-01", "--once")[1] == []
    body = json.loads(tail(file, "--once", "--json", "--lines", 1)[1][0])
    assert body["type"] == "kz.mektep.card.seen.v1", "it works without the agent, too"


@pytest.mark.parametrize("language", ["C", "ru_RU.UTF-8", "kk_KZ.UTF-8"])
async def test_it_follows_until_it_is_interrupted(file: Path, language: str) -> None:
    environment = os.environ | {"LC_ALL": language, "PYTHONUTF8": "1"}
    async with opened(file.parent / "state/outbox.db") as outbox:
        await outbox.accept(taps(1))
        words = ["env", "--default-signal=INT", sys.executable, "-m", "agent", "tail", str(file), "--lines", "1"]
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert (await process.stdout.readline()).startswith(b"--- ")
            await process.stdout.readline()
            await outbox.accept([tap(1, "gate")])
            assert b"gate" in await process.stdout.readline()
            await outbox.open_epoch("conflict")
            word = {"C": "a new numbering", "ru_RU.UTF-8": "новая нумерация", "kk_KZ.UTF-8": "жаңа нөмірлеу"}[language]
            assert word in (await process.stdout.readline()).decode()
            process.send_signal(signal.SIGINT)
            assert await process.stdout.read() == b""
            assert await process.wait() == 0


def test_what_is_meant_by_since() -> None:
    hour_ns = int((NOW - timedelta(hours=2)).timestamp() * 1e9)
    assert since_ns("2h", NOW) == hour_ns
    assert since_ns("120m", NOW) == since_ns("7200s", NOW) == hour_ns
    assert since_ns("2026-11-23T06:00+00:00", NOW) == hour_ns
    assert since_ns("1d", NOW) == int((NOW - timedelta(days=1)).timestamp() * 1e9)
    for text in ("", "yesterday", "5", "5w", "9999999h"):
        with pytest.raises(AgentError, match="X-204"):
            since_ns(text, NOW)


def test_a_device_that_is_none_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(file, "--device", "gat")[0] == 2
    told = capsys.readouterr().err
    assert "X-205" in told
    assert "gate" in told


def test_without_a_database(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(file, "--once")[0] == 2
    assert "X-201" in capsys.readouterr().err
