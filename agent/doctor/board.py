"""The board: supply voltage, temperature, memory, swap.

Source  Raspberry Pi documentation, `vcgencmd get_throttled`: bit 0 under-voltage now, 1 to 3 slowed down now, 16 and 18
        the same since the start. The kernel's hwmon `rpi_volt` knows the under-voltage alone.
"""

from __future__ import annotations

from agent.doctor.finding import Finding, fault, warn, well
from agent.doctor.site import Site, number, read
from agent.kept_in_memory import disk_swap

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
LOW_NOW, SLOWED_NOW, LOW_BEFORE, SLOWED_BEFORE = 1, 0b1110, 1 << 16, 0b1110 << 16
HOT_C = 80.0
SHORT_SHARE = 0.1
SUPPLY = (
    "Change the power supply and its cable for the official one; take devices off USB, or put them on a powered hub."
)
BEFORE = "Change the power supply and its cable before it becomes a broken card."
AIR = "Give the box air: a case with openings or a fan; then look at the power supply."


def power(site: Site) -> list[Finding]:
    """Under-voltage and slowing down, now and since the start."""
    bits = throttled(site)
    if bits is None:
        return [well("this board tells nothing of its supply")]
    found = []
    if bits & LOW_NOW:
        found.append(fault("H-101", "the supply voltage is too low now", SUPPLY))
    elif bits & LOW_BEFORE:
        found.append(warn("H-102", "the supply voltage was too low since the box was switched on", BEFORE))
    if bits & SLOWED_NOW:
        found.append(warn("H-103", "the processor is slowed down now, by heat or by low voltage", AIR))
    slowed = " (it was slowed down since the start)" if bits & SLOWED_BEFORE else ""
    return found or [well(f"the supply is good{slowed}")]


def throttled(site: Site) -> int | None:
    """The firmware's bits; None if nobody knows."""
    text = site.text(FIRMWARE) or (site.run(["vcgencmd", "get_throttled"]) or "").partition("=")[2].strip()
    if text:
        return number(text, 16)
    for name in site.under("sys/class/hwmon/hwmon*/name"):
        if read(name) == "rpi_volt":
            return LOW_BEFORE if read(name.with_name("in0_lcrit_alarm")) == "1" else 0
    return None


def temperature(site: Site) -> list[Finding]:
    milli = number(site.text("sys/class/thermal/thermal_zone0/temp"))
    if milli is None:
        return [well("this board tells no temperature")]
    degrees = milli / 1000
    if degrees < HOT_C:
        return [well(f"{degrees:.0f} °C")]
    do = "Move the box away from heat; open the case or fit a fan."
    return [warn("H-104", f"the processor has {degrees:.0f} °C; at 85 °C it slows down", do)]


def memory(site: Site) -> list[Finding]:
    """What is free for programs, and whether the kernel had to end some."""
    sizes = {line.partition(":")[0]: number(line.split()[1]) for line in site.text("proc/meminfo").splitlines() if line}
    total, free = sizes.get("MemTotal") or 0, sizes.get("MemAvailable") or 0
    found = []
    if total and free < SHORT_SHARE * total:
        do = "See in `mektep status` which camera or cell takes it; watch fewer cameras, or take a Pi with more memory."
        found.append(warn("H-105", f"only {free // 1024} MB of {total // 1024} MB of memory are free", do))
    if ended := _ended(site):
        do = "Look which (`journalctl -k`); watch fewer cameras, or take a Pi with more memory."
        found.append(warn("H-106", f"the kernel has ended {ended} programs for want of memory since the start", do))
    return found or [well(f"{free // 1024} MB of {total // 1024} MB are free")]


def _ended(site: Site) -> int:
    rows = dict(line.split()[:2] for line in site.text("proc/vmstat").splitlines() if len(line.split()) > 1)
    return number(rows.get("oom_kill", "0")) or 0


def swap(site: Site) -> list[Finding]:
    """To a disk. The running agent says it by itself, and knows whether it is kept out of it."""
    where = disk_swap(site.root)
    if not where:
        return [well("none to a disk")]
    if site.alive:
        return [well(f"to {', '.join(where)}; the agent is kept out of it, or tells U-111")]
    do = "Switch swap to a disk off and restart the box: docs/cells.md says how."
    return [warn("U-111", f"this box swaps to {', '.join(where)}: what is in memory may reach the disk", do)]
