"""Which USB devices a box takes: scripts/deb/usb-allow and systemd/udev-usb.rules agree, and what is there stays."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "scripts/deb/usb-allow"
TEXT = (ROOT / "systemd/udev-usb.rules").read_text(encoding="utf-8")
ALWAYS = set(re.findall(r'^ATTR\{bInterfaceClass\}=="(..)", GOTO', TEXT, re.MULTILINE))


def plugged(sysfs: Path, name: str, vendor: str, product: str, classes: dict[str, str], authorized: str = "1") -> None:
    """A device with its interfaces: number -> class/subclass."""
    device = sysfs / name
    device.mkdir(parents=True)
    for attribute, value in {"idVendor": vendor, "idProduct": product, "product": f"Thing $(reboot) {name}"}.items():
        (device / attribute).write_text(value + "\n")
    for number, both in classes.items():
        interface = sysfs / f"{name}:{number}"
        interface.mkdir()
        (interface / "bInterfaceClass").write_text(both.partition("/")[0] + "\n")
        (interface / "bInterfaceSubClass").write_text(both.partition("/")[2] + "\n")
        (interface / "authorized").write_text(authorized + "\n")


def run(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "SYSFS": str(tmp_path / "usb"),
        "RULES": str(tmp_path / "d/71.rules"),
        "RULES_ONLY": "1",
    }
    return subprocess.run(["sh", PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)


def test_what_is_plugged_in_and_would_be_refused_is_let_in_once(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    plugged(usb, "1-1", "0bda", "8153", {"1.0": "ff/ff"})  # the adapter that the technician is connected through
    plugged(usb, "1-2", "046d", "c31c", {"1.0": "03/01"})
    plugged(
        usb, "1-3", "2c7c", "0125", {"1.0": "02/02", "1.1": "0a/00", "1.4": "02/0e"}
    )  # a modem: serial, and network
    plugged(usb, "1-4", "1d6b", "0002", {"1.0": "09/00"})
    for _ in range(2):
        assert run(tmp_path, "--here").returncode == 0
    rules = [line for line in (tmp_path / "d/71.rules").read_text().splitlines() if not line.startswith("#")]
    assert [re.findall(r'=="(\w{4})"', line) for line in rules] == [["0bda", "8153"], ["2c7c", "0125"]]
    assert all(line.endswith('ENV{MEKTEP_USB}="allowed"') for line in rules)


def test_a_refused_device_is_let_in_by_the_name_in_the_journal(tmp_path: Path) -> None:
    plugged(tmp_path / "usb", "1-1.2", "0bda", "8153", {"1.0": "ff/ff"}, authorized="0")
    assert run(tmp_path, "1-1.2:1.0").returncode == 0
    assert (tmp_path / "usb/1-1.2:1.0/authorized").read_text() == "1\n"
    text = (tmp_path / "d/71.rules").read_text()
    assert "$" not in text  # a device's own name is only a name
    assert "0bda" in text


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, "9-9:1.0")
    assert done.returncode == 1
    assert "9-9:1.0" in done.stderr
    assert not (tmp_path / "d").exists()


def test_without_words_it_says_how_to_use_it(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith("usage: usb-allow DEVICE")


def test_the_program_and_the_rules_are_of_one_mind() -> None:
    (line,) = re.findall(r"^ +/ \| (.+)\) ;;", PROGRAM.read_text(encoding="utf-8"), re.MULTILINE)
    kinds = line.split(" | ")
    assert {kind[:2] for kind in kinds if kind.endswith("/*")} == ALWAYS
    assert [kind for kind in kinds if not kind.endswith("/*")] == ["02/02"]
    assert 'ATTR{bInterfaceClass}=="02", ATTR{bInterfaceSubClass}=="02", GOTO' in TEXT


def test_a_keyboard_and_a_disk_are_never_taken_away() -> None:
    assert {"03", "08"} <= ALWAYS


def test_each_rule_has_its_reason() -> None:
    lines = TEXT.splitlines()
    before = [lines[number - 1] for number, line in enumerate(lines) if line.startswith("ATTR{bInterfaceClass}")]
    assert all(line.startswith(("#", "ATTR{bInterfaceClass}")) for line in before)
    for label in set(re.findall(r'GOTO="(\w+)"', TEXT)):
        assert f'LABEL="{label}"' in TEXT
