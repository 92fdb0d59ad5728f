"""The device inside the gateway takes our orders; the gateway's own classes are stood in for."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench.peers import event, tap_connector
from bench.peers.feed import Feed, logged

ENTITIES = "thingsboard_gateway.gateway.entities"


class Converted:
    def __init__(self, device_name: str, device_type: str) -> None:
        self.device_name, self.device_type = device_name, device_type
        self.telemetry: list[tuple[dict[str, str], int]] = []

    def add_to_telemetry(self, entry: tuple[dict[str, str], int]) -> None:
        self.telemetry.append(entry)


class Gateway:
    """Takes everything but one."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], int]] = []

    def send_to_storage(self, _name: str, _id: str, data: Converted) -> str:
        ((values, at_ms),) = data.telemetry
        if event.number(values["tap"]) == 13:
            return "Status.FAILURE"
        self.taken.append((values, at_ms))
        return "Status.SUCCESS"


@pytest.fixture
def entities(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(values: dict[str, str], ts: int) -> tuple[dict[str, str], int]:
        return values, ts

    for module, name, value in (
        ("converted_data", "ConvertedData", Converted),
        ("telemetry_entry", "TelemetryEntry", entry),
        ("datapoint_key", "DatapointKey", str),
    ):
        made: Any = ModuleType(module)
        setattr(made, name, value)
        monkeypatch.setitem(sys.modules, f"{ENTITIES}.{module}", made)


async def test_it_takes_orders(tmp_path: Path, entities: None) -> None:
    stand_in, path, log = Gateway(), tmp_path / "orders", tmp_path / "log"
    config = {"id": "1", "name": "canteen-1", "socket": str(path), "epoch_ms": 1_000, "event": event.TEXT}
    connector = tap_connector.TapConnector(stand_in, config, "taps")
    connector.open()
    feed = Feed(path)
    async with asyncio.timeout(10):
        began = (await feed.accept(1, 10)).began_s
        await feed.pace(11, 4, 0.001, log)
    assert began <= time.monotonic()
    taken = [event.number(values["tap"]) for values, _ in stand_in.taken]
    assert taken == [*range(1, 13), 14]
    assert [at_ms - 1_000 for _, at_ms in stand_in.taken] == taken, "a millisecond each: it would merge them"
    assert list(logged(log)) == [11, 12, 14], "what is refused is not accepted"
    with pytest.raises(RuntimeError, match="1 of 1"):
        await feed.accept(13, 1)
    connector.close()
    assert connector.is_stopped()
