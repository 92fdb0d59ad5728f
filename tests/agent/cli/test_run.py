"""`mektep run`: refuses a bad configuration, says when it is ready, ends soon when told, or when its writer fails."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from agent.ops import status
from agent.trials.config_file import change_of, replace
from agent.trials.history import History
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from simulator.card_reader import CardReader
from simulator.processes import Process
from tests.agent.cli.command import READER, daemon, log_of, mektep, write_config
from tests.agent.sync.box import until
from tests.agent.sync.brokers import City, saying

SOON_S = 8.0  # on a busy machine; systemd would wait 90


async def ended(process: Process, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
    """Tell a process to end: its exit code and how long it took."""
    running = process._process
    assert running is not None
    began_s = time.monotonic()
    running.send_signal(number)
    await until(lambda: running.poll() is not None, patience_s=60)
    return running.returncode, time.monotonic() - began_s


# --- it does not start --------------------------------------------------------------------------------------


def test_a_bad_configuration_is_refused_with_the_first_mistake(tmp_path: Path) -> None:
    done = mektep("run", write_config(tmp_path, more="zzz = 1\nyyy = 2"))
    assert done.returncode == 2
    assert done.stderr.startswith("C-101")
    assert "outbox.zzz" in done.stderr
    assert "1 more mistake: mektep check" in " ".join(done.stderr.split())
    assert "mektep check" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    done = mektep("run", tmp_path / "none.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("C-001")


@pytest.mark.parametrize("place", ["state", "run"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / place).write_text("a file in the folder's place")
    done = mektep("run", write_config(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("D-101")
    assert str(tmp_path / place) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "state" / "outbox.db").mkdir(parents=True)
    done = mektep("run", write_config(tmp_path))
    assert done.returncode == 2
    assert "\nD-101  " in f"\n{done.stderr}"


# --- it ends when told --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_soon_when_nobody_answers_at_the_centre(tmp_path: Path, number: signal.Signals) -> None:
    process = daemon(write_config(tmp_path))
    await process.start()
    code, took_s = await ended(process, number)
    assert code == 0
    assert took_s < SOON_S
    assert "Traceback" not in log_of(tmp_path / "box.toml")


async def test_it_ends_soon_while_the_line_to_the_centre_hangs(tmp_path: Path) -> None:
    """TLS is begun and never answered: the thread that waits for it must not be waited for."""
    city = City(tmp_path)
    async with saying() as port:
        path = write_config(tmp_path)
        files = "\n".join(f'{name} = "{file}"' for name, file in city.files().items())
        text = path.read_text().replace("mqtt://127.0.0.1:1", f"mqtts://127.0.0.1:{port}")
        path.write_text(text.replace("[outbox]", f"{files}\n[outbox]"))
        process = daemon(path)
        await process.start()
        live = tmp_path / "run" / "status.json"
        await until(lambda: (found := status.read(live)) and found.link.state == "connecting")
        code, took_s = await ended(process)
    assert code == 0
    assert took_s < SOON_S


async def test_it_tells_systemd_when_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        process = daemon(write_config(tmp_path))
        process.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        await process.start()
        heard = [await asyncio.to_thread(listener.recv, 500) for _ in range(2)]
        await ended(process)
        while b"STOPPING=1" not in heard:
            heard.append(await asyncio.to_thread(listener.recv, 500))
    assert b"READY=1" in heard
    assert any(text.startswith(b"WATCHDOG=1\nSTATUS=0 of 0 devices work") for text in heard)


OSDP = """
[[reader]]
name = "gym"
driver = "osdp"
port = "/dev/nothing-is-here"
address = 1
key = "gym-key"
"""


async def test_secrets_may_come_from_systemd(tmp_path: Path) -> None:
    """Without one the reader's trouble is its secret; with one it is its port."""
    path = write_config(tmp_path, more=OSDP)
    live = tmp_path / "run" / "status.json"
    for credential, code in ((False, "T-120"), (True, "P-101")):
        process = daemon(path)
        if credential:
            (tmp_path / "credentials").mkdir()
            (tmp_path / "credentials" / "gym-key").write_text("00" * 16)
            process.environment["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
        live.unlink(missing_ok=True)
        await process.start()
        await until(lambda code=code: (found := status.read(live)) and found.sources["gym"].code == code)  # type: ignore[misc]
        await ended(process)


# --- it fails -----------------------------------------------------------------------------------------------


async def test_a_writer_that_fails_ends_the_process_and_systemd_starts_it_anew(tmp_path: Path) -> None:
    reader = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    reader.line.plug()
    path = write_config(tmp_path, more=READER.format(name="canteen-1", port=reader.line.link))
    process = daemon(path)
    await process.start()
    assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "G"
    with sqlite3.connect(tmp_path / "state" / "outbox.db", timeout=30) as db:
        db.execute("drop view if exists event")
        db.execute("drop table message")
    db.close()
    assert await reader.show(bytes.fromhex("6F007B3973"), patience_s=3) != "G"
    await until(lambda: not process.running(), patience_s=30)
    assert process._process is not None
    assert process._process.returncode == 1
    assert "the agent ends" in log_of(path)
    reader.line.unplug()


# --- a change on trial --------------------------------------------------------------------------------------


async def test_a_configuration_with_which_it_does_not_start_is_undone_at_the_third_start(tmp_path: Path) -> None:
    """Before it is parsed: this one is no TOML at all."""
    path = write_config(tmp_path)
    old, history = path.read_bytes(), History(tmp_path / "state" / "config")
    before = history.add(old, at="", by="technician", outcome="in_use")
    new = history.add(b"= no TOML", at="", by="centre", outcome="trial")
    TrialFile(history.folder).begin("config", "centre", "", 300, Seen(), change_of(path, new, before))
    replace(path, b"= no TOML")
    process = daemon(path)
    process.environment["STATE_DIRECTORY"] = str(tmp_path / "state")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="C-003"):
            await process.start()
    await process.start()
    await until(lambda: history.entries()[-1].outcome == "undone", patience_s=30)
    assert (history.entries()[-1].reason, path.read_bytes()) == ("did_not_start", old)
    with sqlite3.connect(tmp_path / "state" / "outbox.db", timeout=30) as db:
        told = db.execute("select type from event where type like '%config%'").fetchall()
    db.close()
    assert told == [("kz.mektep.config.undone.v1",)]
    await ended(process)
