"""The voltages of a supervised loop, recomputed and at their worst; and the driver on a converter's files: states,
moments between them, voltages that nothing explains, a converter that goes away or hangs.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readings import ContactChange, ContactState
from drivers.sensors import supervised_loop
from drivers.sensors.supervised_loop import (
    CABLE_MOST_OHM,
    CUT_SHARE,
    SHORT_SHARE,
    Settings,
    Windows,
    classify,
    divided,
    find_converter,
    windows,
)
from simulator.loop_converter import LoopConverter
from tests.clock import FastClock
from tests.drivers.supervised import Kept, kept_reading, until
from tests.secrets import no_secrets

_: Driver[Settings, ContactChange] = supervised_loop

IDLE, ACTIVE, CUT, SHORT = ContactState.IDLE, ContactState.ACTIVE, ContactState.CUT, ContactState.SHORT
SUPPLY_V, PULL_UP, END, ALARM = 3.3, 2200.0, 4700.0, 1500.0
STANDARD = Settings(converter="mcp3008", channel=0)
AT = windows(STANDARD)


def volts(ohm: float) -> float:
    return SUPPLY_V * ohm / (ohm + PULL_UP)


def beside(*ohm: float) -> float:
    return 1 / sum(1 / one for one in ohm)


# --- the voltages -----------------------------------------------------------------------------------------------


def test_the_voltages_are_those_of_the_page() -> None:
    assert round(volts(END), 2) == 2.25
    assert round(beside(END, ALARM)) == 1137
    assert round(volts(beside(END, ALARM)), 2) == 1.12
    assert [round(volts(beside(END, *[ALARM] * contacts)), 2) for contacts in (2, 3, 5)] == [0.75, 0.56, 0.37]


@pytest.mark.parametrize(
    ("at_v", "state"),
    [
        (0.0, SHORT), (0.16, SHORT), (0.17, ACTIVE), (0.38, ACTIVE), (1.12, ACTIVE), (1.26, ACTIVE), (1.28, None),
        (1.70, None), (2.10, None), (2.12, IDLE), (2.25, IDLE), (2.38, IDLE), (2.39, None), (3.12, None), (3.14, CUT),
        (3.30, CUT), (3.40, CUT), (-0.01, SHORT),
    ],
)  # fmt: skip
def test_what_a_voltage_means(at_v: float, state: ContactState | None) -> None:
    assert classify(AT, at_v / SUPPLY_V) is state


off = st.floats(-0.05, 0.05)  # each resistor by itself
cable = st.floats(0, CABLE_MOST_OHM)
error = st.floats(-0.01, 0.01)  # of the converter, in shares of its range


@given(off, off, off, cable, error, st.sampled_from(["idle", "active", "short", "cut"]), st.integers(1, 8))
def test_every_state_is_told_with_all_parts_at_their_worst(
    off_pull: float, off_end: float, off_alarm: float, cable_ohm: float, error: float, state: str, contacts: int
) -> None:
    """Five percent of each resistor, 300 m of wire, one percent of the converter: never another state."""
    end, alarm = END * (1 + off_end), ALARM * (1 + off_alarm)
    ohm = {
        "idle": end + cable_ohm,
        "active": beside(end, *[alarm] * contacts) + cable_ohm,
        "short": cable_ohm,
        "cut": math.inf,
    }[state]
    share = divided(ohm, PULL_UP * (1 + off_pull)) + error
    assert classify(AT, share) == state


@given(st.floats(0, 1), st.floats(0, 1))
def test_between_idle_and_active_lies_a_gap(first: float, second: float) -> None:
    """No step of a converter's noise leads from one into the other."""
    if (classify(AT, first), classify(AT, second)) == (IDLE, ACTIVE):
        assert first - second > 0.2


@given(st.floats(allow_nan=False))
def test_any_number_is_one_state_or_none(share: float) -> None:
    found = classify(AT, share)
    assert (found is None) == (AT.active_high < share < AT.idle_low or AT.idle_high < share <= CUT_SHARE)
    assert (found is SHORT) == (share < SHORT_SHARE)


@pytest.mark.parametrize(
    "words",
    [{"alarm_ohm": 47_000}, {"end_ohm": 100}, {"end_ohm": 60_000}, {"alarm_ohm": 100, "pull_up_ohm": 4700}],
)
def test_resistors_that_cannot_be_told_apart_are_refused(words: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError, match="told apart"):
        msgspec.convert({"converter": "mcp3008", "channel": 0, **words}, Settings)


ohms = st.integers(100, 100_000)


@given(ohms, ohms, ohms, st.floats(0.1, 10))
def test_settings_that_are_taken_have_their_states_in_order(
    pull_up_ohm: int, end_ohm: int, alarm_ohm: int, tolerance: float
) -> None:
    words = {"pull_up_ohm": pull_up_ohm, "end_ohm": end_ohm, "alarm_ohm": alarm_ohm, "tolerance_percent": tolerance}
    try:
        taken = msgspec.convert({"converter": "x", "channel": 0, **words}, Settings)
    except msgspec.ValidationError:
        return
    at: Windows = windows(taken)
    assert SHORT_SHARE < at.active_low < at.active_high < at.idle_low < at.idle_high < CUT_SHARE


# --- on a converter ---------------------------------------------------------------------------------------------


@pytest.fixture
def converter(tmp_path: Path) -> Iterator[LoopConverter]:
    made = LoopConverter(tmp_path / "iio:device0")
    made.plug()
    yield made
    made.unplug()


def settings(converter: LoopConverter, **words: object) -> Settings:
    given = {"converter": str(converter.folder), "channel": 0, "poll_ms": 20, "settle_ms": 40} | words
    return Settings(**given)  # type: ignore[arg-type]


def states(kept: Kept) -> list[str]:
    return [one.state.value for one in kept.readings if isinstance(one, ContactChange)]


async def test_every_state_and_back(converter: LoopConverter) -> None:
    steps = [
        ("active", {"contacts": 1}), ("cut", {"cut": True}), ("idle", {}), ("short", {"shorted": True}),
        ("active", {"contacts": 3}),
    ]  # fmt: skip
    async with kept_reading(supervised_loop, settings(converter)) as kept:
        await until(lambda: states(kept) == ["idle"])
        for count, (_, words) in enumerate(steps, 2):
            converter.set(**words)  # type: ignore[arg-type]
            await until(lambda count=count: len(kept.readings) == count)
        assert states(kept) == ["idle", *[state for state, _ in steps]]
        assert kept.states == ["working"]


async def test_on_the_way_from_one_state_to_another_nothing_is_told(converter: LoopConverter) -> None:
    async with kept_reading(supervised_loop, settings(converter, settle_ms=400)) as kept:
        await until(lambda: kept.readings)
        frames = kept.station.counters.frames
        converter.show_volts(1.7)
        await until(lambda: kept.station.counters.frames > frames + 3)
        converter.set(contacts=1)
        await until(lambda: len(kept.readings) == 2)
        assert (states(kept), kept.states) == (["idle", "active"], ["working"])


async def test_a_voltage_that_nothing_explains_is_one_trouble_until_it_is_mended(
    converter: LoopConverter, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[str] = []

    def found(name: str) -> Path:
        connections.append(name)
        return find_converter(name)

    monkeypatch.setattr(supervised_loop, "find_converter", found)
    async with kept_reading(supervised_loop, settings(converter)) as kept:
        await until(lambda: kept.readings)
        converter.show_volts(1.7)
        await until(lambda: kept.states[-1] == "S-212")
        assert "1.70 V, some 233" in kept.station.trouble.what  # type: ignore[union-attr]
        await until(lambda: len(connections) >= 4)  # which must not look like working
        converter.measure()
        await until(kept.works)
        assert kept.states == ["working", "S-212", "working"]


@pytest.mark.parametrize("text", ["", "nonsense", "1.5", "\xff", "9" * 400])
async def test_a_converter_that_says_nonsense_is_s213_and_never_a_state(converter: LoopConverter, text: str) -> None:
    async with kept_reading(supervised_loop, settings(converter)) as kept:
        await until(lambda: kept.readings)
        (converter.folder / "in_voltage0_raw").write_bytes(text.encode("latin-1"))
        await until(lambda: kept.states[-1] == "S-213")
        assert states(kept) == ["idle"]


@pytest.mark.parametrize("scale", ["inf", "nan", "", "3,2"])
def test_a_scale_that_is_none_is_s213(converter: LoopConverter, scale: str) -> None:
    (converter.folder / "in_voltage_scale").write_text(scale)
    with pytest.raises(DeviceError, match="S-213"):
        supervised_loop.Channel(converter.folder, STANDARD).read_mv()


async def test_a_converter_that_hangs_stops_its_pulse(converter: LoopConverter) -> None:
    """So its cell is ended; nothing here can end a read that hangs in the kernel."""
    raw = converter.folder / "in_voltage0_raw"
    raw.unlink()
    os.mkfifo(raw)  # opening it for reading waits for a writer
    channel = supervised_loop.Channel(converter.folder, STANDARD)
    clock = FastClock()
    loop = supervised_loop.SupervisedLoop(channel, settings(converter), clock)
    reading = asyncio.create_task(loop.state())
    await asyncio.sleep(0)
    assert not loop.pulse.stopped()
    clock.advance(supervised_loop.STUCK_S + 1)
    assert loop.pulse.stopped()
    raw.write_text("700\n")  # now it can end
    assert await reading is IDLE
    clock.advance(10 * supervised_loop.STUCK_S)  # nobody takes it: that is no hang
    assert not loop.pulse.stopped()
    await loop.close()


async def test_closing_does_not_wait_for_a_converter_that_hangs(
    converter: LoopConverter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised_loop, "CLOSE_S", 0.05)
    raw = converter.folder / "in_voltage0_raw"
    raw.unlink()
    os.mkfifo(raw)

    async def connect() -> None:
        async with supervised_loop.connect(settings(converter), FastClock(), no_secrets):
            raise AssertionError("it cannot be proven")

    task = asyncio.create_task(connect())
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done
    assert task.cancelled()
    raw.write_text("700\n")  # lets the thread end


def test_probe_measures(converter: LoopConverter) -> None:
    found = supervised_loop.probe(settings(converter))
    assert (found.verdict, found.what) == (Verdict.OK, "2.25 V: idle")
    converter.show_volts(1.7)
    assert supervised_loop.probe(settings(converter)).code == "S-212"
    assert supervised_loop.probe(settings(converter, channel=5)).code == "S-213"


# --- which converter --------------------------------------------------------------------------------------------


def test_a_converter_is_found_by_its_name(tmp_path: Path) -> None:
    for number, name in enumerate(["rp1-adc", "mcp3008", "ads1015"]):
        LoopConverter(tmp_path / f"iio:device{number}", name=name).plug()
    (tmp_path / "iio:device7").mkdir()
    assert find_converter("mcp3008", tmp_path) == tmp_path / "iio:device1"
    for name in ("mcp", "trigger", "\0", ""):
        with pytest.raises(DeviceError, match="S-211"):
            find_converter(name, tmp_path)


def test_two_converters_of_one_name_must_be_named_by_their_folders(tmp_path: Path) -> None:
    for number in range(2):
        LoopConverter(tmp_path / f"iio:device{number}").plug()
    with pytest.raises(DeviceError, match="2 converters are called mcp3008") as caught:
        find_converter("mcp3008", tmp_path)
    assert "folder" in caught.value.do
    assert find_converter(str(tmp_path / "iio:device1"), tmp_path) == tmp_path / "iio:device1"


def test_a_scale_of_its_own_is_taken_before_the_common_one(converter: LoopConverter) -> None:
    (converter.folder / "in_voltage0_scale").write_text("0.125\n")  # an ADS1115 at ±4.096 V
    (converter.folder / "in_voltage0_raw").write_text("18000\n")
    assert supervised_loop.Channel(converter.folder, STANDARD).read_mv() == 2250.0


async def test_a_converter_that_measures_against_the_supply_needs_no_scale(converter: LoopConverter) -> None:
    """As the MCP3008 with its overlay: no reference is named, and reading the scale fails."""
    (converter.folder / "in_voltage_scale").unlink()
    assert supervised_loop.probe(settings(converter)).code == "S-213"
    assert supervised_loop.probe(settings(converter, steps=1024)).what == "2.25 V: idle"
    assert supervised_loop.probe(settings(converter, steps=1024, supply_v=5.0)).what == "3.40 V: idle"


def test_it_claims_its_channel_and_reads_its_folder_only() -> None:
    assert STANDARD.claims == (("/sys/bus/iio/devices/mcp3008", "channel 0"),)
    assert STANDARD.paths == ()
    assert Settings(converter="/sys/bus/iio/devices/iio:device0", channel=1).paths != ()
