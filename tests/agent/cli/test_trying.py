"""What both tries of a device share: who is asked, what is told, and the exit code that belongs to it."""

from __future__ import annotations

import argparse
import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from agent.cli import trying
from agent.cli.main import main
from agent.cli.trying import Bench, Trial
from agent.errors import AgentError
from agent.ops.control import Control
from agent.ops.device_asks import DeviceNow
from tests.agent.cli.command import READER, write_config
from tests.agent.cli.looks import living

TRIAL = Trial(kind="reader", shows="its lights", awaited="a card", seconds=30.0)
NOW = DeviceNow(
    device="gate", kind="reader", driver="some", state="working", code="", what="", do="", readings=0, last_form="",
    parts=[],
)  # fmt: skip


def box(folder: Path) -> Path:
    (folder / "run").mkdir()
    return write_config(folder, more=READER.format(name="gate", port="/dev/no-reader"))


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    trying.arguments(parser, TRIAL)
    return parser.parse_args(["test", "gate", *words])


def test_how_it_is_typed() -> None:
    assert asked().seconds == 30.0
    assert asked("/etc/box.toml", "--seconds", "2", "--json").json is True
    assert asked("/etc/box.toml").file == Path("/etc/box.toml")


@pytest.mark.parametrize("busy", [True, False])
async def test_a_reader_that_is_busy_or_fails_is_attention(
    tmp_path: Path, busy: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    from agent import config

    file = box(tmp_path)
    found = config.load(file)
    living(found)

    async def now(_args: dict[str, Any], _account: str) -> object:
        return NOW if busy else DeviceNow(**{**{f: getattr(NOW, f) for f in NOW.__struct_fields__}, "code": "P-101"})

    async def lights(_args: dict[str, Any], _account: str) -> object:
        raise AgentError("G-105", "a card is being decided at gate", do="Try again in some seconds.")

    async with Control(found.state.control, {"device-now": now, "reader-test": lights}):
        code = await asyncio.to_thread(main, ["reader", "test", "gate", str(file)], io.StringIO())
    assert code == 1
    assert capsys.readouterr().err.startswith("G-105" if busy else "P-101")


def test_what_is_told_keeps_its_indent_and_wraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent import config
    from agent.texts import load_texts

    monkeypatch.setenv("COLUMNS", "40")
    found, out = config.load(box(tmp_path)), io.StringIO()
    bench = Bench(found, found.sources[0], asked(), out, load_texts("en"))
    bench.tell("  accepted  P-104 /dev/reader went away: it hung up")
    assert out.getvalue() == "  accepted  P-104 /dev/reader went away:\n    it hung up\n"
    silent = io.StringIO()
    Bench(found, found.sources[0], asked("--json"), silent, load_texts("en")).tell("x")
    assert silent.getvalue() == ""
