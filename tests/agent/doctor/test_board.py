"""The board's own words: under-voltage by three ways of asking, heat, memory, swap.

The bits are those of Raspberry Pi's documentation of `vcgencmd get_throttled`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor.board import FIRMWARE, memory, power, swap, temperature
from tests.agent.doctor.boxes import box, programs, told

MEMINFO = "MemTotal:  1000000 kB\nMemFree: 1 kB\nMemAvailable: {} kB\n"
SWAPS = "Filename Type Size Used Priority\n/var/swap file 102396 0 -2\n"


@pytest.mark.parametrize(
    ("bits", "found"),
    [
        ("0x0", ["ok"]),
        ("0x50005", ["fault H-101", "warn H-103"]),  # the documentation's own example
        ("0x50000", ["warn H-102"]),
        ("0x8", ["warn H-103"]),
        ("0x80000", ["ok"]),
    ],
)
def test_the_firmwares_bits(tmp_path: Path, bits: str, found: list[str]) -> None:
    assert told(power(box(tmp_path, {FIRMWARE: bits}))) == found
    assert told(power(box(tmp_path / "other", run=programs(vcgencmd=f"throttled={bits}\n")))) == found


def test_the_kernels_own_sensor_knows_the_voltage_alone(tmp_path: Path) -> None:
    sensor = {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"}
    assert told(power(box(tmp_path, sensor))) == ["warn H-102"]


def test_a_board_that_tells_nothing_is_no_fault(tmp_path: Path) -> None:
    site = box(tmp_path)
    assert [told(check(site)) for check in (power, temperature, swap)] == [["ok"]] * 3


@pytest.mark.parametrize(("milli", "found"), [("45277", "ok"), ("80000", "warn H-104")])
def test_heat(tmp_path: Path, milli: str, found: str) -> None:
    assert told(temperature(box(tmp_path, {"sys/class/thermal/thermal_zone0/temp": milli}))) == [found]


def test_memory_that_is_short_and_programs_that_were_ended(tmp_path: Path) -> None:
    assert told(memory(box(tmp_path, {"proc/meminfo": MEMINFO.format(500_000)}))) == ["ok"]
    files = {"proc/meminfo": MEMINFO.format(99_000), "proc/vmstat": "nr_free_pages 1\noom_kill 2\n"}
    assert told(memory(box(tmp_path, files))) == ["warn H-105", "warn H-106"]


def test_swap_to_a_disk_is_told_unless_the_agent_tells_it(tmp_path: Path) -> None:
    assert told(swap(box(tmp_path, {"proc/swaps": SWAPS}))) == ["warn U-111"]
    assert told(swap(box(tmp_path, {"proc/swaps": SWAPS}, alive=True))) == ["ok"]
