"""The drivers by their name in the configuration; each is imported only when it is configured.

Raises  DeviceError R-180 if what a driver needs is not installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec

from drivers.errors import DeviceError


class Entry(msgspec.Struct, frozen=True):
    """One driver."""

    module: str
    kind: str  # reader or sensor
    extra: str  # what to install: mektep-agent[EXTRA]


CATALOG: dict[str, Entry] = {
    "serial_ascii": Entry("drivers.readers.serial_ascii", "reader", "serial"),
    "modbus_panel": Entry("drivers.sensors.modbus_panel", "sensor", "modbus"),
}


def load(driver: str) -> Any:
    """The driver's module, of the shape drivers.driver.Driver. Raises DeviceError, KeyError."""
    entry = CATALOG[driver]
    try:
        return import_module(entry.module)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("drivers"):
            raise
        raise DeviceError(
            "R-180", f"needs {error.name}, which is not installed", do=f"Run: pip install 'mektep-agent[{entry.extra}]'"
        ) from error


def claims(settings: msgspec.Struct) -> tuple[str, ...]:
    """What a device needs for itself alone: its port, or nothing."""
    port = getattr(settings, "port", "")
    return (port,) if port else ()
