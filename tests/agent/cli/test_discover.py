"""mektep discover as its users run it: a whole box, a daemon that runs meanwhile, JSON for scripts, wrong use."""

from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from agent import config
from agent.cli.main import main
from simulator.card_reader import CardReader, ironlogic_line
from tests.agent.cli.command import MEKTEP, READER, ROOT, daemon, mektep, write_config
from tests.drivers.discovery.board import FTDI, Board, school
from tests.drivers.discovery.looked import is_open

NO_NETWORK = ("--network", 0)
HEARS_SIGINT = ("env", "--default-signal=INT")  # a shell starts what goes on in the background without it


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[CardReader]:
    found = CardReader("gate", tmp_path / "pty", "ironlogic")
    found.line.plug()
    yield found
    found.line.unplug()


async def discover(*words: object, language: str = "C") -> CompletedProcess[str]:
    return await asyncio.to_thread(mektep, "discover", *words, language=language)


def report(done: CompletedProcess[str]) -> dict[str, Any]:
    found = json.loads(done.stdout)
    assert set(found) == {"found", "config", "secrets"}
    return dict(found)


async def test_a_whole_box_is_shown_with_lines_that_load(tmp_path: Path) -> None:
    board = school(tmp_path / "box")
    done = await discover(tmp_path / "none.toml", "--root", board.root, *NO_NETWORK)
    assert (done.returncode, done.stderr) == (1, "")
    for words in ("Serial ports", "in use by the agent, pid 612", "X-102", "X-103", "IronLogic Z-2 USB", "Cameras"):
        assert words in done.stdout
    again = await discover(tmp_path / "none.toml", "--root", board.root, *NO_NETWORK, "--json")
    text = report(again)["config"]
    assert text in done.stdout.replace("\n\n# ", "\n# ") or text.splitlines()[0] in done.stdout
    loaded = config.load(write_config(tmp_path, more=text))
    assert "serial_ascii" in [source.driver for source in loaded.sources]


@pytest.mark.parametrize(
    ("language", "words"), [("ru_RU.UTF-8", "Считыватели карт"), ("kk_KZ.UTF-8", "Карта оқығыштар")]
)
async def test_it_speaks_the_terminals_language(tmp_path: Path, language: str, words: str) -> None:
    board = school(tmp_path / "box")
    shown = ("--root", board.root, *NO_NETWORK, tmp_path / "none.toml")
    told = (await discover(*shown, language=language)).stdout
    assert words in told
    for english in ("UART of the board", "(keyboard)"):
        assert english not in told
    assert "X-102" in told


async def test_for_scripts_it_speaks_english(tmp_path: Path) -> None:
    board = school(tmp_path / "box")
    shown = ("--root", board.root, *NO_NETWORK, tmp_path / "none.toml", "--json")
    english, russian = [(await discover(*shown, language=one)).stdout for one in ("C", "ru_RU.UTF-8")]
    assert english == russian
    assert "UART of the board" in english


async def test_a_card_that_is_shown_makes_a_reader_and_its_number_is_nowhere(
    tmp_path: Path, reader: CardReader
) -> None:
    board = Board(tmp_path / "box")
    board.port("ttyUSB0", board.usb("1-1", FTDI, serial="A5"), to=reader.line.link, by_id="usb-FTDI_A5")
    words = (tmp_path / "none.toml", "--root", board.root, *NO_NETWORK, "--listen", 20, "--json")
    task = asyncio.create_task(discover(*words))
    await is_open(reader.line.link, elsewhere=True)
    reader.line.send(ironlogic_line(bytes.fromhex("550018E424")))
    done = await task
    assert done.returncode == 0
    assert "Show a card to each reader now" in done.stderr
    told = report(done)
    assert [one["why"] for one in told["found"]] == ["usb", "card"]
    assert "58404" not in done.stdout
    assert "18E424" not in done.stdout.upper()
    (source,) = config.load(write_config(tmp_path, more=told["config"])).sources
    assert source.driver == "serial_ascii"


async def test_a_port_that_the_running_agent_holds_is_told_and_never_touched(
    tmp_path: Path, reader: CardReader
) -> None:
    written: list[bytes] = []
    box = write_config(tmp_path, more=READER.format(name="gate", port=reader.line.link))
    process = daemon(box)
    await process.start()
    try:
        await is_open(reader.line.link, elsewhere=True)
        board = Board(tmp_path / "box")
        (board.root / "proc").rmdir()
        (board.root / "proc").symlink_to("/proc")
        board.port("ttyUSB0", board.usb("1-1", FTDI, serial="A5"), to=reader.line.link)
        reader.line.on_data = written.append
        words = ("--root", board.root, *NO_NETWORK, "--probe", "--listen", 0.2, "--json")
        unknown = await discover(tmp_path / "none.toml", *words)  # not even if nobody says that it is configured
        known = await discover(box, *words)
    finally:
        await process.stop()
    (found,) = report(unknown)["found"]
    assert found["used_by"].startswith("pid ")
    assert found["configured"] == ""
    assert report(known)["found"][0]["configured"] == "gate"
    assert written == []


async def test_it_may_be_interrupted(tmp_path: Path, reader: CardReader) -> None:
    board = Board(tmp_path / "box")
    board.port("ttyUSB0", board.usb("1-1", FTDI, serial="A5"), to=reader.line.link)
    words = ["discover", str(tmp_path / "none.toml"), "--root", str(board.root), "--network", "0", "--listen", "60"]
    process = await asyncio.create_subprocess_exec(*HEARS_SIGINT, *MEKTEP, *words, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    await is_open(reader.line.link, elsewhere=True)
    process.send_signal(signal.SIGINT)
    out, told = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert b"Traceback" not in told


async def test_nothing_found_needs_attention(tmp_path: Path) -> None:
    done = await discover(tmp_path / "none.toml", "--root", Board(tmp_path / "box").root, *NO_NETWORK)
    assert done.returncode == 1
    assert "Nothing was found" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--scan", "10.0.0.0/8"),
        ("--scan", "8.8.8.0/24"),
        ("--scan", "school"),
        ("--listen", "-1"),
        ("--listen", "soon"),
        ("--network", "inf"),
        ("--port", "/dev/no-such-port"),
        ("--port", "/dev/null"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command = ["discover", str(tmp_path / "none.toml"), "--root", str(Board(tmp_path / "box").root), *words]
    try:
        code = main(command)
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert capsys.readouterr().err


def test_a_configuration_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "box.toml").write_text("[[reader]\n")
    assert main(["discover", str(tmp_path / "box.toml")]) == 2
    assert "X-116" in capsys.readouterr().err
