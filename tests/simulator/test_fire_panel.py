"""The panel answers as a published capture of a Bolid S2000-PP: checksums and all, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import serial

from simulator.fire_panel import FirePanel
from tests.drivers.supervised import until

CAPTURED = [(0x18, 0xBC), (0x18, 0xBC), (0xC7, 0x2F), (0xFA, 0xBB), (0xFB, 0x00), (0x6D, 0xBC), (0x6D, 0xBC)]
EXCHANGES = [  # question, answer
    ("02 03 9C40 0007 2BBF", "02 03 0E 18BC 18BC C72F FABB FB00 6DBC 6DBC ECB7"),  # the capture
    ("02 03 9C42 0001 0A7D", "02 03 02 C72F EFA8"),
    ("02 03 B448 0001 23DF", "02 03 02 0024 FC5F"),  # the type, 36
]
BUSY = "02 83 06"


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[FirePanel]:
    panel = FirePanel(tmp_path, "panel", zones=len(CAPTURED))
    for zone, codes in enumerate(CAPTURED, 1):
        panel.set(zone, codes)
    await panel.start()
    yield panel
    await panel.stop()


async def asked(panel: FirePanel, question: str, length: int) -> bytes:
    """The answer on the wire, as many bytes as are expected."""
    with closing(serial.Serial(str(panel.agent_end.link), timeout=0)) as port:
        port.write(bytes.fromhex(question))
        heard = bytearray()

        def enough() -> bool:
            heard.extend(port.read(1_000))
            return len(heard) >= length

        await until(enough)
        return bytes(heard)


@pytest.mark.parametrize(("question", "answer"), EXCHANGES)
async def test_it_answers_as_captured(panel: FirePanel, question: str, answer: str) -> None:
    expected = bytes.fromhex(answer)
    assert await asked(panel, question, len(expected)) == expected
    assert panel.asked == {3}
    assert panel.questions == 1


async def test_a_busy_panel_says_so(panel: FirePanel) -> None:
    panel.busy = True
    assert (await asked(panel, EXCHANGES[0][0], 5))[:3] == bytes.fromhex(BUSY)


async def test_a_zone_that_changes_is_answered_from_then_on(panel: FirePanel) -> None:
    await asked(panel, EXCHANGES[1][0], 7)
    panel.set(3, (37, 44))
    assert (await asked(panel, EXCHANGES[1][0], 7))[3:5] == bytes([37, 44])


async def test_it_records_whoever_writes(panel: FirePanel) -> None:
    """So that a test can say that nobody did."""
    await asked(panel, "02 06 9C40 0000 A67D", 5)
    assert panel.asked == {6}


async def test_it_stops_and_starts_again(panel: FirePanel) -> None:
    await panel.stop()
    assert not panel.agent_end.plugged
    await panel.start()
    assert await asked(panel, EXCHANGES[2][0], 7) == bytes.fromhex(EXCHANGES[2][1])
    await asyncio.sleep(0)
