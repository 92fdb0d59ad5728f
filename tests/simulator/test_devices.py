"""The devices of a school: what stands in the configuration is what is there, and each is on and off again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from simulator.devices import Devices, TakesCards


@pytest.mark.parametrize("every_kind", [False, True])
async def test_the_configuration_names_what_is_there(tmp_path: Path, every_kind: bool) -> None:
    devices = Devices(tmp_path, every_kind=every_kind)
    document = tomllib.loads(devices.config())
    readers: list[TakesCards] = devices.readers()
    assert [reader["name"] for reader in document["reader"]] == [reader.name for reader in readers]
    names = [one["name"] for kind in document.values() for one in kind]
    assert len(set(names)) == len(names)
    drivers = {one["driver"] for kind in document.values() for one in kind}
    assert {"serial_ascii", "modbus_panel"} <= drivers


async def test_they_are_on_and_off_again(tmp_path: Path) -> None:
    devices = Devices(tmp_path, every_kind=True)
    assert not any(reader.takes_cards() for reader in devices.readers())
    await devices.start()
    assert all(reader.takes_cards() for reader in devices.readers())
    await devices.stop()
    assert not any(reader.takes_cards() for reader in devices.readers())
