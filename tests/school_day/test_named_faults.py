"""Every fault that the simulator knows is named by `mektep doctor` or `mektep why`, by its code, with the instruction.

One school for all of them: the true agent, each fault begun, looked at as a technician would, and mended. A fault
without a row fails; a fault that a box cannot see has its reason in its row, and must leave the commands well.
"""

from __future__ import annotations

import asyncio
import io
import json
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextvars import ContextVar
from typing import Any

import msgspec
import pytest

from agent.cli.main import main
from agent.texts import load_texts
from simulator.fault import Fault
from simulator.faults import FAULTS
from simulator.school import School
from tests.school_day.conftest import MakeSchool

PATIENCE_S = 30.0
LASTS_S = 1.5  # at least: who pulls a plug does not put it back within the service's own second
CARD = bytes.fromhex("6F00000001")
TERMINALS: ContextVar[ProcessPoolExecutor] = ContextVar("processes that run commands, their modules ready")
Act = Callable[[School], Awaitable[None]]


async def nothing(_school: School) -> None:
    """The fault shows by itself."""


async def shows(school: School) -> None:
    """A child holds a card to the first reader."""
    await school.readers[0].show(CARD, 0.5)


async def shows_at_the_other(school: School) -> None:
    await school.readers[1].show(CARD, 0.5)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault is recognised."""

    ask: tuple[str, ...]  # the command's words
    codes: frozenset[str] = frozenset()  # any of these is right; empty: nothing may be wrong
    do: str = ""  # a word of the instruction
    act: Act = nothing
    when: str = "during"  # or after: what is told when it is over
    reason: str = ""  # why a box cannot see it


def why(name: str, *codes: str, do: str, act: Act = nothing, when: str = "during") -> Row:
    return Row(ask=("why", name), codes=frozenset(codes), do=do, act=act, when=when)


def doctor(check: str, *codes: str, do: str, act: Act = nothing, when: str = "during") -> Row:
    return Row(ask=("doctor", check), codes=frozenset(codes), do=do, act=act, when=when)


def unseen(*ask: str, reason: str) -> Row:
    return Row(ask=ask, reason=reason)


ROWS = {
    "reader unplugged": why("canteen-1", "P-104", "P-101", do="lug"),
    "readers garble": why("canteen-1", "H-171", do="cable", act=shows),
    "reader stalls": why("canteen-1", "H-171", do="cable", act=shows, when="after"),
    "panel answers late": why("fire-panel", "S-101", do="panel's power"),
    "panel silent": why("fire-panel", "S-101", do="panel's power"),
    "panel busy": unseen("why", "fire-panel", reason="the panel asks for time, and is asked again: nothing is wrong"),
    "panel unplugged": why("fire-panel", "P-104", "P-101", do="lug"),
    "smoke detector without power": why("duct", "S-105", do="power"),
    "RS-485 bus unplugged": why("gym-2", "P-104", "P-101", do="lug"),
    "RS-485 bus garbles": unseen("why", "gym-1", reason="what is garbled is asked for again, as OSDP is made for"),
    "OSDP reader without power": why("gym-1", "R-201", do="power"),
    "PC/SC reader unplugged": why("library", "R-302", do="Plug the reader in"),
    "pcscd killed": why("library", "R-301", do="pcscd"),
    "typing reader unplugged": why("hall", "R-404", "R-401", do="lug"),
    "smoke board unplugged": why("attic", "P-104", "P-101", do="lug"),
    "GPIO chip unplugged": why("door", "P-204", do="plug"),
    "loop's wire cut": why("loop", "H-172", do="break"),
    "camera stalls": why("gate", "V-104", "V-105", "V-106", do="camera"),
    "camera without power": why("gate", "V-101", do="power"),
    "cells killed": doctor("devices", "U-101", do="again and again", when="after"),
    "line cut": why("centre", "L-101", "L-103", "L-106", "L-109", "L-110", do=""),
    "line silent": why("centre", "L-104", "L-114", "L-120", do=""),
    "line slow: 64 kbit/s, 100 ms": doctor("tls", "H-144", do="alarms go first"),
    "broker killed": why("centre", "L-103", "L-106", "L-109", "L-110", do=""),
    "receiver killed": unseen("why", "centre", reason="the other receiver goes on; the centre's own status shows it"),
    "centre's database stopped": why("centre", "L-120", do="tell the centre", act=shows_at_the_other),
    "agent killed": doctor("agent", "D-001", do="systemctl start"),
    "outbox locked": doctor("troubles", "D-122", do="End that process", act=shows),
    "disk full": doctor("troubles", "D-121", "D-123", "D-125", do="Free space", act=shows),
    "clock jumps": why("clock", "H-133", do="NTP"),
}
SIDE_BY_SIDE = [  # chains of faults that break different devices; what is in none comes after them, one by one.
    # The PC/SC faults do: pcscd looks for a simulated reader at its start only, and gives it little time
    ["reader unplugged", "readers garble", "reader stalls"],
    ["panel answers late", "panel silent", "panel busy", "panel unplugged"],
    ["RS-485 bus unplugged", "RS-485 bus garbles", "OSDP reader without power"],
    ["camera stalls", "camera without power"],
    ["smoke detector without power"],
    ["typing reader unplugged"],
    ["smoke board unplugged"],
    ["GPIO chip unplugged"],
    ["loop's wire cut"],
]
ENVIRONMENT = {"needs Debian's package faketime"} | ({"needs root, to mount a small disk"} if os.geteuid() else set())


def test_every_fault_of_the_simulator_has_its_row() -> None:
    assert ROWS.keys() == {fault.name for fault in FAULTS}
    assert [name for name, row in ROWS.items() if bool(row.codes) == bool(row.reason)] == []


def asked(file: str, command: str, name: str) -> list[dict[str, Any]]:
    """What the command finds that is not well. In a process of its own, as in a terminal."""
    words = [command, name, file] if command == "why" else [command, file, "--only", name]
    out = io.StringIO()
    main([*words, "--json"], out)
    told = json.loads(out.getvalue())
    return list(told["troubles"]) if command == "why" else [one for one in told["findings"] if one["code"]]


async def look(school: School, row: Row) -> list[dict[str, Any]]:
    return await asyncio.get_running_loop().run_in_executor(TERMINALS.get(), asked, school.config, *row.ask)


async def healed(school: School, device: str = "") -> None:
    """The device works; without one all do, and the centre answers."""
    deadline_s = time.monotonic() + PATIENCE_S

    def well() -> bool:
        now = school.status()
        sources = now.get("sources", {})
        if device:
            return bool(sources[device]["state"] == "working")
        states = {one["state"] for one in sources.values()}
        return states == {"working"} and now["link"]["state"] == "online"

    while not (school.agent.running() and well()):
        assert time.monotonic() < deadline_s, json.dumps(school.status().get("sources"), indent=1)
        await asyncio.sleep(0.1)


async def named(school: School, row: Row, before: int) -> str:
    """Empty if the command names it rightly in time; else what it said instead."""
    deadline_s = time.monotonic() + PATIENCE_S
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline_s:
        await row.act(school)
        found = await look(school, row)
        right = [one for one in found if one["code"] in row.codes]
        if right and right_instruction(right[0], row) and (right[0]["code"] != "H-171" or garbled(school) > before):
            return ""
        await asyncio.sleep(0.1)
    return json.dumps(found)


def right_instruction(found: dict[str, Any], row: Row) -> bool:
    """In English the very words, and there are some in Russian and Kazakh."""
    translated = [load_texts(language).instruction(found["code"], "") for language in ("ru", "kk")]
    return row.do in found["do"] and bool(found["do"]) and all(translated)


def garbled(school: School) -> int:
    return int(school.status()["sources"]["canteen-1"]["garbled"])


async def played(school: School, fault: Fault) -> str:
    """Begin it, look, mend it. Empty if it was named rightly."""
    row, before = ROWS[fault.name], garbled(school)
    await fault.begin(school)
    wrong, lasts = "", asyncio.create_task(asyncio.sleep(LASTS_S))
    try:
        if row.reason:
            await lasts
            troubles = [one for one in await look(school, row) if one["code"] != "H-171"]
            wrong = json.dumps(troubles) if troubles else ""
        elif row.when == "during":
            wrong = await named(school, row, before)
        else:
            await row.act(school)
    finally:
        await lasts
        await fault.end(school)
    if row.when == "after":
        wrong = await named(school, row, before)
    await healed(school, row.ask[1] if any(fault.name in chain for chain in SIDE_BY_SIDE) else "")
    return wrong


async def played_in_turn(school: School, faults: Iterable[Fault]) -> dict[str, str]:
    """By name what was said instead."""
    return {fault.name: await played(school, fault) for fault in faults}


@pytest.mark.timeout(300)
async def test_each_fault_is_named_with_its_code_and_instruction(make_school: MakeSchool) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        TERMINALS.set(pool)
        await _each_is_named(await make_school(every_kind=True, small_disk=True, own_clock=True))


async def _each_is_named(school: School) -> None:
    await school.start()
    await healed(school)
    left_out = {fault.name: fault.needs(school) for fault in FAULTS if fault.needs(school)}
    assert set(left_out.values()) <= ENVIRONMENT
    known = {fault.name: fault for fault in FAULTS if fault.name not in left_out}
    chains = [[known.pop(name) for name in chain] for chain in SIDE_BY_SIDE]
    found = await asyncio.gather(*(played_in_turn(school, chain) for chain in chains))
    await healed(school)
    found.append(await played_in_turn(school, known.values()))
    wrong = {name: said for some in found for name, said in some.items()}
    assert {name: said for name, said in wrong.items() if said} == {}
    agent = Row(ask=("why", "agent"), codes=frozenset({"H-154"}))
    assert "H-154" in [one["code"] for one in await look(school, agent)], "that it was killed is in the agent's life"
