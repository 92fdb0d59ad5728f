"""All ends hear what one says, in time; silence, damage and interruption do what they say."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.serial_bus import SerialBus
from tests.drivers.supervised import until


class Ear:
    """One program at an end."""

    def __init__(self, path: Path) -> None:
        self.heard = b""
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd)
        asyncio.get_running_loop().add_reader(self._fd, self._hear)

    def say(self, data: bytes) -> None:
        os.write(self._fd, data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _hear(self) -> None:
        self.heard += os.read(self._fd, 4096)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[SerialBus]:
    bus = SerialBus(tmp_path, ["a", "b", "c"], baud=9600)
    bus.plug()
    yield bus
    bus.unplug()


@pytest.fixture
async def ears(bus: SerialBus) -> AsyncIterator[dict[str, Ear]]:
    ears = {name: Ear(end.link) for name, end in bus.ends.items()}
    yield ears
    for ear in ears.values():
        ear.close()


async def test_all_others_hear_it_no_faster_than_the_line(ears: dict[str, Ear]) -> None:
    ears["a"].say(b"x" * 48)
    assert await until(lambda: ears["b"].heard == ears["c"].heard == b"x" * 48) >= 48 * 10 / 9600 - 0.01
    assert ears["a"].heard == b""


async def test_a_silent_end_is_heard_by_nobody(bus: SerialBus, ears: dict[str, Ear]) -> None:
    bus.silent.add("a")
    ears["a"].say(b"lost")
    ears["b"].say(b"kept")
    await until(lambda: ears["a"].heard == ears["c"].heard == b"kept")
    assert bytes(bus.said) == b"kept"


async def test_damage_is_on_the_way(bus: SerialBus, ears: dict[str, Ear]) -> None:
    bus.disturb["a"] = bytes.upper
    ears["a"].say(b"abc")
    await until(lambda: ears["b"].heard == b"ABC")
    assert bytes(bus.said) == b"ABC"


async def test_who_interrupts_is_not_understood(ears: dict[str, Ear]) -> None:
    ears["a"].say(b"first" * 10)
    await asyncio.sleep(0.01)
    ears["b"].say(b"second")
    await until(lambda: len(ears["c"].heard) == 56)
    assert ears["c"].heard[:50] == b"first" * 10
    assert b"second" not in ears["c"].heard


async def test_one_end_is_pulled_and_comes_back(bus: SerialBus, ears: dict[str, Ear]) -> None:
    ears["c"].close()
    bus.ends["c"].unplug()
    ears["a"].say(b"1")
    await until(lambda: ears["b"].heard == b"1")
    bus.ends["c"].plug()
    ears["c"] = Ear(bus.ends["c"].link)
    ears["a"].say(b"2")
    await until(lambda: ears["c"].heard == b"2")
