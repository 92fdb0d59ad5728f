"""The drivers by their name in the configuration; each is imported only when it is configured.

Raises  DeviceError R-180 if what a driver needs is not installed.
"""

from __future__ import annotations

import sys
import typing
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

from drivers.errors import DeviceError


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What the child process of a driver that rests on native or blocking code may have, and no more."""

    memory_mb: int  # resident; beyond it the cell is ended
    together: bool = False  # all devices on one place share a cell: a bus has one master
    cpu_percent: int = 80  # of one core, over half a minute; beyond it the cell is ended
    nice: int = 0  # cameras give way to readers
    python: str = ""  # the interpreter, where it is not the agent's own
    unit: str = "cell"  # on a box: mektep-UNIT@.service, with its user, devices and limits


class Entry(msgspec.Struct, frozen=True):
    """One driver."""

    module: str
    kind: str  # reader, sensor, camera or signal; eyes: of the daemon's own, configured with the cameras
    extra: str  # what to install: mektep-agent[EXTRA]; "" = nothing of PyPI
    needs: tuple[str, ...] = ()  # libraries that only connect() imports: in a cell, never in the daemon
    cell: Cell | None = None  # None: pure Python on the event loop, in the daemon itself


class Claim(msgspec.Struct, frozen=True):
    """What a device needs for itself alone: a place, or one part of a place that may be shared."""

    place: str  # a path
    part: str = ""  # "address 3" on a bus, "line 17" of a chip; "" = all of it


CAMERA = Cell(memory_mb=300, nice=5, unit="camera")
CATALOG: dict[str, Entry] = {
    "serial_ascii": Entry("drivers.readers.serial_ascii", "reader", "serial"),
    "pcsc": Entry("drivers.readers.pcsc", "reader", "pcsc", needs=("smartcard",), cell=Cell(memory_mb=64)),
    "hid": Entry("drivers.readers.hid", "reader", ""),
    "osdp": Entry(
        "drivers.readers.osdp", "reader", "osdp", needs=("osdp_sys",), cell=Cell(memory_mb=64, together=True)
    ),
    "modbus_panel": Entry("drivers.sensors.modbus_panel", "sensor", "modbus"),
    "serial_smoke": Entry("drivers.sensors.serial_smoke", "sensor", "serial"),
    "csi": Entry(
        "drivers.cameras.csi",
        "camera",
        "",
        needs=("picamera2", "libcamera", "numpy"),
        cell=Cell(memory_mb=260, nice=5, python="/opt/mektep/csi/bin/python", unit="csi"),
    ),
    "supervised_loop": Entry("drivers.sensors.supervised_loop", "sensor", "", cell=Cell(memory_mb=48, together=True)),
    "gpio_contact": Entry(
        "drivers.sensors.gpio_contact", "sensor", "gpio", ("gpiod",), Cell(memory_mb=48, together=True)
    ),
    "gpio_signal": Entry(
        "drivers.signals.gpio_signal", "signal", "gpio", ("gpiod",), Cell(memory_mb=48, together=True)
    ),
    "rtsp": Entry("drivers.cameras.rtsp", "camera", "camera", ("av", "numpy"), CAMERA),
    "usb": Entry("drivers.cameras.usb", "camera", "camera", ("av", "numpy"), CAMERA),
    "file": Entry("drivers.cameras.file", "camera", "camera", ("av", "numpy"), CAMERA),
    "eyes": Entry(
        "agent.pipelines.eyes",
        "eyes",
        "vision",
        needs=("cv2", "numpy", "onnxruntime"),
        cell=Cell(memory_mb=600, nice=10, cpu_percent=250, unit="eyes"),  # two threads at work; a third is not ours
    ),
}


def load(driver: str) -> Any:
    """The driver's module, of the shape drivers.driver.Driver. Raises DeviceError, KeyError."""
    entry = CATALOG[driver]
    try:
        missing = next((name for name in _needed_here(entry) if find_spec(name) is None), "")
        module = import_module(entry.module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith(("drivers", "agent")):
            raise
    if missing:
        do = f"Run: {pip_install(entry.extra)}"
        raise DeviceError("R-180", f"needs {missing}, which is not installed", do=do)
    return module


def pip_install(extra: str) -> str:
    """What brings the libraries of an extra: on a box the package, which holds all but pyscard; else pip, by the path
    of the environment that runs now, for the system's own would refuse.
    """
    if sys.prefix.startswith("/opt/mektep/"):
        return "sudo apt install " + (
            "pcscd python3-pyscard" if extra == "pcsc" else "--reinstall ./mektep-agent_*.deb"
        )
    return f"sudo {sys.prefix}/bin/pip install 'mektep-agent[{extra}]'"


def _needed_here(entry: Entry) -> tuple[str, ...]:
    """What another interpreter needs, only that one can say: its driver does when it connects."""
    return () if entry.cell and entry.cell.python else entry.needs


def cell(driver: str) -> Cell | None:
    """What a driver's child process may have; None if it needs none."""
    entry = CATALOG.get(driver)
    return entry.cell if entry else None


def secrets_named(settings: msgspec.Struct) -> tuple[str, ...]:
    """The secrets that a device needs: the values of its settings of the type SecretName."""
    hints = typing.get_type_hints(settings.__class__, include_extras=True)
    fields = [name for name, hint in hints.items() if _is_secret(hint)]
    return tuple(value for value in (getattr(settings, name) for name in fields) if value)


def _is_secret(hint: Any) -> bool:
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, msgspec.Meta)]
    return any((mark.extra or {}).get("secret") for mark in marks)


def claims(settings: msgspec.Struct) -> tuple[Claim, ...]:
    """What a device needs for itself alone: as its settings say, or else its port, or nothing."""
    told: tuple[tuple[str, str], ...] | None = getattr(settings, "claims", None)
    if told is not None:
        return tuple(Claim(place, part) for place, part in told)
    port = getattr(settings, "port", "")
    return (Claim(port),) if port else ()
