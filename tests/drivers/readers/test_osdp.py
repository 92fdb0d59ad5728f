"""The driver on a real bus: taps, lights, several readers, what a reader tells of itself; settings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.clock import SystemClock
from drivers.driver import Driver
from drivers.errors import DeviceError
from drivers.readers import osdp
from drivers.readers.osdp import LIGHTS
from drivers.readings import CardForm, ContactChange, Light, Tap
from simulator.osdp_reader import wiegand
from tests.drivers.readers.osdp_wires import CARD, KEY, contacts, kept, settings, tapped, taps, wires
from tests.drivers.supervised import until
from tests.secrets import these_secrets

_: Driver[osdp.Settings, Tap | ContactChange] = osdp


@pytest.mark.parametrize("baud", [9600, 38400, 115200])
async def test_a_card_is_read_and_answered_at_every_speed(tmp_path: Path, baud: int) -> None:
    async with wires(tmp_path, KEY, baud=baud) as bus, kept(bus) as found:
        await until(found.works)
        await tapped(bus.readers[1], found, CARD)
        assert bus.readers[1].last_light == "G"
        await until(lambda: bus.readers[1].beeps == 1)
        tap = next(one for one in found.readings if isinstance(one, Tap))
        assert (tap.card, tap.form) == ("7B3972", CardForm.WIEGAND26)
        assert CARD not in bytes(bus.wires.said)
        assert bytes.fromhex("3D9CB940") not in bytes(bus.wires.said)


@pytest.mark.parametrize(
    ("light", "letter", "beeps", "beep_s"),
    [
        (Light.REFUSED, "R", 3, 0.1),
        (Light.WAIT, "W", 0, 0.0),
        (Light.READY, "A", 1, 0.1),
        (Light.UNKNOWN, "U", 1, 0.8),
    ],
)
async def test_the_other_lights(tmp_path: Path, light: Light, letter: str, beeps: int, beep_s: float) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus, light=light) as found:
        await until(found.works)
        await tapped(bus.readers[1], found, CARD)
        assert bus.readers[1].last_light == letter
        await until(lambda: (bus.readers[1].beeps, bus.readers[1].beep_s) == (beeps, beep_s))


def test_every_light_is_shown_and_no_two_alike() -> None:
    assert set(LIGHTS) == set(Light)
    assert len(set(LIGHTS.values())) == len(Light)
    assert [light for light, shown in LIGHTS.items() if shown.colour == "green"] == [Light.ACCEPTED]


@pytest.mark.parametrize(
    ("card", "number", "form"),
    [
        ("AC8A5424", "AC8A5424", CardForm.WIEGAND34),
        ("0456463AAC2280", "0456463AAC2280", CardForm.UID7),
    ],
)
async def test_other_cards(tmp_path: Path, card: str, number: str, form: CardForm) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)
        await tapped(bus.readers[1], found, bytes.fromhex(card))
        assert [(one.card, one.form) for one in found.readings if isinstance(one, Tap)] == [(number, form)]


async def test_no_card_that_is_none_and_no_card_twice(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        reader, counters = bus.readers[1], found.station.totals
        await until(found.works)
        await tapped(reader, found, CARD)
        reader.hold(26, bytes.fromhex("BD9CB940"))  # a parity bit is wrong
        reader.hold(37, bytes.fromhex("3D9CB94000"))
        reader.hold(26, bytes.fromhex("3D9CB940"))  # held on
        await until(lambda: (counters().garbled, counters().repeats) == (2, 1))
        await tapped(reader, found, bytes.fromhex("000001"))
        assert taps(found) == ["7B3972", "000001"]
        assert counters().last_garbled == "a card of 37 bits"


async def test_cover_and_power(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(lambda: len(found.readings) == 2)
        bus.readers[1].cover(opened=True)
        await until(lambda: len(found.readings) == 3)
        bus.readers[1].weak_power(weak=True)
        bus.readers[1].cover(opened=False)
        await until(lambda: len(found.readings) == 5)
        assert contacts(found) == [
            ("tamper", "idle", None),
            ("power", "idle", None),
            ("tamper", "active", "idle"),
            ("power", "active", "idle"),
            ("tamper", "idle", "active"),
        ]


async def test_a_reader_that_refuses_all_but_the_necessary_reads_cards(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus:
        bus.readers[1].know_nothing()
        async with kept(bus) as found:
            await until(found.works)
            for number in range(1, 4):
                bus.readers[1].hold(*wiegand(bytes([0, 0, number])))
                await until(lambda number=number: len(taps(found)) == number)
            assert taps(found) == ["000001", "000002", "000003"]
            assert found.states == ["working"]


async def test_several_readers_share_a_bus(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY, KEY) as bus, kept(bus, 1) as one, kept(bus, 2) as two, kept(bus, 3) as three:
        for address, found in ((1, one), (2, two), (3, three)):
            await until(found.works)
            await tapped(bus.readers[address], found, bytes([0, 0, address]))
        assert (taps(one), taps(two), taps(three)) == (["000001"], ["000002"], ["000003"])
        assert one.states == two.states == three.states == ["working"]


async def test_one_comes_and_goes_and_the_others_do_not_notice(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY) as bus, kept(bus, 1) as one:
        await until(one.works)
        for _ in range(3):
            async with kept(bus, 2) as two:
                await until(two.works)
        await tapped(bus.readers[1], one, CARD)
        assert one.states == ["working"]
        assert one.station.totals().garbled == 0


SETTINGS = {"port": "/dev/bus", "address": 1, "key": "osdp-1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": 127},
        {"baud": 1200},
        {"key": ""},
        {"lights": {"accepted": {"colour": "pink"}}},
        {"lights": {"accepted": {"colour": "green", "seconds": 60}}},
        {"speed": 1},
    ],
)
def test_settings_that_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(SETTINGS | wrong, osdp.Settings)


def test_a_reader_claims_its_address_and_the_bus_is_shared() -> None:
    assert msgspec.convert(SETTINGS, osdp.Settings).claims == (("/dev/bus", "address 1"),)


async def test_a_secret_that_is_no_key_is_told(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus:
        with pytest.raises(DeviceError, match="R-204"):
            async with osdp.connect(settings(bus), SystemClock(), these_secrets(key="12345")):
                pass


async def test_two_that_want_different_things_of_one_bus_are_refused(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)
        for wrong in ({"baud": 9600, "address": 2}, {"address": 1}):
            told = msgspec.structs.replace(settings(bus), **wrong)
            with pytest.raises(DeviceError, match="R-206"):
                async with osdp.connect(told, SystemClock(), these_secrets(key=KEY.hex())):
                    pass
        await tapped(bus.readers[1], found, CARD)
        assert found.states == ["working"]
