"""The line protocol of the smoke board: its published examples however they are cut, damage, noise; what a zone is by
what is heard and what is not; the driver on a pty; and the board's own program, compiled and compared.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Driver, Verdict
from drivers.readings import ZoneChange, ZoneState
from drivers.sensors import serial_smoke
from drivers.sensors.serial_smoke import LINE_MAX, Line, Said, Settings, Verdicts, decode
from simulator.smoke_sensor import FAULT, NORMAL, QUIET, SMOKE, WARMING, SmokeSensor, crc16, smoke_line
from tests.drivers.supervised import Kept, kept_reading, until
from tests.source_tree import ROOT

_: Driver[Settings, ZoneChange] = serial_smoke

DOCS = ROOT / "docs" / "drivers"
EXAMPLES = [  # of docs/drivers/smoke-serial.md
    (b"S1,007,02,N,02137*19DC\r\n", Line(7, 2, Said.NORMAL, 2137)),
    (b"S1,041,01,S,08412*52E6\r\n", Line(41, 1, Said.SMOKE, 8412)),
    (b"S1,000,01,W,00000*DF88\r\n", Line(0, 1, Said.WARMING, 0)),
    (b"S1,255,03,F,00012*3D2B\r\n", Line(255, 3, Said.FAULT, 12)),
]
BAD = [
    ("a digit changed", b"S1,007,02,N,02138*19DC"),
    ("normal became smoke", b"S1,007,02,S,02137*19DC"),
    ("another zone", b"S1,007,03,N,02137*19DC"),
    ("the checksum changed", b"S1,007,02,N,02137*19DD"),
    ("a digit lost", b"S1,007,02,N,0213*19DC"),
    ("two lines in one", b"S1,007,02,N,0S1,041,01,S,08412*52E6"),
    ("small letters", b"S1,041,01,S,08412*52e6"),
    ("spaces", b" S1,041,01,S,08412*52E6"),
    ("a newer version", b"S2,041,01,S,08412*" + f"{crc16(b'S2,041,01,S,08412'):04X}".encode()),
    ("no zone", smoke_line(1, 0, SMOKE, 9_000).strip()),
    ("too high a zone", smoke_line(1, 17, SMOKE, 9_000).strip()),
    ("a state that is none", smoke_line(1, 1, "X", 9_000).strip()),
    ("a reading of too many bits", b"S1,041,01,S,70000*" + f"{crc16(b'S1,041,01,S,70000'):04X}".encode()),
    ("a sequence that is none", b"S1,300,01,S,08412*" + f"{crc16(b'S1,300,01,S,08412'):04X}".encode()),
    ("an English sentence", b"SMOKE in zone 1!"),
    ("a boot loader", bytes([0xF0, 0x00, 0x81, 0xFF])),
]


def hear(*chunks: bytes) -> list[Line | bytes]:
    buffer, heard = bytearray(), []
    for chunk in chunks:
        buffer += chunk
        heard += decode(buffer)
        assert len(buffer) <= LINE_MAX
    return heard


# --- lines ------------------------------------------------------------------------------------------------------


def test_the_checksum_is_the_one_of_the_catalogues() -> None:
    assert crc16(b"123456789") == 0x29B1  # CRC-16/CCITT-FALSE


@pytest.mark.parametrize(("data", "line"), EXAMPLES)
def test_an_example_is_heard_however_it_is_cut(data: bytes, line: Line) -> None:
    assert hear(data) == [line]
    assert hear(*[data[at : at + 1] for at in range(len(data))]) == [line]
    for cut in range(1, len(data)):
        assert hear(data[:cut], data[cut:]) == [line]
    assert hear(data.replace(b"\r", b"")) == [line]


def test_the_page_shows_these_examples() -> None:
    page = (DOCS / "smoke-serial.md").read_text(encoding="utf-8")
    assert [data.decode().strip() for data, _ in EXAMPLES] == re.findall(r"^S1,.*\*[0-9A-F]{4}$", page, re.MULTILINE)


@pytest.mark.parametrize("data", [one[1] for one in BAD], ids=[one[0] for one in BAD])
def test_what_is_no_line_is_garbage_and_what_follows_is_heard(data: bytes) -> None:
    good, line = EXAMPLES[0]
    assert hear(data + b"\r\n" + good) == [data, line]


@given(st.binary(max_size=400), st.integers(1, 50))
def test_noise_is_never_a_line_and_never_kept(noise: bytes, size: int) -> None:
    chunks = [noise[at : at + size] for at in range(0, len(noise), size)]
    assert not [one for one in hear(*chunks, b"\n") if isinstance(one, Line)]
    assert EXAMPLES[1][1] in hear(*chunks, b"\n" + EXAMPLES[1][0])


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_line_is_never_another_line(example: tuple[bytes, Line], data: st.DataObject) -> None:
    """One to three bytes changed: the sixteen bits find all that a short burst can do."""
    whole, line = example
    damaged = bytearray(whole)
    first = data.draw(st.integers(0, len(whole) - 3))
    for at in range(first, first + data.draw(st.integers(1, 2))):
        damaged[at] = data.draw(st.integers(0, 255))
    heard = [one for one in hear(bytes(damaged) + b"\n") if isinstance(one, Line)]
    assert heard in ([], [line])


numbers = st.tuples(st.integers(0, 255), st.integers(1, 16), st.sampled_from("NSWF"), st.integers(0, 65_535))


@given(st.lists(numbers, max_size=20))
def test_whatever_the_board_can_say_is_heard(said: list[tuple[int, int, str, int]]) -> None:
    assert hear(b"".join(smoke_line(*one) for one in said)) == [Line(a, b, Said(c), d) for a, b, c, d in said]


# --- verdicts ---------------------------------------------------------------------------------------------------

SETTINGS = Settings(port="/dev/smoke", zones={"1": "attic", "2": "stairs"}, frozen_s=60)
S = 1_000_000_000


class Told:
    """Verdicts of a board that says things at these seconds."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.verdicts = Verdicts(settings, 0)
        self.sequence = 0

    def at(self, second: float, zone: int = 1, said: str = NORMAL, raw: int = QUIET) -> list[tuple[int, str, str]]:
        self.sequence = (self.sequence + 1) % 256
        self.verdicts.hear(Line(self.sequence, zone, Said(said), raw), int(second * S))
        return self.news(second)

    def news(self, second: float) -> list[tuple[int, str, str]]:
        return [(zone, state.value, words) for zone, state, _, _, words in self.verdicts.news(int(second * S))]


def test_each_state_of_a_zone_is_told_once() -> None:
    told = Told()
    assert told.at(1) == [(1, "normal", "normal")]
    assert told.at(2) == []
    assert told.at(3, said=SMOKE, raw=9_000) == [(1, "fire", "smoke")]
    assert told.at(4, said=SMOKE, raw=9_100) == []
    assert told.at(5, said=NORMAL) == [(1, "normal", "normal")]


@pytest.mark.parametrize(
    ("said", "raw", "state"),
    [
        (NORMAL, QUIET, "normal"),
        (SMOKE, 9_000, "fire"),
        (SMOKE, 65_535, "fire"),  # saturated: a hint of smoke is never explained away
        (SMOKE, 0, "fire"),
        (WARMING, QUIET, "disabled"),
        (FAULT, QUIET, "fault"),
        (NORMAL, 49, "fault"),
        (NORMAL, 50, "normal"),
        (NORMAL, 16_300, "normal"),
        (NORMAL, 16_301, "fault"),
    ],
)
def test_what_is_said_and_read_makes_the_state(said: str, raw: int, state: str) -> None:
    ((_, found, _),) = Told().at(1, said=said, raw=raw)
    assert found == state


def test_a_zone_that_is_silent_is_a_fault_while_others_speak() -> None:
    told = Told()
    told.at(0.5, zone=1)
    told.at(0.6, zone=2)
    for second in range(1, 6):
        assert told.at(second, zone=2, raw=QUIET + second) == []
    assert told.at(5.6, zone=2) == [(1, "fault", "no sign of life")]
    assert told.at(7, zone=1) == [(1, "normal", "normal")]
    assert not told.verdicts.silent(7 * S)


def test_a_configured_zone_that_was_never_heard_is_a_fault() -> None:
    told = Told()
    assert told.at(1, zone=1) == [(1, "normal", "normal")]
    assert told.at(5.5, zone=1, raw=QUIET + 1) == [(2, "fault", "no sign of life")]


def test_a_zone_that_nobody_configured_is_told_too() -> None:
    assert (5, "fire", "smoke") in Told().at(1, zone=5, said=SMOKE, raw=9_000)


def test_the_same_line_again_is_no_sign_of_life() -> None:
    told = Told()
    told.at(1)
    line = told.verdicts._zones[1].line
    assert line is not None
    for second in range(2, 8):
        assert not told.verdicts.hear(line, second * S)
    assert told.verdicts.silent(7 * S)


def test_a_reading_that_does_not_move_is_a_fault_and_smoke_is_smoke_all_the_same() -> None:
    told = Told()
    for second in range(61):
        told.at(second, raw=2_000)
    assert told.at(61, raw=2_000) == [(1, "fault", "reading does not move")]
    assert told.at(62, said=SMOKE, raw=2_000) == [(1, "fire", "smoke")]
    assert told.at(63, raw=2_001) == [(1, "normal", "normal")]


def test_the_whole_board_is_silent_after_five_seconds() -> None:
    told = Told()
    told.at(1)
    assert not told.verdicts.silent(6 * S)
    assert told.verdicts.silent(6 * S + 1)


lines = st.builds(Line, st.integers(0, 255), st.integers(1, 16), st.sampled_from(Said), st.integers(0, 65_535))


@given(st.lists(st.tuples(st.floats(0, 20), lines), max_size=60))
def test_whatever_comes_no_state_is_told_twice_and_fire_is_never_made_up(steps: list[tuple[float, Line]]) -> None:
    verdicts, now_ns = Verdicts(SETTINGS, 0), 0
    states: dict[int, ZoneState] = {}
    smoked: set[int] = set()
    for gap_s, line in steps:
        now_ns += int(gap_s * S)
        if line.said is Said.SMOKE:
            smoked.add(line.zone)
        verdicts.hear(line, now_ns)
        for zone, state, before, _, words in verdicts.news(now_ns):
            assert states.get(zone) is before
            assert state is not before
            assert words
            assert state is not ZoneState.FIRE or zone in smoked
            states[zone] = state


# --- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        {"zones": {}}, {"zones": {"0": "x"}}, {"zones": {"17": "x"}}, {"zones": {"01": "x"}}, {"zones": {"attic": "x"}},
        {"raw_min": 9_000, "raw_max": 9_000},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"port": "/dev/x", "zones": {"1": "attic"}, **words}, Settings)


def test_its_places_are_those_of_its_zones() -> None:
    assert SETTINGS.places == {1: "attic", 2: "stairs"}


# --- on a port --------------------------------------------------------------------------------------------------


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[SmokeSensor]:
    made = SmokeSensor(tmp_path / "smoke", zones=2, beat_s=0.1)
    made.plug()
    yield made
    made.unplug()


def settings(board: SmokeSensor, **words: object) -> Settings:
    given = {"port": str(board.line.link), "zones": {"1": "attic", "2": "stairs"}, "silent_s": 2.0} | words
    return Settings(**given)  # type: ignore[arg-type]


def states(kept: Kept, zone: int) -> list[str]:
    return [one.state.value for one in kept.readings if isinstance(one, ZoneChange) and one.zone == zone]


async def test_smoke_is_told_as_a_hint_with_its_reading(board: SmokeSensor) -> None:
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: len(kept.readings) == 2)
        board.set(2, SMOKE)
        await until(lambda: states(kept, 2) == ["normal", "fire"])
        board.set(2, NORMAL)
        await until(lambda: states(kept, 2)[-1] == "normal")
    fire = next(one for one in kept.readings if isinstance(one, ZoneChange) and one.state is ZoneState.FIRE)
    assert fire.codes[0] >= 8_400
    assert (fire.words, fire.before) == ("smoke", ZoneState.NORMAL)
    assert all(isinstance(one, ZoneChange) and one.indicative for one in kept.readings)
    assert states(kept, 1) == ["normal"]


async def test_damaged_lines_are_counted_and_are_never_smoke(board: SmokeSensor) -> None:
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: len(kept.readings) == 2)
        board.line.disturb = lambda data: data.replace(b",N,", b",S,")
        await until(lambda: kept.station.counters.garbled >= 4)
        board.line.disturb = None
        frames = kept.station.counters.frames
        await until(lambda: kept.station.counters.frames > frames)
        assert (states(kept, 1), states(kept, 2)) == (["normal"], ["normal"])
        assert b",S," in bytes.fromhex(kept.station.counters.last_garbled)


@pytest.mark.parametrize(
    ("code", "disturb"), [("S-301", lambda _: b""), ("S-302", lambda data: b"\x00\xff" * len(data) + b"\n")]
)
async def test_a_board_that_falls_silent_is_one_trouble_until_it_speaks(
    board: SmokeSensor, code: str, disturb: object
) -> None:
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: len(kept.readings) == 2)
        board.line.disturb = disturb  # type: ignore[assignment]
        assert await until(lambda: kept.states[-1] == code) < 4
        board.line.disturb = None
        await until(kept.works)
        assert kept.states == ["working", code, "working"]


async def test_a_zone_that_falls_silent_is_a_fault_of_that_zone(board: SmokeSensor) -> None:
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: len(kept.readings) == 2)
        board.mute.add(1)
        assert await until(lambda: states(kept, 1) == ["normal", "fault"]) < 4
        board.mute.clear()
        await until(lambda: states(kept, 1) == ["normal", "fault", "normal"])
        assert (states(kept, 2), kept.states) == (["normal"], ["working"])


async def test_a_board_that_is_plugged_again_tells_its_zones_again(board: SmokeSensor) -> None:
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: len(kept.readings) == 2)
        board.unplug()
        await until(lambda: not kept.works())
        board.states[1] = SMOKE
        board.plug()
        await until(lambda: states(kept, 1) == ["normal", "fire"])


async def test_a_board_that_starts_slowly_is_waited_for_and_none_of_its_zones_is_at_fault(board: SmokeSensor) -> None:
    board.line.disturb = lambda _: b""  # its port was opened, and it starts anew
    asyncio.get_running_loop().call_later(2.6, setattr, board.line, "disturb", None)
    async with kept_reading(serial_smoke, settings(board, silent_s=2.0)) as kept:
        await until(lambda: len(kept.readings) == 2)
        assert kept.states == ["working"]
        assert (states(kept, 1), states(kept, 2)) == (["normal"], ["normal"])


async def test_the_wrong_speed_is_told_as_such(board: SmokeSensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_smoke, "START_S", 0.0)
    board.unplug()
    board.line.disturb = lambda data: bytes(byte ^ 0x55 for byte in data if byte != 0x5F)
    board.plug()
    async with kept_reading(serial_smoke, settings(board)) as kept:
        await until(lambda: kept.states)
        assert kept.states == ["S-302"]
        assert serial_smoke.probe(settings(board)).verdict is Verdict.OK  # held by the agent


# --- the board's program ------------------------------------------------------------------------------------------

HARNESS = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
%s
int main(void)
{
  char line[LINE_BYTES];
  unsigned sequence, zone, raw;
  char state;
  while (scanf("%%u %%u %%c %%u", &sequence, &zone, &state, &raw) == 4) {
    make_line(line, sequence, zone, state, raw);
    fputs(line, stdout);
  }
  return 0;
}
"""


def test_the_program_of_the_page_says_what_the_driver_hears(tmp_path: Path) -> None:
    sketch = (DOCS / "smoke_sensor.ino").read_text(encoding="utf-8")
    (part,) = re.findall(r"// --- the line.*?\n(.*?)// --- end of the line", sketch, re.DOTALL)
    source = tmp_path / "line.c"
    source.write_text(HARNESS % part, encoding="utf-8")
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "line", source], check=True)
    said = [(7, 2, "N", 2137), (41, 1, "S", 8412), (0, 1, "W", 0), (255, 3, "F", 12), (99, 16, "S", 65_535)]
    words = "\n".join(" ".join(map(str, one)) for one in said)
    done = subprocess.run([tmp_path / "line"], input=words.encode(), capture_output=True, check=True)
    assert done.stdout == b"".join(smoke_line(*one) for one in said)
    assert hear(done.stdout)[:4] == [line for _, line in EXAMPLES]
