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
    "eyes": "cv2",
}
PACKAGES = {
    "smartcard": "pyscard",
    "osdp_sys": "libosdp",
    "cv2": "opencv-python-headless",
}  # where the package has another name than its module
ELSEWHERE = {"eyes": "agent.pipelines.eyes"}  # the agent's own, though it lives in a cell as drivers do
OF_PYPI = [name for name, entry in CATALOG.items() if entry.extra]
UNNEEDED = "import sys; import drivers.catalog, drivers.driver, drivers.readings; print(*sys.modules)"


@pytest.mark.parametrize("name", CATALOG)
def test_each_driver_loads_and_lies_in_the_folder_of_its_kind(name: str) -> None:
    entry = CATALOG[name]
    assert load(name).__name__ == entry.module == ELSEWHERE.get(name, f"drivers.{entry.kind}s.{name}")


@pytest.mark.parametrize("name", OF_PYPI)
def test_the_extra_of_each_driver_exists(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = PACKAGES.get(LIBRARIES[name], LIBRARIES[name])
    assert any(package in words for words in project["optional-dependencies"][CATALOG[name].extra])


def test_what_needs_nothing_of_pypi_brings_its_own_interpreter_or_needs_nothing() -> None:
    for entry in CATALOG.values():
        if not entry.extra:
            assert (entry.cell is not None and entry.cell.python != "") or not entry.needs


WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[2] or name.startswith(sys.argv[2] + "."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
from drivers.catalog import load
from drivers.errors import DeviceError
try:
    load(sys.argv[1])
except DeviceError as error:
    print(error.code, error.what, error.do, sep="\\n")
except ModuleNotFoundError as error:
    print("broken:", error.name)
"""


def loaded_without(module: str, driver: str) -> list[str]:
    """What an import system in which a module is missing says of a driver. In a process of its own: imports stay."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, driver, module], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", OF_PYPI)
def test_a_missing_library_is_r180_and_says_what_to_install(name: str) -> None:
    code, what, do = loaded_without(LIBRARIES[name], name)
    assert code == "R-180"
    assert LIBRARIES[name] in what
    assert f"mektep-agent[{CATALOG[name].extra}]" in do


def test_a_driver_that_is_broken_itself_is_no_missing_library() -> None:
    """Its author must see the true error."""
    assert loaded_without("drivers.readers.serial_ascii", "serial_ascii") == ["broken: drivers.readers.serial_ascii"]


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
