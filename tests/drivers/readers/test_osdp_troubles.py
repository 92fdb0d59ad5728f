"""Wires, power and noise: each trouble is told or healed, nothing is read twice or invented, and it is back soon."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drivers.readers.osdp_wires import CARD, KEY, impatient, kept, tapped, taps, wires
from tests.drivers.supervised import until

BACK_S = 1.5
__all__ = ["impatient"]  # a fixture


def numbered(number: int) -> bytes:
    return number.to_bytes(3, "big")


async def test_a_plug_that_is_pulled_is_told_and_heals(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, baud=9600) as bus, kept(bus) as found:
        await until(found.works)
        bus.line.unplug()
        await until(lambda: found.states[-1] == "P-101")
        assert found.states[:2] == ["working", "P-104"]
        bus.line.plug()
        began_s = asyncio.get_running_loop().time()
        await tapped(bus.readers[1], found, CARD)
        assert asyncio.get_running_loop().time() - began_s < BACK_S


async def test_a_plug_is_pulled_with_several_readers_behind_it(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY) as bus, kept(bus, 1) as one, kept(bus, 2) as two:
        await until(lambda: one.works() and two.works())
        bus.line.unplug()
        await until(lambda: one.states[-1] == two.states[-1] == "P-101")
        bus.line.plug()
        assert await until(lambda: one.works() and two.works()) < BACK_S


@pytest.mark.usefixtures("impatient")
async def test_a_silent_reader_is_told_and_heals(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, baud=9600) as bus, kept(bus) as found:
        await until(found.works)
        bus.wires.silent.add(bus.far)
        await until(lambda: found.states[-1] == "R-201")
        bus.wires.silent.clear()
        assert await until(found.works) < BACK_S
        await tapped(bus.readers[1], found, CARD)


async def test_power_that_fails_for_a_moment_is_no_trouble(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)
        bus.readers[1].switch_off()
        await bus.readers[1].switch_on()
        await tapped(bus.readers[1], found, CARD)
        assert found.states == ["working"]


@pytest.mark.usefixtures("impatient")
async def test_a_reader_without_power_is_told_and_heals(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, baud=9600, absent=(1,)) as bus, kept(bus) as found:
        await until(lambda: found.states == ["R-201"])
        await bus.readers[1].switch_on()
        assert await until(found.works) < BACK_S
        await tapped(bus.readers[1], found, CARD)


@pytest.mark.usefixtures("impatient")
async def test_a_dead_reader_costs_the_others_little(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY, absent=(2,)) as bus, kept(bus, 1) as one, kept(bus, 2) as two:
        await until(one.works)
        await until(lambda: two.states == ["R-201"])
        reader = bus.readers[1]
        for number in range(1, 9):
            assert await reader.show(numbered(number), 3.0) == "G"
        assert sorted(reader.latency_ms)[len(reader.latency_ms) // 2] < 150
        assert (one.states, taps(one)) == (["working"], [f"{number:06X}" for number in range(1, 9)])


def at_times(rng: random.Random, damage: Callable[[bytearray], None], every: int) -> Callable[[bytes], bytes]:
    """Damage one in so many frames."""

    def disturb(data: bytes) -> bytes:
        if rng.randrange(every):
            return data
        changed = bytearray(data)
        damage(changed)
        return bytes(changed)

    return disturb


def flip(data: bytearray) -> None:
    data[len(data) // 2] ^= 0x20


def cut(data: bytearray) -> None:
    del data[len(data) // 2 :]


def add_noise(data: bytearray) -> None:
    data[:0] = b"\x53\x81\xff\x00\x0c"


def swallow(data: bytearray) -> None:
    data.clear()


async def read_over_a_bad_line(folder: Path, end: str, damage: Callable[[bytearray], None]) -> None:
    folder.mkdir()
    async with wires(folder, KEY) as bus, kept(bus) as found:
        await until(found.works)
        bus.wires.disturb["bus" if end == "agent's" else bus.far] = at_times(random.Random(3), damage, 15)
        for number in range(1, 13):
            await bus.readers[1].show(numbered(number), 0.3)
        bus.wires.disturb.clear()
        await tapped(bus.readers[1], found, CARD)
        read = taps(found)[:-1]
        assert len(read) == len(set(read))
        assert set(read) <= {f"{number:06X}" for number in range(1, 13)}
        assert len(read) >= 7
        assert set(found.states) <= {"working", "R-201"}


async def test_a_bad_line_gives_no_false_card_and_none_twice(tmp_path: Path) -> None:
    """All kinds of damage at once, each on wires of its own."""
    lines = [(end, damage) for end in ("agent's", "readers'") for damage in (flip, swallow, cut, add_noise)]
    async with asyncio.TaskGroup() as tasks:
        for number, (end, damage) in enumerate(lines):
            tasks.create_task(read_over_a_bad_line(tmp_path / str(number), end, damage))


@pytest.mark.usefixtures("impatient")
async def test_a_line_of_pure_noise_is_told(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)
        rng = random.Random(1)
        bus.wires.disturb[bus.far] = lambda data: rng.randbytes(len(data))
        await until(lambda: found.states[-1] == "R-201")
        assert found.station.totals().garbled > 2
        bus.wires.disturb.clear()
        await until(found.works, BACK_S)


async def test_what_a_reader_kept_while_it_was_cut_off_is_no_tap_of_now(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus:
        bus.readers[1].hold(26, bytes.fromhex("3D9CB940"))  # nobody listens: the child went away long ago
        async with kept(bus) as found:
            await until(found.works)
            await tapped(bus.readers[1], found, numbered(1))
            assert taps(found) == ["000001"]
            assert found.station.totals().repeats == 1


async def test_a_light_waits_for_the_end_of_a_short_outage(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)

        def lose_after_the_card(data: bytes) -> bytes:
            if len(taps(found)):
                del bus.wires.disturb["bus"]
                bus.readers[1].switch_off()
                asyncio.get_running_loop().create_task(bus.readers[1].switch_on())
            return data

        bus.wires.disturb["bus"] = lose_after_the_card
        assert await bus.readers[1].show(CARD, 3.0) == "G"
        assert found.states == ["working"]
