"""`mektep doctor`: right with the daemon up, down and its database locked, within ten seconds; exits by severity."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.cli.doctor import chosen
from agent.cli.main import main
from agent.doctor.checks import CHECKS
from agent.errors import AgentError
from agent.ops import status
from simulator.card_reader import CardReader
from simulator.processes import Process
from tests.agent.cli.command import READER, daemon, mektep, write_config
from tests.agent.outbox.box import holding
from tests.agent.sync.box import until

OURS = ("agent", "configuration", "devices", "database", "files", "broker", "centre")  # not what this machine is like
ONLY = [word for name in OURS for word in ("--only", name)]


@pytest.fixture
async def living(tmp_path: Path) -> AsyncIterator[tuple[Path, Process, CardReader]]:
    """A daemon with one reader that works and one that is missing, and no centre."""
    reader = CardReader("canteen-1", tmp_path / "canteen-1", "em4100")
    reader.line.plug()
    devices = READER.format(name="canteen-1", port=reader.line.link) + READER.format(name="gate", port="/dev/no-gate")
    path = write_config(tmp_path, more=devices)
    process = daemon(path)
    await process.start()
    live = tmp_path / "run/status.json"
    await until(lambda: (now := status.read(live)) and now.link.code and _settled(now))
    yield path, process, reader
    process.kill()
    reader.line.unplug()


def _settled(now: status.Status) -> bool:
    return now.sources["canteen-1"].state == "working" and now.sources["gate"].code == "P-101"


def found(path: Path, *words: str) -> tuple[int, dict[str, list[str]]]:
    """Exit code, and by check the codes that are not well."""
    done = mektep("doctor", path, "--json", *words)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    checks: dict[str, list[str]] = {}
    for one in report["findings"]:
        checks.setdefault(one["check"], []).extend([one["code"]] if one["code"] else [])
    return done.returncode, checks


async def test_up_locked_and_down(living: tuple[Path, Process, CardReader]) -> None:
    path, process, reader = living
    code, checks = found(path, *ONLY)
    assert code == 1
    assert checks == {"configuration": [], "agent": [], "devices": ["P-101"], "database": [], "files": [],
                      "broker": ["L-103"]}  # fmt: skip

    with holding(path.parent / "state/outbox.db", "begin immediate"):
        code, checks = found(path, *ONLY)
        assert (code, checks["database"], checks["devices"]) == (1, [], ["P-101"])
        assert await reader.show(bytes.fromhex("6F007B3972"), patience_s=10) == "W"
        live = path.parent / "run/status.json"
        await until(lambda: (now := status.read(live)) and "D-122" in [one.code for one in now.troubles])
        assert found(path, "--only", "troubles")[1] == {"troubles": ["D-122"]}

    process.kill()
    code, checks = found(path, *ONLY)
    assert (code, checks["agent"]) == (3, ["D-001"])
    assert checks["devices"] == ["P-102", "P-101"]  # the simulator has its own end open
    with holding(path.parent / "state/outbox.db", "begin immediate"):
        assert found(path, *ONLY)[1]["database"] == ["D-122"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("C", ("examine", "faults", "to know", "the agent does not run")),
        ("ru_RU.UTF-8", ("неисправностей", "к сведению", "Агент не работает")),
        ("kk_KZ.UTF-8", ("ақау", "мәлімет", "Агент жұмыс істемейді")),
    ],
)
def test_everything_at_once_takes_at_most_ten_seconds(tmp_path: Path, language: str, words: tuple[str, ...]) -> None:
    began_s = time.monotonic()
    done = mektep("doctor", write_config(tmp_path), language=language)
    assert time.monotonic() - began_s < 12  # with the interpreter's own start
    assert (done.returncode, done.stderr) == (3, "")
    for word in words[1:]:
        assert word in done.stdout
    assert "H-190" not in done.stdout, "a check failed by itself"
    assert "check." not in done.stdout


def test_a_configuration_that_cannot_be_used_is_a_finding_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text("scool = 7\n")
    code, checks = found(path, "--only", "configuration", "--only", "memory", "--only", "devices")
    assert (code, set(checks["memory"]) <= {"H-105", "H-106"}) == (3, True)  # whatever this machine has lived through
    assert "C-101" in checks["configuration"]


def test_looking_makes_nothing(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    main(["doctor", str(path), *ONLY], io.StringIO())
    assert [entry.name for entry in tmp_path.iterdir()] == ["box.toml"]


def test_the_checks_are_listed_and_chosen_by_name() -> None:
    out = io.StringIO()
    assert main(["doctor", "--list"], out) == 0
    assert [line.split()[0] for line in out.getvalue().splitlines()] == [check.name for check in CHECKS]
    assert [check.name for check in chosen(["disk", "agent"])] == ["agent", "disk"]
    assert len(chosen([])) == len(CHECKS)
    with pytest.raises(AgentError, match="no check is called heart"):
        chosen(["heart"])
