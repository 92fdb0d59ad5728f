"""`mektep status`: works with the daemon alive and dead, in three languages, as JSON; its exit code tells how it is."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from agent.cli.main import main
from agent.ops import status
from simulator.card_reader import CardReader
from simulator.processes import Process
from tests.agent.cli.command import READER, daemon, mektep, write_config
from tests.agent.outbox.box import holding
from tests.agent.sync.box import until
from tests.agent.sync.brokers import Broker, Listener

WORDS = {  # language -> what the screen must hold for a living and for a dead daemon
    "C": ("running", "NOT RUNNING", "What to do", "accepted", "alarms"),
    "ru_RU.UTF-8": ("работает", "НЕ РАБОТАЕТ", "Что делать", "принято", "тревоги"),
    "kk_KZ.UTF-8": ("жұмыс істеп тұр", "ЖҰМЫС ІСТЕМЕЙДІ", "Не істеу керек", "қабылданды", "дабылдар"),
}


@pytest.fixture
async def living(tmp_path: Path) -> AsyncIterator[tuple[Path, Process, CardReader]]:
    """A daemon with one reader that works and one that is missing, and no centre."""
    reader = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    reader.line.plug()
    devices = READER.format(name="canteen-1", port=reader.line.link) + READER.format(name="gate", port="/dev/no-gate")
    path = write_config(tmp_path, more=devices)
    process = daemon(path)
    await process.start()
    yield path, process, reader
    process.kill()
    reader.line.unplug()


def shown(path: Path, *words: str, language: str = "C") -> tuple[int, str]:
    done = mektep("status", path, *words, language=language)
    assert done.stderr == ""
    return done.returncode, done.stdout


def picture(path: Path) -> tuple[int, dict]:
    code, text = shown(path, "--json")
    return code, json.loads(text)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Not root for a moment, if we are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


# --- alive --------------------------------------------------------------------------------------------------


async def test_a_living_daemon_is_shown_and_needs_attention(living: tuple[Path, Process, CardReader]) -> None:
    path, _, reader = living
    assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "G"
    live = path.parent / "run/status.json"
    await until(lambda: (found := status.read(live)) and found.sources["canteen-1"].readings and found.link.code)
    code, now = picture(path)
    assert code == 1  # the gate is missing, the centre too
    assert (now["state"], now["school"], now["clock"] in ("synced", "unsynced")) == ("running", "school-07", True)
    assert now["sources"]["canteen-1"]["state"] == "working"
    assert now["sources"]["gate"]["code"] == "P-101"
    assert now["link"]["code"] == "L-103"
    assert now["lanes"]["record"]["last"] == 2
    code, text = shown(path)
    assert code == 1
    for word in ("school-07", "running", "canteen-1", "works", "gate", "FAILED", "P-101", "L-103", "records", "→"):
        assert word in text


@pytest.mark.parametrize("language", WORDS)
async def test_alive_and_dead_in_each_language(living: tuple[Path, Process, CardReader], language: str) -> None:
    path, process, _ = living
    alive, dead, title, accepted, alarms = WORDS[language]
    live = path.parent / "run/status.json"
    await until(lambda: (found := status.read(live)) and (gate := found.sources.get("gate")) and gate.code)
    _, text = shown(path, language=language)
    for word in (alive, title, accepted, alarms):
        assert word in text
    assert dead not in text
    process.kill()
    code, text = shown(path, language=language)
    assert code == 3
    assert dead in text
    assert "sudo systemctl start mektep-agent" in text


async def test_what_is_refused_from_the_network_is_shown(tmp_path: Path) -> None:
    async with Broker(tmp_path / "broker") as broker:
        path = write_config(tmp_path, port=broker.port)
        process = daemon(path)
        await process.start()
        live = path.parent / "run/status.json"
        await until(lambda: (found := status.read(live)) and found.link.state == "greeting")
        forger = Listener(broker.port, "nothing")
        for topic in ("receipts", "receipts", "welcome", "orders/ping"):
            forger.client.publish(f"mektep/v1/school-07/{topic}", b"{}", qos=1)
        expected = {"no_delegation": 3, "unknown_key": 1}
        await until(lambda: (found := status.read(live)) and found.link.refused == expected)
        assert "refused messages: no_delegation 3, unknown_key 1" in shown(path)[1]
        process.kill()
        forger.close()


# --- dead ---------------------------------------------------------------------------------------------------


async def test_a_killed_daemon_leaves_its_last_picture_and_the_lanes_of_the_disk(
    living: tuple[Path, Process, CardReader],
) -> None:
    path, process, reader = living
    assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "G"
    process.kill()
    code, now = picture(path)
    assert code == 3
    assert now["state"] == "dead"
    assert now["troubles"][0]["code"] == "D-001"
    assert now["troubles"][0]["since"] == now["at"]
    assert now["lanes"]["record"] == {"last": 2, "settled": 0, "bytes": now["lanes"]["record"]["bytes"]}
    assert "canteen-1" in now["sources"]


async def test_after_a_reboot_only_the_disk_is_left(living: tuple[Path, Process, CardReader]) -> None:
    path, process, reader = living
    assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "G"
    process.kill()
    (path.parent / "run/status.json").unlink()  # tmpfs
    code, now = picture(path)
    assert (code, now["state"], now["sources"]) == (3, "dead", {})
    assert now["lanes"]["record"]["last"] == 2


async def test_a_database_that_another_process_holds_is_said_and_by_whom(
    living: tuple[Path, Process, CardReader],
) -> None:
    path, process, _ = living
    await until(lambda: (found := status.read(path.parent / "run/status.json")) and "canteen-1" in found.sources)
    process.kill()
    database = path.parent / "state/outbox.db"
    with holding(database, "pragma locking_mode=exclusive", "begin exclusive") as pid:
        code, now = picture(path)
        assert (code, now["state"], [one["code"] for one in now["troubles"][:2]]) == (3, "dead", ["D-001", "D-122"])
        assert str(pid) in now["troubles"][1]["what"]
        assert "canteen-1" in now["sources"], "the last picture stays"
    assert "D-122" not in [one["code"] for one in picture(path)[1]["troubles"]]


def test_a_box_that_never_ran(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    code, now = picture(path)
    assert (code, now["state"], now["lanes"]) == (3, "dead", {})
    code, text = shown(path)
    assert code == 3
    assert "D-001" in text


def test_looking_makes_nothing(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    shown(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["box.toml"]


def test_a_number_that_is_used_anew_is_not_the_daemon(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "run").mkdir()
    mine = msgspec.structs.replace(status.blank("school-07"), state="running", pid=os.getpid(), pid_start=1)
    status.write(tmp_path / "run" / "status.json", mine)
    assert picture(path)[0] == 3


# --- exit codes ---------------------------------------------------------------------------------------------


def test_all_is_well_is_exit_code_0(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "run").mkdir()
    pid = os.getpid()
    mine = msgspec.structs.replace(
        status.blank("school-07"), state="running", pid=pid, pid_start=status.process_start(pid)
    )
    status.write(tmp_path / "run" / "status.json", mine)
    assert main(["status", str(path)], io.StringIO()) == 0
    trouble = status.TroubleView(code="D-121", what="disk is full", do="Make room.")
    status.write(tmp_path / "run" / "status.json", msgspec.structs.replace(mine, troubles=[trouble]))
    assert main(["status", str(path)], io.StringIO()) == 1


def test_a_bad_configuration_is_exit_code_2(tmp_path: Path) -> None:
    done = mektep("status", write_config(tmp_path, more="zzz = 1"))
    assert done.returncode == 2
    assert done.stderr.startswith("C-101")


@pytest.mark.parametrize("place", ["run", "state"])
def test_who_may_not_look_is_told_so_and_not_that_it_is_dead(capsys: pytest.CaptureFixture[str], place: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        path = write_config(folder)
        for one in ("run", "state"):
            (folder / one).mkdir(mode=0o000 if one == place else 0o755)
        with as_nobody():
            code = main(["status", str(path)], io.StringIO())
        (folder / place).chmod(0o755)
    assert code == 2
    told = capsys.readouterr().err
    assert told.startswith("X-002")
    assert "sudo mektep status" in told


def test_a_box_without_a_configuration_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usual place only: another file that is not there is a slip of the pen (C-001)."""
    monkeypatch.setattr("agent.cli.status.DEFAULT_CONFIG", str(tmp_path / "agent.toml"))
    assert main(["status", str(tmp_path / "agent.toml")], io.StringIO()) == 2
    told = capsys.readouterr().err
    assert told.startswith("X-290")
    assert "mektep enrol" in told
    assert main(["status", str(tmp_path / "agnet.toml")], io.StringIO()) == 2
    assert capsys.readouterr().err.startswith("C-001")
