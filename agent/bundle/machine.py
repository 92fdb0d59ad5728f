"""The machine as its system shows it: board, memory, disks, what is plugged in, network, versions, units.

Source  proc(5), sysfs of the kernel; ip(8), systemctl(1), timedatectl(1), vcgencmd of Raspberry Pi
Numbers are numbers of JSON: what looks like a card's number in a text is taken out of it.
Not     serial numbers of board and cards, the boot file of the enrolment, neighbours in the network.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from agent import __version__
from agent.bundle.gathering import Gap, Json, Said, Text
from agent.bundle.site import Missing, Site, read

Figure = str | int
SMALL = {  # what it is called in the archive -> the file of the system
    "os-release.txt": "/etc/os-release",
    "cmdline.txt": "/proc/cmdline",
    "swaps.txt": "/proc/swaps",
    "mounts.txt": "/proc/mounts",
}
FIRMWARE = ("/boot/firmware", "/boot")
DISK = ("size", "ro", "queue/rotational", "device/model", "device/name", "device/type", "device/date",
        "device/manfid", "device/life_time", "device/pre_eol_info")  # fmt: skip
USB = ("busnum", "devnum", "idVendor", "idProduct", "manufacturer", "product", "speed", "bMaxPower")
NAMES = ("/dev/serial/by-id", "/dev/serial/by-path", "/dev/v4l/by-id", "/dev/v4l/by-path", "/dev/input/by-id")
INTERFACE = (
    *("operstate", "carrier", "speed", "duplex", "mtu", "carrier_changes", "statistics/rx_bytes"),
    *("statistics/tx_bytes", "statistics/rx_errors", "statistics/tx_errors", "statistics/rx_dropped"),
)
IP = {"addresses.json": "address", "links.json": "link", "routes.json": "route"}
UNITS = ("Id", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus", "ExecMainStartTimestamp",
         "MemoryCurrent", "UnitFileState")  # fmt: skip
REAL_DISKS = ("ext4", "ext3", "vfat", "f2fs", "btrfs", "xfs", "overlay", "tmpfs")


def system(site: Site) -> Iterator[Said]:
    """What hangs most easily, the disks, comes last."""
    name = os.uname()
    yield Json(
        "machine.json",
        {
            "model": site.text("/proc/device-tree/model"),
            "kernel": f"{name.sysname} {name.release} {name.version} {name.machine}",
            "host": name.nodename,
            "uptime_s": (site.text("/proc/uptime").split() or [""])[0],
            "load": site.text("/proc/loadavg"),
            "cores": os.cpu_count(),
            "temperatures": {
                read(zone / "type") or zone.name: figure(read(zone / "temp"))
                for zone in _under(site, "/sys/class/thermal", "thermal_zone*")
            },
        },
    )
    yield Json("memory-kb.json", keyed(site.text("/proc/meminfo"), ":"))
    pressure = {name: site.text(f"/proc/pressure/{name}") for name in ("cpu", "io", "memory")}
    yield Json("pressure.json", {name: re.sub(r" total=\d+", "", text) for name, text in pressure.items()})
    for file, path in SMALL.items():
        if text := site.text(path):
            yield Text(file, text + "\n")
    if config := next((text for folder in FIRMWARE if (text := site.text(f"{folder}/config.txt"))), ""):
        yield Text("config.txt", config + "\n")
    yield from told(site, "clock.txt", ["timedatectl", "show", "--all"])
    if site.text("/proc/device-tree/model").startswith("Raspberry"):
        yield from told(site, "throttled.txt", ["vcgencmd", "get_throttled"])
    yield Json("disks.json", {disk.name: _files(disk, DISK) for disk in _under(site, "/sys/block", "*")})
    yield Json("disk-counts.json", dict(_counts(site)))
    yield Json("space.json", list(_space(site)))


def _counts(site: Site) -> Iterator[tuple[str, list[Figure]]]:
    """Of /proc/diskstats: reads, writes, what waits."""
    for line in site.text("/proc/diskstats").splitlines():
        _major, _minor, name, *counts = [*line.split(), "", "", ""]
        if any(count not in ("0", "") for count in counts):
            yield name, [figure(count) for count in counts if count]


def _space(site: Site) -> Iterator[dict[str, Any]]:
    seen = set()
    for line in site.text("/proc/mounts").splitlines():
        device, place, kind, *_ = [*line.split(), "", "", ""]
        if kind not in REAL_DISKS or place in seen:
            continue
        seen.add(place)
        try:
            disk = os.statvfs(place)
        except OSError:
            continue
        yield {
            "device": device, "at": place, "kind": kind, "bytes": disk.f_blocks * disk.f_frsize,
            "free_bytes": disk.f_bavail * disk.f_frsize, "files": disk.f_files, "free_files": disk.f_favail,
        }  # fmt: skip


def devices(site: Site) -> Iterator[Said]:
    usb = [_files(one, USB) for one in _under(site, "/sys/bus/usb/devices", "*") if (one / "idVendor").exists()]
    yield Json("usb.json", usb)
    yield Json("names.json", {folder: _links(site.path(folder)) for folder in NAMES if site.path(folder).is_dir()})
    kinds = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS0", "video*", "gpiochip*", "hidraw*", "rtc*")
    yield Json("nodes.json", [one.name for kind in kinds for one in _under(site, "/dev", kind)])


def network(site: Site) -> Iterator[Said]:
    interfaces = _under(site, "/sys/class/net", "*")
    yield Json("interfaces.json", {one.name: _files(one, INTERFACE) for one in interfaces})
    if text := site.text("/etc/resolv.conf"):
        yield Text("resolv.conf", text + "\n")
    for name, what in IP.items():
        try:
            yield Json(name, json.loads(site.ask(["ip", "-json", what, "show"])))
        except (Missing, ValueError) as error:
            yield Gap(f"{name}: {error}")


def software(site: Site) -> Iterator[Said]:
    versions = site.path("/opt/mektep/versions")
    links = {name: _target(site.path(f"/opt/mektep/{name}")) for name in ("current", "previous")}
    found = sorted({(one.metadata["Name"] or "", one.version) for one in metadata.distributions()})
    yield Json(
        "software.json",
        {
            "agent": __version__,
            "versions": sorted(one.name for one in versions.iterdir()) if versions.is_dir() else [],
            **links,
            "packages": dict(found),
        },
    )
    show = ["systemctl", "show", "--no-pager", f"--property={','.join(UNITS)}"]
    try:
        blocks = site.ask([*show, "mektep*", "systemd-timesyncd.service"]).split("\n\n")
        yield Json("units.json", [keyed(block, "=") for block in blocks if block.strip()])
    except Missing as error:
        yield Gap(f"units.json: {error}")
    yield from told(site, "failed-units.txt", ["systemctl", "list-units", "--failed", "--plain", "--no-legend"])


def told(site: Site, name: str, words: Sequence[str]) -> Iterator[Said]:
    """A program's words as a file of that name, or why there are none."""
    try:
        yield Text(name, site.ask(words))
    except Missing as error:
        yield Gap(f"{name}: {error}")


def _files(folder: Path, names: Sequence[str]) -> dict[str, Figure]:
    """Of those that there are."""
    return {"name": folder.name} | {name: figure(text) for name in names if (text := read(folder / name))}


def figure(text: str) -> Figure:
    """A count or a size as a number."""
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else text


def keyed(text: str, mark: str) -> dict[str, Figure]:
    """Lines of a name and a figure."""
    pairs = (line.partition(mark) for line in text.splitlines() if mark in line)
    return {name.strip(): figure(value.strip().removesuffix(" kB")) for name, _, value in pairs}


def _under(site: Site, folder: str, pattern: str) -> list[Path]:
    return sorted(site.path(folder).glob(pattern))


def _links(folder: Path) -> dict[str, str]:
    return {one.name: _target(one) for one in sorted(folder.iterdir())}


def _target(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
