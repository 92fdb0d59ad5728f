"""Slots: memory without a name, handed to the cells that they are for, and found by no other; gone with the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent.cells.cells import Cells
from agent.cells.slots import FIRST, slots_of
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers import catalog
from drivers.catalog import Cell as Limits
from drivers.frame_slot import SIZE, FrameSlot, handle_of
from drivers.readings import Tap
from tests.agent.cells.accepting import accepting
from tests.agent.cells.kept import ENVIRONMENT
from tests.agent.cells.prying_driver import MARKS, Settings, memories
from tests.drivers.supervised import open_files
from tests.secrets import no_secrets


async def test_each_camera_has_a_slot_of_its_own_and_nothing_is_left() -> None:
    before = open_files()
    async with slots_of(["gate", "stairs"]) as made:
        assert (sorted(made.files), made.error) == (["gate", "stairs"], None)
        assert len(set(made.files.values())) == 2
        for place in made.files.values():
            about = os.fstat(handle_of(place))
            assert (about.st_nlink, about.st_size) == (0, SIZE)  # no name leads to it
            assert about.st_blocks * 512 >= SIZE  # the memory is taken: where there is none, nobody ends later
            assert handle_of(place) >= FIRST
            FrameSlot.open(place).close()
    assert open_files() == before


async def test_nobody_can_make_it_shorter_under_who_reads() -> None:
    """Else a cell that lies could end the eyes of all cameras, and the daemon."""
    async with slots_of(["gate"]) as made:
        handle = handle_of(made.files["gate"])
        for size in (0, SIZE - 1, SIZE + 1):
            with pytest.raises(PermissionError):
                os.ftruncate(handle, size)
        with pytest.raises(PermissionError):
            fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


async def test_no_camera_no_memory() -> None:
    before = open_files()
    async with slots_of([]) as made:
        assert (dict(made.files), made.error, open_files()) == ({}, None, before)


async def test_where_there_is_no_memory_it_is_said_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    before = open_files()
    async with slots_of(["gate"]) as made:
        assert made.error is not None
        assert (made.error.code, "No space left" in made.error.what, dict(made.files)) == ("U-110", True, {})
        assert open_files() == before


def source(name: str, daemon: int) -> SourceConfig:
    return SourceConfig(
        name=name, kind="reader", driver="prying", settings=Settings(name=name, daemon=daemon), places={}
    )


async def found_by(environment: dict[str, str], slots: dict[str, str], daemon: int) -> dict[str, list[int]]:
    """Which memories each of three cells finds; two of them have one of their own."""
    sources = [source(name, daemon) for name in ("gate", "stairs", "reader")]
    found: dict[str, list[int]] = {}
    async with (
        Cells(sources, SystemClock(), environment, slots) as cells,
        asyncio.timeout(60),
        contextlib.AsyncExitStack() as connected,
    ):
        remotes = {}
        for one in sources:  # all of them live before the first one looks
            driver = cells.driver(one)
            remotes[one.name] = await connected.enter_async_context(
                driver.connect(one.settings, SystemClock(), no_secrets)
            )
        for name, remote in remotes.items():
            reading = await anext(aiter(remote))
            assert isinstance(reading, Tap)
            found[name] = msgspec.json.decode(bytes.fromhex(reading.card), type=list[int])
    return found


HOLDS = """
import asyncio, os, sys
from agent.cells.slots import slots_of
from agent.kept_in_memory import leave_no_dump
from drivers.cell_rights import _drop_capabilities
from drivers.frame_slot import FrameSlot
from tests.agent.cells.test_slots import marked, run_cells

_drop_capabilities()  # root without them is a user like another: no stronger than its cells, and no weaker
leave_no_dump()

async def hold():
    async with slots_of(["gate", "stairs"]) as slots:
        marked(slots.files)
        print(await run_cells(sys.argv[1], dict(slots.files)), flush=True)

asyncio.run(hold())
"""


def marked(files: dict[str, str]) -> None:
    """Each memory says whose it is, by the time of its picture."""
    for number, place in enumerate(files.values(), start=1):
        with FrameSlot.open(place) as slot:
            slot.put(bytes(6), 2, 2, at_ns=os.getpid() * MARKS + number, monotonic_ns=0, moving=False)


async def run_cells(how: str, files: dict[str, str]) -> str:
    entry = catalog.Entry("tests.agent.cells.prying_driver", "reader", "prying", cell=Limits(memory_mb=120))
    catalog.CATALOG["prying"] = entry
    environment = {**ENVIRONMENT, "PYTHONPATH": os.environ["PYTHONPATH"]}
    if how == "units":
        environment = {"MEKTEP_CELLS": os.environ["CELLS"]}
    return msgspec.json.encode(await found_by(environment, files, os.getpid())).decode()


@pytest.mark.parametrize("how", ["children", "children without Landlock", "units"])
def test_no_cell_finds_the_memory_of_another_camera(tmp_path: Path, how: str) -> None:
    """A cell that is in a stranger's hands looks everywhere: its own handles, all of /proc, all of /dev/shm.

    The daemon and its cells are of one user here.
    """
    root = str(Path(__file__).resolve().parents[3])
    environment = {"PATH": os.defpath, "PYTHONPATH": root}
    if how == "children without Landlock":
        (tmp_path / "sitecustomize.py").write_text(
            "import drivers.cell_rights as rights\nrights.landlock_version = lambda: -1\n"
        )
        environment["PYTHONPATH"] = f"{tmp_path}:{root}"
    (tmp_path / "cells").mkdir()
    with accepting(tmp_path / "cells") as units:
        environment["CELLS"] = str(units.folder)
        words = [sys.executable, "-c", HOLDS, how.partition(" ")[0]]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout.splitlines()[-1]) == {"gate": [1], "stairs": [2], "reader": []}


def test_one_that_may_look_finds_all(tmp_path: Path) -> None:
    """The search itself is no blind one."""
    words = "import os, time; from agent.cells.slots import slots_of; import asyncio\n"
    words += "from tests.agent.cells.test_slots import marked\n"
    words += "async def hold():\n async with slots_of(['gate', 'stairs']) as slots:\n"
    words += "  marked(slots.files); print('held', flush=True); time.sleep(60)\nasyncio.run(hold())"
    holder = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert memories(holder.pid) == [1, 2]
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout:
            holder.stdout.close()
