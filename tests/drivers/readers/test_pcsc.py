"""PC/SC readers: what counts as a card's number; a real pcscd with libccid and a simulated ACR122U on its serial line:
taps, held cards, cards pulled while they are read, answers that are none, lights, and every way to lose the reader.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers.driver import Driver, Verdict
from drivers.pcsc_service import open_service
from drivers.readers import pcsc
from drivers.readers.pcsc import (
    PRESENT,
    UNAWARE,
    Card,
    Garbled,
    Lights,
    Presence,
    Settings,
    decode,
)
from drivers.readings import CardForm, Light, Tap
from simulator.pcsc_reader import PcscReader as PluggedReader
from simulator.pcsc_service import PcscService
from tests.clock import START_NS, FastClock
from tests.drivers.far_pcsc import NAME, SOCKET, far_reader
from tests.drivers.supervised import Kept, kept_reading, open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, Tap] = pcsc

UID4, UID7 = bytes.fromhex("24548AAC"), bytes.fromhex("0456463AAC2280")  # of IronLogic captures
UID10 = bytes.fromhex("04112233445566778899")
RANDOM_UID = bytes.fromhex("08A1B2C3")
OK = b"\x90\x00"
SETTINGS = Settings(reader="ACS ACR122U*", lights=Lights.ACR122U, poll_ms=50)


# --- answers ---------------------------------------------------------------------------------------------------------

NUMBERS = [
    ("four bytes", UID4 + OK, Card("24548AAC", CardForm.UID4)),
    ("seven bytes", UID7 + OK, Card("0456463AAC2280", CardForm.UID7)),
    ("leading zeros", bytes.fromhex("00000001") + OK, Card("00000001", CardForm.UID4)),
    ("seven bytes that begin with 08", b"\x08" + UID7[1:] + OK, Card("0856463AAC2280", CardForm.UID7)),
]
NO_NUMBERS = [
    ("nothing: the card was taken away", b""),
    ("one byte", b"\x90"),
    ("no UID", OK),
    ("failed", b"\x63\x00"),
    ("a UID and a failure", UID4 + b"\x63\x00"),
    ("not supported", b"\x6a\x81"),
    ("another 90xx", UID4 + b"\x90\x02"),
    ("a random UID of a telephone", RANDOM_UID + OK),
    ("the first level of a long UID", b"\x88" + UID4[1:] + OK),
    ("zeros", bytes(4) + OK),
    ("zeros, seven", bytes(7) + OK),
    ("three bytes", UID4[:3] + OK),
    ("five bytes", UID4 + b"\x01" + OK),
    ("eight bytes: FeliCa, ISO 15693", bytes(range(8)) + OK),
    ("ten bytes", UID10 + OK),
    ("256 bytes", bytes(range(256)) + OK),
]


@pytest.mark.parametrize(("answer", "card"), [case[1:] for case in NUMBERS], ids=[case[0] for case in NUMBERS])
def test_a_number_is_read(answer: bytes, card: Card) -> None:
    assert decode(answer) == card


@pytest.mark.parametrize("answer", [case[1] for case in NO_NUMBERS], ids=[case[0] for case in NO_NUMBERS])
def test_what_is_no_number_is_no_card(answer: bytes) -> None:
    heard = decode(answer)
    assert isinstance(heard, Garbled)
    assert len(heard.data) == len(answer)


def test_a_number_that_is_not_taken_is_not_shown() -> None:
    assert decode(UID10 + OK) == Garbled(b"\x04" + bytes(9) + OK)


@given(answer=st.binary(max_size=300))
def test_any_answer_is_a_card_of_its_form_or_garbled(answer: bytes) -> None:
    heard = decode(answer)
    if isinstance(heard, Card):
        assert answer == bytes.fromhex(heard.card) + OK
        assert len(heard.card) == {CardForm.UID4: 8, CardForm.UID7: 14}[heard.form]
        assert heard.card[:2] != "08" or heard.form is CardForm.UID7


# --- states ----------------------------------------------------------------------------------------------------------

EMPTY, THERE, MUTE = 0x12, 0x22, 0x222
STATES = [
    ("a card comes and stays", [EMPTY, 0x10000 | THERE, 0x10000 | THERE], [1]),
    ("it lies there at the first look", [0x10000 | THERE, 0x10000 | THERE], []),
    ("it lay there, left, and came", [0x10000 | THERE, 0x20000 | EMPTY, 0x30000 | THERE], [2]),
    ("swapped between two looks", [EMPTY, 0x10000 | THERE, 0x30000 | THERE], [1, 2]),
    ("swapped where it lay at first", [0x10000 | THERE, 0x30000 | THERE], [1]),
    ("in use by another program", [EMPTY, 0x10000 | THERE, 0x10000 | THERE | 0x100], [1]),
    ("one that does not answer", [EMPTY, 0x10000 | MUTE, 0x20000 | EMPTY, 0x30000 | THERE], [1, 3]),
    ("the count begins anew", [0xFFFF0000 | EMPTY, THERE], [1]),
]


@pytest.mark.parametrize(("states", "came"), [case[1:] for case in STATES], ids=[case[0] for case in STATES])
def test_a_card_comes_once(states: list[int], came: list[int]) -> None:
    presence = Presence()
    assert [at for at, state in enumerate(states) if presence.came(state)] == came


@given(states=st.lists(st.integers(0, 2**32 - 1)))
def test_any_states_bring_no_card_where_none_is_there(states: list[int]) -> None:
    presence = Presence()
    for at, state in enumerate(states):
        assert not presence.came(state) or (at > 0 and state & 0x20)


# --- cards on the wire -----------------------------------------------------------------------------------------------


def taps(kept: Kept) -> list[str]:
    return [tap.card for tap in kept.readings if isinstance(tap, Tap)]


async def test_cards_are_taps_once_each_with_their_form(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        for turn, uid in enumerate([UID4, UID7], 1):
            reader.hold(uid)
            await until(lambda turn=turn: len(kept.readings) == turn)
        looks = reader.looks
        await until(lambda: reader.looks > looks + 1)  # held: the service has looked again, twice
        assert taps(kept) == ["24548AAC", "0456463AAC2280"]
        assert [tap.form for tap in kept.readings] == [CardForm.UID4, CardForm.UID7]
        assert reader.read_times == 2
        assert (kept.station.totals().frames, kept.station.totals().garbled) == (2, 0)


async def test_a_tap_has_the_time_of_its_card(tmp_path: Path) -> None:
    clock = FastClock()
    async with far_reader(tmp_path) as reader, pcsc.connect(SETTINGS, clock, no_secrets) as opened:
        readings = aiter(opened)
        reader.hold(UID4)
        await until(lambda: opened._taps)
        clock.advance(60)
        tap = await anext(readings)
    assert tap == Tap(card="24548AAC", form=CardForm.UID4, at_ns=START_NS, monotonic_ns=1_000_000_000)


async def test_what_is_no_card_is_counted_and_the_next_card_read(tmp_path: Path) -> None:
    answers = [b"\x90", RANDOM_UID + OK]
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        for turn, answer in enumerate(answers, 1):
            reader.answer = lambda _uid, answer=answer: answer
            reader.hold(UID4)
            await until(lambda turn=turn: kept.station.totals().garbled == turn)
        reader.answer = None
        reader.hold(UID7)
        await until(lambda: kept.readings)
        assert taps(kept) == ["0456463AAC2280"]
        assert kept.station.totals().last_garbled == (RANDOM_UID + OK).hex()
        assert kept.states == ["working"]


async def test_a_card_at_the_edge_of_the_field_is_read_at_the_second_try(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        reader.answer = lambda uid: b"\x63\x00" if reader.read_times == 1 else uid + OK
        reader.hold(UID4)
        await until(lambda: kept.readings)
        assert (taps(kept), reader.read_times, kept.station.totals().garbled) == (["24548AAC"], 2, 0)


async def test_a_card_pulled_while_it_is_read_invents_nothing(tmp_path: Path) -> None:
    def pull(_uid: bytes) -> bytes:
        reader.take_away()
        return UID4[:2]

    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        reader.answer = pull
        reader.hold(UID4)
        await until(lambda: kept.station.totals().garbled == 1)
        reader.answer = None
        reader.hold(UID7)
        await until(lambda: kept.readings)
        assert taps(kept) == ["0456463AAC2280"]
        assert kept.states == ["working"]


def _until_the_service_sees_a_card() -> None:
    with open_service() as service:
        name = service.find(SETTINGS.reader)
        state = service.state(name, UNAWARE, 1000)
        while not state & PRESENT:
            state = service.state(name, state, 1000)


async def test_a_card_that_lies_there_from_before_is_no_tap(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader:
        reader.hold(UID4)
        await asyncio.to_thread(_until_the_service_sees_a_card)
        async with kept_reading(pcsc, SETTINGS) as kept:
            await until(kept.works)
            reader.hold(UID7)
            await until(lambda: kept.readings)
        assert taps(kept) == ["0456463AAC2280"]


# --- lights ----------------------------------------------------------------------------------------------------------


LIGHTS_IN_TURN = [  # the beeps add up
    (Light.ACCEPTED, "G", 1), (Light.REFUSED, "R", 4), (Light.WAIT, "W", 4), (Light.READY, "A", 5),
    (Light.UNKNOWN, "U", 6), (Light.ALERT, "!", 8), (Light.DRILL, "D", 8), (Light.ALARM, "!", 11),
]  # fmt: skip


async def test_a_light_comes_while_the_card_is_held(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, pcsc.connect(SETTINGS, FastClock(), no_secrets) as opened:
        assert reader.own_beep
        showing = asyncio.create_task(reader.show(UID4, 5.0))
        assert (await anext(aiter(opened))).card == "24548AAC"
        for light, shown, beeps in LIGHTS_IN_TURN:
            await opened.show(light)
            assert (reader.last_light, reader.beeps, reader.own_beep) == (shown, beeps, False)
        assert await showing


async def test_without_a_card_a_light_comes_if_escapes_are_allowed(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, pcsc.connect(SETTINGS, FastClock(), no_secrets) as opened:
        await opened.show(Light.WAIT)
        assert reader.last_light == "W"


async def test_without_a_card_and_without_escapes_nothing_is_shown_and_nothing_fails(tmp_path: Path) -> None:
    async with (
        far_reader(tmp_path, escapes=False) as reader,
        pcsc.connect(SETTINGS, FastClock(), no_secrets) as opened,
    ):
        await opened.show(Light.WAIT)
        assert reader.last_light == ""


async def test_lights_are_off_unless_they_are_configured(tmp_path: Path) -> None:
    plain = Settings(reader=f"{NAME}*", poll_ms=50)
    async with far_reader(tmp_path) as reader, pcsc.connect(plain, FastClock(), no_secrets) as opened:
        for light in Light:
            await opened.show(light)
        assert (reader.last_light, reader.beeps, reader.own_beep) == ("", 0, True)


# --- the reader is lost ----------------------------------------------------------------------------------------------


async def test_back_within_two_seconds_after_the_plug_is(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        reader.unplug()
        await until(lambda: kept.states[-1] == "R-302")
        reader.plug()
        took_s = await until(kept.works)
        reader.hold(UID4)
        took_s += await until(lambda: kept.readings)
        assert took_s < 2
    assert taps(kept) == ["24548AAC"]


async def test_a_reader_that_hangs_up_is_gone(tmp_path: Path) -> None:
    """As pcscd sees it on USB: the reader is still listed, but does not answer."""
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        reader.hang_up()
        await until(lambda: kept.states[-1] == "R-302")
        assert kept.states == ["working", "R-302"]


async def test_the_service_is_killed_and_comes_back(tmp_path: Path) -> None:
    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        assert reader.service is not None
        reader.service.kill()
        await until(lambda: kept.states[-1] == "R-301")
        await reader.service.start()
        await until(kept.works)
        reader.hold(UID4)
        await until(lambda: kept.readings)
        assert kept.states == ["working", "R-301", "working"]


async def test_a_service_killed_while_a_card_is_read_invents_nothing(tmp_path: Path) -> None:
    def kill(_uid: bytes) -> bytes:
        assert reader.service is not None
        reader.service.kill()
        return UID4 + OK

    async with far_reader(tmp_path) as reader, kept_reading(pcsc, SETTINGS) as kept:
        await until(kept.works)
        reader.answer = kill
        reader.hold(UID4)
        await until(lambda: kept.states[-1] == "R-301")
        assert kept.readings == []


async def test_a_lost_service_leaves_nothing_open(tmp_path: Path) -> None:
    before = open_files()
    async with far_reader(tmp_path) as reader:
        assert reader.service is not None
        async with kept_reading(pcsc, SETTINGS) as kept:
            for turn in range(2):
                await until(kept.works)
                reader.service.kill()
                await until(lambda turn=turn: kept.states.count("R-301") == turn + 1)
                await reader.service.start()
    assert open_files() == before


# --- probe -----------------------------------------------------------------------------------------------------------


async def test_a_pattern_that_fits_two_readers_is_refused(tmp_path: Path) -> None:
    readers = [PluggedReader("one", tmp_path / "one"), PluggedReader("two", tmp_path / "two")]
    for one in readers:
        one.plug()
    service = PcscService(tmp_path, SOCKET, {f"{NAME} [{one.name}]": one.line.link for one in readers})
    await service.start()
    found = await asyncio.to_thread(pcsc.probe, SETTINGS)
    exact = await asyncio.to_thread(pcsc.probe, Settings(reader=f"{NAME} ?one? *"))
    await service.end()
    for one in readers:
        one.unplug()
    assert (found.code, exact.code) == ("R-303", "")


async def test_probe_tells_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await asyncio.to_thread(pcsc.probe, SETTINGS)).code == "R-301"
    service = PcscService(tmp_path, SOCKET, {})
    await service.start()
    assert (await asyncio.to_thread(pcsc.probe, SETTINGS)).code == "R-302"
    await service.end()
    async with far_reader(tmp_path) as reader:
        found = await asyncio.to_thread(pcsc.probe, SETTINGS)
        assert (found.verdict, found.code) == (Verdict.OK, "")
        assert NAME in found.what
        other = await asyncio.to_thread(pcsc.probe, Settings(reader="OMNIKEY*"))
        assert other.code == "R-302"
        assert NAME in other.what
        assert reader.service is not None
        monkeypatch.setattr(pcsc, "PROBE_S", 0.2)
        os.kill(reader.service.pid, signal.SIGSTOP)
        assert (await asyncio.to_thread(pcsc.probe, SETTINGS)).code == "R-305"


# --- in its cell -----------------------------------------------------------------------------------------------------


async def test_in_its_cell_it_reads_shows_and_outlives_a_service_that_hangs(tmp_path: Path) -> None:
    config = SourceConfig(name="canteen", kind="reader", driver="pcsc", settings=SETTINGS, places={})
    async with (
        far_reader(tmp_path) as reader,
        Cells([config], SystemClock(), dict(os.environ)) as cells,
        kept_reading(cells.driver(config), SETTINGS) as kept,
    ):
        await until(kept.works)
        reader.hold(UID4)
        await until(lambda: kept.readings)
        assert reader.service is not None
        os.kill(reader.service.pid, signal.SIGSTOP)
        await until(lambda: not kept.works())
        assert kept.states[-1] == "U-102"
        os.kill(reader.service.pid, signal.SIGCONT)
        await until(kept.works)
        reader.hold(UID7)
        await until(lambda: len(kept.readings) == 2)
    assert taps(kept) == ["24548AAC", "0456463AAC2280"]
