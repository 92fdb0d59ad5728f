"""From the plug to the first card read, for each kind of reader, under the daemon's own supervisor and in its cell.

A person holds a card as soon as the reader works. The readers are simulated (simulator/): a line on a pty, a device
node that is a named pipe, and a reader on a serial line of a private pcscd, which is started again at each plug since
it looks for serial readers at its start only; a reader on USB is told to it by udev.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agent.config import SourceConfig
from bench.figure import Figure, median
from bench.kept import Kept, kept, until
from drivers.catalog import load
from simulator.card_reader import CardReader, ironlogic_line
from simulator.pcsc_reader import PcscReader
from simulator.pcsc_service import PcscService
from simulator.typing_reader import TypingReader

PLUGS = 10
LIMIT_S = 2.0
NAME = "ACS ACR122U PICC Interface"
SOCKET = "pcscd.comm"


class Plugged(NamedTuple):
    """One reader on the far side."""

    settings: dict[str, Any]
    plug: Callable[[], None]
    unplug: Callable[[], None]
    show: Callable[[int], object]


async def measure(folder: Path) -> list[Figure]:
    found = []
    for driver, words, kind in KINDS:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            async with kind(Path(name)) as reader:
                taken = await _plugs(driver, reader, Path(name))
        value = median(taken)
        found.append(
            Figure(
                figure=f"plugged in to first card read, {words}, median", value=value, unit="s",
                limit_or_peer=f"{LIMIT_S:.0f} s", ratio=value / LIMIT_S, target="each <= 2 s",
                met=max(taken) <= LIMIT_S, range=(min(taken), max(taken)), runs=len(taken),
            )
        )  # fmt: skip
    return found


async def _plugs(driver: str, reader: Plugged, folder: Path) -> list[float]:
    """Seconds from each plug to the tap."""
    logging.getLogger("agent.sources").setLevel(logging.CRITICAL)  # what it tells of each plug is what we do
    rng = random.Random(1)
    settings = load(driver).Settings(**reader.settings)
    config = SourceConfig(name="reader", kind="reader", driver=driver, settings=settings, places={})
    environment, taken = {"PATH": os.defpath, "PCSCLITE_CSOCK_NAME": str(folder / SOCKET)}, []
    async with kept([config], environment) as device:
        await until(device.works)
        for turn in range(1, PLUGS + 1):
            reader.unplug()
            await until(device.failed)
            await asyncio.sleep(rng.uniform(0.0, 1.0))  # a plug comes at any moment between two tries
            began_s = time.monotonic()
            reader.plug()
            await until(device.works)
            reader.show(turn)
            await until(partial(_has_read, device, turn))
            taken.append(time.monotonic() - began_s)
    return taken


def _has_read(device: Kept, readings: int) -> bool:
    return device.stations[0].readings == readings


@asynccontextmanager
async def _serial(folder: Path) -> AsyncIterator[Plugged]:
    reader = CardReader("reader", folder / "reader", "ironlogic")
    reader.line.plug()
    settings = {"port": str(reader.line.link), "format": load("serial_ascii").Format.IRONLOGIC}

    def show(turn: int) -> None:
        reader.line.send(ironlogic_line(bytes((0x6F, 0, 0, 0, turn))))

    yield Plugged(settings, reader.line.plug, reader.line.unplug, show)
    reader.line.unplug()


@asynccontextmanager
async def _typing(folder: Path) -> AsyncIterator[Plugged]:
    reader = TypingReader("reader", folder / "reader")
    reader.plug()
    hid = load("hid")
    settings = {"device": str(reader.link), "format": hid.Format.TEN_DIGITS, "form": hid.CardForm.WIEGAND34}
    yield Plugged(settings, reader.plug, reader.unplug, lambda turn: reader.type(f"{turn:010d}"))
    reader.unplug()


@asynccontextmanager
async def _pcsc(folder: Path) -> AsyncIterator[Plugged]:
    reader = PcscReader("reader", folder / "reader")
    reader.plug()
    reader.service = PcscService(folder, folder / SOCKET, {NAME: reader.line.link})
    await reader.service.start()

    def unplug() -> None:
        reader.take_away()
        reader.unplug()

    def show(turn: int) -> None:
        reader.hold(bytes((0x24, 0, 0, turn)))

    try:
        yield Plugged({"reader": f"{NAME}*"}, reader.plug, unplug, show)
    finally:
        with contextlib.suppress(OSError):
            await reader.service.end()
        reader.line.unplug()


Kind = Callable[[Path], AbstractAsyncContextManager[Plugged]]
KINDS: list[tuple[str, str, Kind]] = [
    ("serial_ascii", "serial", _serial),
    ("hid", "keyboard-type", _typing),
    ("pcsc", "PC/SC, with a start of pcscd", _pcsc),
]
