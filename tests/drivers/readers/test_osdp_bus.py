"""The bus itself: who shares it, whose turn it is, what a line may do between a frame and its answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.errors import DeviceError
from drivers.readers.osdp_bus import join
from drivers.readers.osdp_keys import Keys
from simulator.osdp_reader import OsdpBus
from tests.drivers.readers.osdp_wires import CARD, KEY, impatient, kept, tapped, wires
from tests.drivers.supervised import open_files, until

__all__ = ["impatient"]  # a fixture


async def test_all_on_one_port_have_one_bus_and_the_last_closes_it(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY) as bus:
        before, path = open_files(), str(bus.line.link)
        async with join(path, SystemClock(), baud=38400, address=1, keys=Keys(KEY)) as (one, _):
            async with join(path, SystemClock(), baud=38400, address=2, keys=Keys(KEY)) as (two, member):
                assert one is two
                await two.until_reads(member)
            assert list(one.members) == [1]
            assert len(open_files()) > len(before)
        assert open_files() == before
        async with join(path, SystemClock(), baud=38400, address=1, keys=Keys(KEY)) as (again, _):
            assert again is not one


async def test_two_names_of_one_port_are_one_bus(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY) as bus:
        other = tmp_path / "by-path"
        other.symlink_to(bus.line.link)
        async with (
            join(str(bus.line.link), SystemClock(), baud=38400, address=1, keys=Keys(KEY)) as (one, _),
            join(str(other), SystemClock(), baud=38400, address=2, keys=Keys(KEY)) as (two, member),
        ):
            assert one is two
            await two.until_reads(member)


async def test_a_reader_that_never_comes_to_rest_is_told_before_its_cell_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.readers.osdp_bus.READS_S", 0.5)
    monkeypatch.setattr("drivers.readers.osdp_member.ACK", 0)  # as if each answer brought news: nothing is ever out
    async with (
        wires(tmp_path, KEY) as bus,
        join(str(bus.line.link), SystemClock(), baud=38400, address=1, keys=Keys(KEY)) as (shared, member),
    ):
        with pytest.raises(DeviceError, match="R-201") as caught:
            await shared.until_reads(member)
        assert member.live
        assert "always has something to tell" in caught.value.what


async def test_many_come_and_go_at_once(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, KEY, KEY) as bus:
        before, path = open_files(), str(bus.line.link)

        async def come_and_go(address: int) -> None:
            for _ in range(3):
                async with join(path, SystemClock(), baud=38400, address=address, keys=Keys(KEY)) as (shared, member):
                    await shared.until_reads(member)

        await asyncio.gather(*(come_and_go(address) for address in bus.readers))
        assert open_files() == before


async def test_without_a_port_nobody_joins(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DeviceError, match="P-101"):
            async with join(str(tmp_path / "no"), SystemClock(), baud=9600, address=1, keys=Keys(KEY)):
                pass


def echoed(bus: OsdpBus) -> None:
    """An adapter that hears itself: what the agent says comes back to it."""
    listen = bus.line.on_data
    assert listen is not None

    def both(data: bytes) -> None:
        bus.line.send(data)
        listen(data)

    bus.line.on_data = both


async def test_an_adapter_that_hears_itself_does_no_harm(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY) as bus:
        echoed(bus)
        async with kept(bus) as found:
            await until(found.works)
            await tapped(bus.readers[1], found, CARD)
            assert (found.states, found.station.totals().garbled) == (["working"], 0)


async def test_an_answer_in_pieces_is_one_answer(tmp_path: Path) -> None:
    async with wires(tmp_path, KEY, baud=9600) as bus:
        send = bus.line.send

        def in_pieces(data: bytes) -> float:
            return [send(data[start : start + 3]) for start in range(0, len(data), 3)][-1]

        bus.line.send = in_pieces  # type: ignore[method-assign]
        async with kept(bus) as found:
            await until(found.works)
            await tapped(bus.readers[1], found, CARD)
            assert (found.states, found.station.totals().garbled) == (["working"], 0)


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_comes_too_late_is_nobodys(tmp_path: Path) -> None:
    """The reader answers a quarter of a second later: each answer falls into the time of the next question."""
    async with wires(tmp_path, KEY, KEY) as bus, kept(bus, 1) as one:
        await until(one.works)
        bus.line.late_s = 0.25
        await until(lambda: one.states[-1] == "R-201")
        bus.line.late_s = 0.0
        await until(one.works)
        await tapped(bus.readers[1], one, CARD)
        assert one.station.totals().repeats == 0


async def test_a_defect_in_its_task_is_told_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with wires(tmp_path, KEY, KEY) as bus, kept(bus, 1) as one, kept(bus, 2) as two:
        await until(lambda: one.works() and two.works())
        monkeypatch.setattr("drivers.readers.osdp_bus.next_frame", lambda _buffer: 1 / 0)
        await until(lambda: one.states[-1] == two.states[-1] == "R-190")
