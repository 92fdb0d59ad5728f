"""What befalls a cell befalls nobody else: killed, crashed, hung, grown or busy, it is ended and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from drivers.readings import Tap
from tests.agent.cells.kept import LIMITS, house
from tests.agent.cells.odd_driver import Settings
from tests.drivers.supervised import until

READ = Settings(does="read")


async def test_a_killed_cell_is_back_at_once_and_the_other_noticed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, READ, READ) as kept:
        victim, other = kept.devices
        await until(lambda: victim.readings and other.readings)
        first = kept.pid()
        os.kill(first, signal.SIGKILL)
        await until(lambda: victim.states[-2:] == ["U-101", "working"])
        assert "ended by SIGKILL" in str(kept.cell().why)
        assert kept.pid() not in (0, first)
        readings = len(victim.readings)
        await until(lambda: len(victim.readings) > readings)
        assert other.states == ["working"]
        assert kept.cell(1).falls.total == 0


@pytest.mark.parametrize(
    ("does", "code", "says"),
    [
        ("die", "U-101", "SIGKILL"),
        ("segfault", "U-101", "SIGSEGV"),
        ("exit", "U-101", "exit code 7"),
        ("say", "U-101", "exit code 3: words on standard error"),
        ("babble", "U-107", "speaks nonsense"),
    ],
)
async def test_a_cell_that_ends_says_how(monkeypatch: pytest.MonkeyPatch, does: str, code: str, says: str) -> None:
    async with house(monkeypatch, Settings(does=does), READ) as kept:
        await until(lambda: says in kept.devices[0].trouble())
        assert code in kept.devices[0].states
        await until(lambda: kept.devices[1].readings)
        assert kept.devices[1].states == ["working"]


@pytest.mark.parametrize("does", ["hang", "thread", "never opens", "never closes"])
async def test_a_cell_that_is_stuck_is_ended(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    monkeypatch.setattr("agent.cells.process.SILENT_S", 1.5)
    monkeypatch.setattr("agent.cells.process.LOOK_S", 0.2)
    monkeypatch.setattr("agent.cells.cell.OPEN_S", 0.5)
    monkeypatch.setattr("agent.cells.cell.CLOSE_S", 0.3)
    async with house(monkeypatch, Settings(does="nothing" if does == "never closes" else does)) as kept:
        if does == "never closes":
            await until(kept.devices[0].works)
            async with kept.cell().connected("tests.agent.cells.odd_driver", Settings(does=does), {}):
                pass
        await until(lambda: "U-102" in kept.devices[0].states)
        assert kept.cell().falls.total >= 1


async def test_a_stopped_process_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.SILENT_S", 1.5)
    async with house(monkeypatch, READ) as kept:
        await until(lambda: kept.devices[0].readings)
        os.kill(kept.pid(), signal.SIGSTOP)
        await until(lambda: kept.devices[0].states == ["working", "U-102", "working"])


async def test_beside_a_process_that_cannot_be_killed_no_second_one_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.STOP_S", 0.2)
    async with house(monkeypatch, READ) as kept:
        (device,) = kept.devices
        await until(lambda: device.readings)
        first, life = kept.pid(), kept.cell().life
        assert life is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("asyncio.subprocess.Process.kill", lambda _: None)  # as one that hangs in the kernel
            os.kill(first, signal.SIGSTOP)
            life.kill("U-102", "is stuck")
            await until(lambda: "cannot be ended" in device.trouble())
            told = device.station.trouble
            await until(lambda: device.station.trouble is not told)  # it was tried again
            assert (device.states, kept.pid()) == (["working", "U-102"], 0)
        os.kill(first, signal.SIGKILL)
        await until(lambda: device.states == ["working", "U-102", "working"])


async def test_a_leak_ends_before_it_hurts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.LOOK_S", 0.1)
    async with house(monkeypatch, Settings(does="leak"), limits=msgspec.structs.replace(LIMITS, memory_mb=120)) as kept:
        await until(lambda: {"U-103", "R-190"} & set(kept.devices[0].states))  # seen by us, or refused by the kernel


async def test_a_cell_that_burns_the_processor_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.LOOK_S", 0.1)
    monkeypatch.setattr("agent.cells.process.WINDOW_S", 1.0)
    limits = msgspec.structs.replace(LIMITS, cpu_percent=20)
    async with house(monkeypatch, Settings(does="burn"), limits=limits) as kept:
        await until(lambda: "U-104" in kept.devices[0].states)


async def test_a_flood_of_readings_waits_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, Settings(does="flood"), READ) as kept:
        await until(lambda: len(kept.devices[0].readings) > 500)
        await until(lambda: kept.devices[1].readings)
        cards = [int(one.card, 16) for one in kept.devices[0].readings if isinstance(one, Tap)]
        assert cards == list(range(1, len(cards) + 1))
        assert kept.cell().falls.total == 0


async def test_a_cell_that_never_lives_is_quarantined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.falls.FIRST_PAUSE_S", 0.001)
    async with house(monkeypatch, Settings(does="exit")) as kept:
        await until(lambda: kept.devices[0].failed("U-109"))
        assert "ended 8 times in a row" in kept.devices[0].trouble()
        assert kept.cell().falls.quarantined


async def test_an_interpreter_that_is_not_there_is_a_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = msgspec.structs.replace(LIMITS, python="/opt/nothing/bin/python")
    async with house(monkeypatch, READ, limits=limits) as kept:
        await until(lambda: kept.devices[0].failed("U-106"))
        assert "/opt/nothing/bin/python" in kept.devices[0].trouble()
        assert kept.cell().falls.total == 0  # once it is installed, nobody waits for the end of a quarantine


# --- rights -------------------------------------------------------------------------------------------------


async def test_a_cell_may_read_what_it_was_named_and_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours, named = tmp_path / "card.key", tmp_path / "ca.crt"
    for path in (ours, named):
        path.write_text("x")
    trying = Settings(does="try", port=f"{ours},{named},/dev/zero,/etc/shadow,/etc/hosts", files=(str(named),))
    async with house(monkeypatch, trying) as kept:
        await until(lambda: kept.devices[0].failed("X-1"))
        said = kept.devices[0].trouble().split("; ")
    assert said == [
        f"PermissionError {ours}",
        f"read {named}",
        "read /dev/zero",
        "PermissionError /etc/shadow",
        "read /etc/hosts",
        "wrote nothing",
        "ran nothing",
        "caps 0000000000000000",
        "no new 1",
    ]


async def test_a_cell_has_no_environment_of_ours_and_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(monkeypatch, READ) as kept:
        await until(lambda: kept.devices[0].readings)
        found = Path(f"/proc/{kept.pid()}/environ").read_bytes().split(b"\0")
        names = {one.partition(b"=")[0].decode() for one in found if one}
        assert names == {"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
        assert os.getsid(kept.pid()) == kept.pid()
        limits = Path(f"/proc/{kept.pid()}/limits").read_text()
        assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file")] == ["0"]


PARENT = """
import asyncio, sys
sys.path.insert(0, {root!r})
import pytest
from tests.agent.cells.kept import house
from tests.agent.cells.odd_driver import Settings
from tests.drivers.supervised import until

async def main():
    with pytest.MonkeyPatch.context() as patch:
        async with house(patch, Settings(does="read")) as kept:
            await until(lambda: kept.devices[0].readings)
            print(kept.pid(), flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_cell_ends_with_a_daemon_that_was_killed() -> None:
    root = str(Path(__file__).resolve().parents[3])
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT.format(root=root), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    await parent.wait()
    await until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())
