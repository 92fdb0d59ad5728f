"""Every way to a common key, against libosdp's own device side: and none that leads to a tap without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from simulator.osdp_reader import OsdpBus
from tests.drivers.readers.osdp_wires import CARD, FOREIGN, KEY, OTHER, kept, tapped, taps, wires
from tests.drivers.supervised import until


async def test_the_key_of_now(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus, before=OTHER) as found:
        await until(found.works)
        await tapped(bus.readers[1], found, CARD)
        assert bus.readers[1].keysets == 0


async def test_a_reader_with_the_key_of_before_gets_the_one_of_now(tmp_path: Path) -> None:
    async with wires(tmp_path, OTHER) as bus:
        async with kept(bus, before=OTHER) as found:
            await until(found.works)
            await tapped(bus.readers[1], found, CARD)
            assert found.states == ["working"]
        assert (bus.readers[1].key, bus.readers[1].keysets) == (KEY, 1)
        async with kept(bus) as found:
            await until(found.works)
        assert KEY not in bytes(bus.wires.said)


async def test_a_new_reader_gets_the_key_when_it_is_installed(tmp_path: Path) -> None:
    async with wires(tmp_path, b"") as bus:
        async with kept(bus, install=True) as found:
            await until(found.works)
            await tapped(bus.readers[1], found, CARD)
        assert (bus.readers[1].key, bus.readers[1].keysets) == (KEY, 1)
        async with kept(bus) as found:  # and keeps it
            await until(found.works)
            await tapped(bus.readers[1], found, CARD)


async def test_with_the_three_ways_the_right_one_is_found(tmp_path: Path) -> None:
    async with wires(tmp_path, b"", OTHER, KEY) as bus:

        async def read(address: int) -> None:
            async with kept(bus, address, before=OTHER, install=True) as found:
                await until(found.works)
                await tapped(bus.readers[address], found, CARD)

        await asyncio.gather(*(read(address) for address in bus.readers))
        assert {reader.key for reader in bus.readers.values()} == {KEY}


async def test_a_new_reader_is_not_touched_unless_it_is_installed(tmp_path: Path) -> None:
    async with wires(tmp_path, b"") as bus, kept(bus, before=OTHER) as found:
        await until(lambda: found.states == ["R-202"])
        bus.readers[1].hold(26, bytes.fromhex("3D9CB940"))
        await said_more(bus)
        assert (found.states, taps(found), bus.readers[1].keysets) == (["R-202"], [], 0)


async def test_a_reader_with_a_foreign_key_is_told_and_never_believed(tmp_path: Path) -> None:
    async with wires(tmp_path, FOREIGN) as bus, kept(bus, before=OTHER, install=True) as found:
        await until(lambda: found.states == ["R-202"])
        assert found.station.trouble is not None
        assert "default key" in found.station.trouble.do
        bus.readers[1].hold(26, bytes.fromhex("3D9CB940"))
        await said_more(bus)
        assert (taps(found), bus.readers[1].keysets, bus.readers[1].key) == ([], 0, FOREIGN)
        bus.readers[1].key = KEY  # a technician sets it right
        bus.readers[1].switch_off()
        await bus.readers[1].switch_on()
        await until(found.works, 5.0)
        await tapped(bus.readers[1], found, CARD)


async def test_one_with_a_foreign_key_disturbs_nobody(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, FOREIGN) as bus, kept(bus, 1) as one, kept(bus, 2) as two:
        await until(one.works)
        await until(lambda: two.states == ["R-202"])
        await tapped(bus.readers[1], one, CARD)
        assert one.states == ["working"]


async def ended_after(frames: int, folder: Path) -> bytes:
    """The key that the reader has when the first process is ended, so many frames after its start."""
    folder.mkdir()
    async with wires(folder, OTHER) as bus:
        sent, bus.wires.disturb["bus"] = counted()
        async with kept(bus, before=OTHER):
            await until(lambda: len(sent) >= frames)
        met = bus.readers[1].key
        async with kept(bus, before=OTHER) as found:
            await until(found.works)
        assert bus.readers[1].key == KEY
        return met


async def test_ended_at_any_frame_of_a_key_change_it_finds_its_way(tmp_path: Path) -> None:
    """Ended one frame later each time: before, while and after the key is written."""
    met = await asyncio.gather(*(ended_after(frames, tmp_path / str(frames)) for frames in range(5, 13)))
    assert (met[0], met[-1]) == (OTHER, KEY)


def counted() -> tuple[list[bytes], Callable[[bytes], bytes]]:
    """What passes, and the disturbance that only looks."""
    passed: list[bytes] = []

    def look(data: bytes) -> bytes:
        passed.append(data)
        return data

    return passed, look


async def said_more(bus: OsdpBus) -> None:
    """Until the line has carried some more handshakes."""
    said = len(bus.wires.said)
    await until(lambda: len(bus.wires.said) > said + 300)


async def test_a_reader_that_refuses_the_new_key_is_told_and_not_used(tmp_path: Path) -> None:
    async with wires(tmp_path, OTHER) as bus:
        bus.readers[1].know_nothing()
        async with kept(bus, before=OTHER) as found:
            await until(lambda: found.states == ["R-205"])
            bus.readers[1].hold(26, bytes.fromhex("3D9CB940"))
            await said_more(bus)
            assert (found.states, taps(found), bus.readers[1].key) == (["R-205"], [], OTHER)


async def test_a_reader_that_forgets_its_key_while_it_works(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus, kept(bus) as found:
        await until(found.works)
        bus.readers[1].key = FOREIGN
        bus.readers[1].switch_off()
        await bus.readers[1].switch_on()
        await until(lambda: found.states[-1] == "R-202")
