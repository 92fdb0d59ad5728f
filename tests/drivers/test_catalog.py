"""The catalog: each driver loads, one whose library is missing says what to install, and a port is claimed once."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from drivers.catalog import CATALOG, Claim, claims, load, secrets_named
from drivers.driver import SecretName
from drivers.errors import DeviceError
from drivers.readers import serial_ascii
from drivers.sensors import modbus_panel

ROOT = Path(__file__).parents[2]
LIBRARIES = {
    "serial_ascii": "serial",
    "modbus_panel": "pymodbus",
    "serial_smoke": "serial",
    "pcsc": "smartcard",
    "osdp": "osdp_sys",
    "gpio_contact": "gpiod",
    "gpio_signal": "gpiod",
    "rtsp": "av",
    "usb": "av",
    "file": "av",
}
PACKAGES = {"smartcard": "pyscard", "osdp_sys": "libosdp"}  # where the package has another name than its module
THEIR_ONE_PLACE = [  # modules through which drivers share a library
    "drivers.serial_port",
    "drivers.pcsc_service",
    "drivers.gpio_lines",
]
OF_PYPI = [name for name, entry in CATALOG.items() if entry.extra]
UNNEEDED = "import sys; import drivers.catalog, drivers.driver, drivers.readings; print(*sys.modules)"


@pytest.mark.parametrize("name", CATALOG)
def test_each_driver_loads_and_lies_in_the_folder_of_its_kind(name: str) -> None:
    entry = CATALOG[name]
    assert load(name).__name__ == entry.module == f"drivers.{entry.kind}s.{name}"


@pytest.mark.parametrize("name", OF_PYPI)
def test_the_extra_of_each_driver_exists(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = PACKAGES.get(LIBRARIES[name], LIBRARIES[name])
    assert any(package in words for words in project["optional-dependencies"][CATALOG[name].extra])


def test_what_needs_nothing_of_pypi_brings_its_own_interpreter_or_needs_nothing() -> None:
    for entry in CATALOG.values():
        if not entry.extra:
            assert (entry.cell is not None and entry.cell.python != "") or not entry.needs


@pytest.mark.parametrize("name", OF_PYPI)
def test_a_missing_library_is_r180_and_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("drivers.readers.", "drivers.sensors.", "drivers.signals.", "drivers.cameras.")
    for module in [one for one in sys.modules if one.startswith(kinds)]:
        monkeypatch.delitem(sys.modules, module)
    for module in [one for one in sys.modules if one.split(".")[0] == LIBRARIES[name]]:
        monkeypatch.delitem(sys.modules, module)
    for module in THEIR_ONE_PLACE:
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Without(LIBRARIES[name]), *sys.meta_path])
    with pytest.raises(DeviceError) as caught:
        load(name)
    assert caught.value.code == "R-180"
    assert LIBRARIES[name] in caught.value.what
    assert f"mektep-agent[{CATALOG[name].extra}]" in caught.value.do


class Without:
    """An import system in which one library is not installed."""

    def __init__(self, library: str) -> None:
        self._library = library

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] == self._library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_driver_that_is_broken_itself_is_no_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its author must see the true error."""
    for module in [one for one in sys.modules if one.startswith("drivers.readers")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [WithoutModule(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        load("serial_ascii")


class WithoutModule:
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "drivers.readers.serial_ascii":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_an_unknown_driver_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load("coffee_machine")


def test_the_core_loads_no_driver_and_no_library_of_one() -> None:
    """A school without a fire panel pays nothing for it."""
    loaded = subprocess.run([sys.executable, "-c", UNNEEDED], capture_output=True, text=True, check=True, cwd=ROOT)
    modules = set(loaded.stdout.split())
    assert modules.isdisjoint(LIBRARIES.values())
    assert modules.isdisjoint(entry.module for entry in CATALOG.values())


def test_a_serial_device_claims_its_port_and_one_on_the_network_nothing() -> None:
    assert claims(serial_ascii.Settings(port="/dev/reader")) == (Claim("/dev/reader"),)
    panel = {"profile": "bolid-s2000-pp", "zones": {"1": "canteen"}}
    assert claims(modbus_panel.Settings(**panel, port="/dev/panel")) == (Claim("/dev/panel"),)  # type: ignore[arg-type]
    assert claims(modbus_panel.Settings(**panel, host="10.0.0.1")) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, entry in CATALOG.items() if entry.cell])
def test_the_daemon_never_loads_the_library_of_a_cell(name: str) -> None:
    """A crash in it would be the daemon's, and its memory too."""
    entry = CATALOG[name]
    assert entry.needs or not entry.extra
    code = f"import sys; from drivers.catalog import load; load({name!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(loaded.stdout.split()).isdisjoint(entry.needs)


class WithSecrets(msgspec.Struct, frozen=True):
    user: str
    password: SecretName = ""
    key: SecretName = ""


def test_the_secrets_of_a_device_are_those_that_its_settings_name() -> None:
    assert secrets_named(WithSecrets("admin", "gate-password", "gate-key")) == ("gate-password", "gate-key")
    assert secrets_named(WithSecrets("admin", "gate-password")) == ("gate-password",)
    assert secrets_named(serial_ascii.Settings(port="/dev/reader")) == ()


@pytest.mark.parametrize("name", ["Gate", "gate password", "../card.key", "-gate", "gate\n"])
def test_a_secret_has_a_plain_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"user": "admin", "password": name}, WithSecrets)
