"""The smoke detector: its three inputs as the maker's table has them, late answers, power gone and back on one port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulator.processes import free_port
from simulator.smoke_detector import MOUNTED, SERVICE, SMOKE, SmokeDetector

INPUTS = [
    (MOUNTED, [True, False, False]),
    (MOUNTED | SERVICE, [True, True, False]),
    (MOUNTED | SMOKE, [True, False, True]),
    (0, [False, False, False]),
]


@pytest.fixture
async def detector() -> AsyncIterator[SmokeDetector]:
    detector = SmokeDetector("duct", free_port())
    await detector.start()
    yield detector
    await detector.stop()


async def asked(detector: SmokeDetector) -> list[bool]:
    client = AsyncModbusTcpClient("127.0.0.1", port=detector.port, retries=0)
    assert await client.connect()
    try:
        return list((await client.read_discrete_inputs(0, count=3, device_id=1)).bits[:3])
    finally:
        client.close()


@pytest.mark.parametrize(("inputs", "bits"), INPUTS)
async def test_its_inputs_are_those_of_the_maker_s_table(
    detector: SmokeDetector, inputs: int, bits: list[bool]
) -> None:
    detector.inputs = inputs
    assert await asked(detector) == bits
    assert detector.smokes is bits[2]
    assert (detector.asked, detector.questions) == ({2}, 1)


async def test_it_may_answer_late(detector: SmokeDetector) -> None:
    detector.late_s = 0.2
    began_s = asyncio.get_running_loop().time()
    await asked(detector)
    assert asyncio.get_running_loop().time() - began_s >= 0.2


async def test_without_power_every_connection_ends_and_nobody_gets_through(detector: SmokeDetector) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", detector.port)
    await detector.stop()
    async with asyncio.timeout(10):
        assert await reader.read(1) == b""
    writer.close()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", detector.port)
    await detector.start()
    assert await asked(detector) == INPUTS[0][1]


async def test_it_records_whoever_writes(detector: SmokeDetector) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=detector.port, retries=0)
    assert await client.connect()
    await client.write_coil(0, True, device_id=1)
    client.close()
    assert detector.asked == {5}
