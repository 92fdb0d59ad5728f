"""The panel against pymodbus's own server, on a pty and on TCP: each state of a zone, only reading questions on the
wire, a new panel by a file alone, nothing left open. How it fails: test_modbus_panel_troubles.py.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.driver import Driver, Verdict
from drivers.readings import Light, ZoneChange, ZoneState
from drivers.sensors import modbus_panel
from drivers.sensors.modbus_panel import BLOCK_MOST, Settings, blocks
from drivers.sensors.profile import load_profile
from simulator.fire_panel import NORMAL
from simulator.processes import free_port
from simulator.smoke_detector import MOUNTED, SERVICE, SMOKE, SmokeDetector
from tests.clock import FastClock
from tests.drivers.sensors.far_panel import (
    NAMES,
    PROFILE,
    FarPanel,
    duct,
    far_panel,
    over_serial,
    over_tcp,
    read_for_ever,
    told,
)
from tests.drivers.supervised import kept_reading, open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, ZoneChange] = modbus_panel

BACK_S = 2.0
STATES = [  # what the panel shows, and what it means
    ((37, 44), ZoneState.FIRE, "fire"),
    ((141, 24), ZoneState.EXTINGUISHING, "extinguishing (code 141)"),
    ((44, 24), ZoneState.ATTENTION, "attention: one detector"),
    ((45, 24), ZoneState.FAULT, "line broken"),
    ((109, 188), ZoneState.DISABLED, "disarmed"),
    ((20, 24), ZoneState.TEST, "test (code 20)"),
    ((188, 24), ZoneState.RESTORED, "restored"),
    ((24, 188), ZoneState.NORMAL, "armed, normal"),
    ((236, 183), ZoneState.UNKNOWN, "unknown (code 236)"),
    ((0, 0), ZoneState.UNKNOWN, "no code: is the zone configured in the gateway?"),
]
DAY = [
    ((44, 24), ZoneState.ATTENTION),
    ((37, 44), ZoneState.FIRE),
    ((40, 37), None),  # a second detector: the zone burns already
    ((188, 24), ZoneState.RESTORED),
    ((20, 24), ZoneState.TEST),
    ((109, 24), ZoneState.DISABLED),
    ((45, 24), ZoneState.FAULT),
    ((24, 45), None),
    ((24, 188), ZoneState.NORMAL),
]
OTHER_MAKER = """
name = "Another maker's panel"
[canary]
function = 4
address = 9
expect = 4711
[zones]
function = 4
address = 100
layout = "two_codes"
most = 3
[states]
fire = [200]
normal = [100]
[words]
200 = "alarm"
"""


# --- questions -------------------------------------------------------------------------------------------------------


@given(zones=st.sets(st.integers(1, 512), min_size=1))
def test_questions_cover_the_zones_and_no_two_have_answers_of_one_length(zones: set[int]) -> None:
    found = blocks(load_profile(PROFILE), zones)
    covered = [zone for block in found for zone in range(block.first, block.first + block.count)]
    assert zones <= set(covered)
    assert covered == list(range(min(zones), max(zones) + 1))
    assert len({block.count for block in found}) == len(found)
    assert all(0 < block.count <= BLOCK_MOST and block.address == 40_000 + block.first - 1 for block in found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "10.0.0.1"}, "of port and host there must be one"),
        ({"port": ""}, "of port and host there must be one"),
        ({"zones": {}}, "no zone"),
        ({"zones": {"0": "x"}}, "none"),
        ({"zones": {"one": "x"}}, "none"),
        ({"zones": {"²": "x"}}, "none"),
        ({"zones": {"1": "x", "01": "y"}}, "twice"),
        ({"zones": {"513": "x"}}, "zones 1 to 512"),
        ({"profile": "bolid"}, "bolid-s2000-pp"),
        ({"profile": "calectro-ug-3", "zones": {"2": "x"}}, "zones 1 to 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Settings(**({"profile": PROFILE, "port": "/dev/panel", "zones": {"1": "canteen"}} | changes))


# --- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tcp", [False, True], ids=["serial", "tcp"])
async def test_each_state_is_told_with_its_codes_and_words(tmp_path: Path, tcp: bool) -> None:
    port = free_port() if tcp else 0
    zones = {str(zone): "" for zone in range(1, len(STATES) + 1)}
    async with far_panel(tmp_path, tcp_port=port, zones=len(STATES)) as panel:
        for zone, (codes, _, _) in enumerate(STATES, 1):
            panel.set(zone, codes)
        clock = FastClock()
        settings = over_tcp(port, zones=zones) if tcp else over_serial(panel, zones=zones)
        async with modbus_panel.connect(settings, clock, no_secrets) as source:
            changes = aiter(source)
            found = [await anext(changes) for _ in STATES]
            await source.show(Light.ACCEPTED)  # nothing
        expected = [
            ZoneChange(
                zone=zone,
                state=state,
                before=None,
                codes=tuple(code for code in codes if code) or (0,),
                words=words,
                at_ns=clock.utc_ns(),
                monotonic_ns=clock.monotonic_ns(),
            )
            for zone, (codes, state, words) in enumerate(STATES, 1)
        ]
    assert found == expected


async def test_a_zone_is_told_when_it_changes_and_only_then(panel: tuple[FarPanel, Settings]) -> None:
    far, settings = panel
    async with kept_reading(modbus_panel, settings) as kept:
        await until(lambda: len(kept.readings) == len(NAMES))
        expected, state = [(zone, ZoneState.NORMAL) for zone in range(1, 5)], ZoneState.NORMAL
        for codes, now in DAY:
            far.set(3, codes)
            frames = kept.station.counters.frames
            await until(lambda frames=frames: kept.station.counters.frames > frames + 2)
            if now:
                expected.append((3, now))
                change = kept.readings[-1]
                assert isinstance(change, ZoneChange)
                assert (change.before, change.state) == (state, now)
                state = now
        assert told(kept) == expected


async def test_a_fire_is_seen_within_a_second_at_the_default_pace(serial: FarPanel) -> None:
    async with kept_reading(modbus_panel, over_serial(serial, poll_ms=250)) as kept:
        await until(lambda: len(kept.readings) == len(NAMES))
        serial.set(2, (37, 24))
        assert await until(lambda: told(kept)[-1] == (2, ZoneState.FIRE)) < 1.0


async def test_zones_that_are_not_named_are_not_told(serial: FarPanel) -> None:
    for zone in range(1, 5):
        serial.set(zone, (37, 24))
    async with kept_reading(modbus_panel, over_serial(serial, zones={"4": "library", "2": "corridor"})) as kept:
        await until(lambda: kept.station.counters.frames > 4)
        assert told(kept) == [(2, ZoneState.FIRE), (4, ZoneState.FIRE)]


async def test_the_duct_detector_tells_smoke_service_and_a_missing_head(detector: SmokeDetector) -> None:
    async with kept_reading(modbus_panel, duct(detector)) as kept:
        await until(lambda: len(kept.readings) == 1)
        for turn, inputs in enumerate([MOUNTED | SERVICE, MOUNTED | SERVICE | SMOKE, MOUNTED, 0], 2):
            detector.inputs = inputs
            await until(lambda turn=turn: len(kept.readings) == turn)
        words = [change.words for change in kept.readings if isinstance(change, ZoneChange)]
    fault = ZoneState.FAULT
    assert [state for _, state in told(kept)] == [ZoneState.NORMAL, fault, ZoneState.FIRE, ZoneState.NORMAL, fault]
    assert [word.split()[0] for word in words] == ["normal", "service", "smoke", "normal", "the"]


async def test_a_new_panel_is_a_file_and_no_code(tmp_path: Path) -> None:
    """Other function, addresses, canary and codes than any shipped profile."""
    (tmp_path / "other.toml").write_text(OTHER_MAKER)
    bits, registers = DataType.BITS, DataType.REGISTERS
    nothing = [SimData(0, values=False, datatype=bits)]
    inputs = [
        SimData(9, values=[4711, 0, 0], datatype=registers),
        SimData(100, values=[100 << 8, 200 << 8, 77 << 8], datatype=registers),
    ]
    device = SimDevice(5, simdata=(nothing, nothing, [SimData(0, values=0, datatype=registers)], inputs))
    server = ModbusTcpServer(device, address=("127.0.0.1", port := free_port()))
    await server.serve_forever(background=True)
    try:
        settings = over_tcp(port, profile=str(tmp_path / "other.toml"), unit=5, zones={"1": "a", "2": "b", "3": "c"})
        async with kept_reading(modbus_panel, settings) as kept:
            await until(lambda: len(kept.readings) == 3)
        assert told(kept) == [(1, ZoneState.NORMAL), (2, ZoneState.FIRE), (3, ZoneState.UNKNOWN)]
    finally:
        await server.shutdown()


# --- leaks, probe ----------------------------------------------------------------------------------------------------


async def test_10_connections_leak_nothing(panel: tuple[FarPanel, Settings]) -> None:
    _, settings = panel
    async with modbus_panel.connect(settings, FastClock(), no_secrets):
        pass
    before = open_files()
    for _turn in range(10):
        async with modbus_panel.connect(settings, FastClock(), no_secrets):
            pass
    await until(lambda: open_files() <= before)  # the server's ends of TCP close a moment later


@pytest.mark.parametrize("steps", [*range(30), 100, 300])
async def test_cancelled_at_any_step_it_ends_and_leaves_nothing_open(
    panel: tuple[FarPanel, Settings], monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """pymodbus waits in wait_for, which loses a cancellation that comes together with an answer."""
    _, settings = panel
    monkeypatch.setattr(modbus_panel, "QUIET_S", 0.0)  # so that the steps reach what follows
    before = open_files()
    task = asyncio.create_task(read_for_ever(settings))
    for _step in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    done, _rest = await asyncio.wait({task}, timeout=10)
    assert done
    assert task.cancelled()
    await until(lambda: open_files() <= before)


async def test_probe_says_whether_the_line_opens(serial: FarPanel) -> None:
    async with modbus_panel.connect(over_serial(serial), FastClock(), no_secrets):
        held = modbus_panel.probe(over_serial(serial))
    free = modbus_panel.probe(over_serial(serial))
    serial.agent_end.unplug()
    absent = modbus_panel.probe(over_serial(serial))
    assert [(found.verdict, found.code) for found in (held, free, absent)] == [
        (Verdict.OK, ""),
        (Verdict.OK, ""),
        (Verdict.FAILED, "P-101"),
    ]
    assert serial.zones == [NORMAL] * 4
    assert modbus_panel.probe(over_tcp(502)).verdict is Verdict.OK
