"""The card and the disks: space, read-only mounts, what the card says of its wear, what the kernel says of its errors.

Source  the kernel's admin-guide/iostats (field 7 of `stat`: sectors of 512 bytes written), JESD84-B51 7.4.43 and 7.4.44
        (PRE_EOL_INFO; DEVICE_LIFE_TIME_EST, in steps of a tenth), statvfs(3), fstab(5), journald.conf(5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from agent.doctor.finding import Finding, fault, note, refused, warn, well
from agent.doctor.site import Site, number, read
from agent.firmware.data_partition import MOUNT_POINT
from agent.firmware.overlay import forgets
from agent.texts.measures import measured

MB, SECTOR_BYTES = 1_000_000, 512
LOW_BYTES, LOW_SHARE, LOW_INODES = 200 * MB, 0.05, 0.02
WORN, WORN_OUT = 9, 11  # tenths of its life that are used, and one: 9 = 80 to 90 %
ERASES, AMPLIFICATION = 500, 4  # assumed of a plain card: how often a block, and how much more is written than asked
YEARS_ENOUGH, DAY_S, TOO_EARLY_S = 3.0, 86_400, 3_600
IO_ERROR = re.compile(
    r"I/O error|EXT4-fs error|EXT4-fs \(.*\): Remounting|Buffer I/O|mmc\d+: .*(?:error|timeout|never left busy)|"
    r"F2FS-fs .*(?:error|inconsistent)",
    re.IGNORECASE,
)
FIND = "Find what fills it: `sudo du -xh --max-depth=3 /`. Never remove files of /var/lib/mektep by hand."
CHANGE = "Copy the card now, then change it; a restart may be its last."
FORGETS_NOT = ("overlayroot=", "overlayroot=disabled")
DATA = f"/{MOUNT_POINT}"
DISKS = ("/", "/var/lib/mektep", DATA, "/var/log", "/boot/firmware")


def disk(site: Site) -> list[Finding]:
    """Space and inodes of each disk; of the agent's own its reserve."""
    found, facts, seen = [], [], set()
    for name in dict.fromkeys([site.places.directory, *DISKS]):
        path = site.path(name)
        try:
            about, device = os.statvfs(path), path.stat().st_dev
        except OSError:
            continue
        if device in seen or about.f_blocks == 0:
            continue
        seen.add(device)
        free, size = about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize
        facts.append(f"{name}: {measured(free)} of {measured(size)} are free")
        found += _space(site, name, free, size)
        if about.f_files and about.f_favail < LOW_INODES * about.f_files:
            found.append(warn("H-111", f"{name} has room for only {about.f_favail} more files", FIND))
    return found or [well(fact) for fact in facts] or [well("no disk was found")]


def _space(site: Site, name: str, free: int, size: int) -> list[Finding]:
    reserve = site.config.outbox.reserve_mb * MB if site.config else 0
    if name == site.places.directory and free < reserve:
        do = "Free space on the disk of the state directory."
        return [fault("D-123", f"only {free / MB:.0f} MB are free: telemetry is dropped and recorded", do)]
    if free < LOW_SHARE * size or (free < LOW_BYTES and size > 4 * LOW_BYTES):
        return [warn("H-111", f"only {measured(free)} of {measured(size)} are free on {name}", FIND)]
    return []


def mounts(site: Site) -> list[Finding]:
    """A file system that is missing, or that the kernel made read-only, because its disk fails; counted errors."""
    meant = {words[1] for words in _table(site, "etc/fstab") if "ro" in words[3].split(",")}
    found = [*_data(site), *_root(site)]
    for device, where, _, options, *_ in _table(site, "proc/self/mounts"):
        ours = where in (*DISKS, site.places.directory) and device.startswith("/dev/") and where not in meant
        if ours and "ro" in options.split(","):
            found.append(fault("H-113", f"{where} ({device}) is mounted read-only, and should not be", CHANGE))
    for path in site.under("sys/fs/ext4/*/errors_count"):
        if (count := number(read(path)) or 0) > 0:
            do = "Copy the card and change it; look at the power supply too."
            found.append(fault("H-114", f"the file system of {path.parent.name} has counted {count} errors", do))
    return found or [well("writable, without errors")]


def _data(site: Site) -> list[Finding]:
    """What `mektep firmware apply --with read-only-root` has moved to a partition of its own, and is not mounted."""
    wanted = [words[1] for words in _table(site, "etc/fstab") if words[1] == DATA or words[0].startswith(f"{DATA}/")]
    there = {words[1] for words in _table(site, "proc/self/mounts")}
    if missing := [where for where in wanted if where not in there]:
        do = "Look whether the disk is plugged in and whole: `sudo fsck LABEL=mektep-data`; then restart the box."
        return [
            fault("H-118", f"the data partition is not mounted: {', '.join(missing)}: the agent does not start", do)
        ]
    return []


def _root(site: Site) -> list[Finding]:
    """A root that is to forget what is written to it, and does not."""
    asked = [word for word in site.text("proc/cmdline").split() if word.startswith("overlayroot=")]
    if not asked or asked[-1] in FORGETS_NOT or forgets(site.root):
        return []
    do = "sudo apt install overlayroot busybox, then restart the box."
    return [
        warn("H-119", "the root is to forget what is written to it, and is the card's own: each write wears it", do)
    ]


def _table(site: Site, name: str) -> Iterator[list[str]]:
    for line in site.text(name).splitlines():
        words = line.split()
        if len(words) >= 4 and not line.startswith("#"):
            yield words


def card(site: Site) -> list[Finding]:
    """What cards and eMMCs say of themselves."""
    found, facts = [], []
    for device in site.under("sys/block/mmcblk*/device"):
        if "boot" in device.parent.name:
            continue
        about = f"{device.parent.name}: {read(device / 'name') or '?'}, made {read(device / 'date') or '?'}"
        used = max((number(word, 16) or 0 for word in read(device / "life_time").split()), default=0)
        end = number(read(device / "pre_eol_info"), 16) or 0
        facts.append(f"{about}, {max(0, used - 1) * 10} to {used * 10} % of its life used" if used else about)
        do = "Change it soon: stop the agent, copy the whole card, put in the copy."
        if used >= WORN_OUT or end >= 3:
            found.append(fault("H-112", f"{about}: its life is used up", do))
        elif used >= WORN or end == 2:
            found.append(warn("H-112", f"{about}: {max(0, used - 1) * 10} to {used * 10} % of its life are used", do))
    return found or [well(fact) for fact in facts] or [well("no card that tells of itself")]


def wear(site: Site) -> list[Finding]:
    """How long a card lasts, if it is written to as it was since the start."""
    up_s = float((site.text("proc/uptime").split() or ["0"])[0])
    found, facts = [], []
    for path in site.under("sys/block/*/stat"):
        block = path.parent
        words, size = read(path).split(), (number(read(block / "size")) or 0) * SECTOR_BYTES
        if not block.name.startswith(("mmcblk", "sd", "nvme")) or "boot" in block.name or len(words) < 7 or not size:
            continue
        if up_s < TOO_EARLY_S:
            return [well("the box runs for less than an hour: too early to tell")]
        a_day = int(words[6]) * SECTOR_BYTES / (up_s / DAY_S)
        years = size * ERASES / (AMPLIFICATION * max(a_day, 1.0)) / 365
        fact = (
            f"{block.name}: {measured(a_day)} a day since the start, {_years(years)} to come, if a block bears "
            f"{ERASES} erasures and {AMPLIFICATION} times as much is written as asked (assumed)"
        )
        facts.append(fact)
        if years < YEARS_ENOUGH:
            do = "Look what writes (`sudo iotop -ao`); take a high-endurance card."
            found.append(warn("H-115", fact, do))
    return found or [well(fact) for fact in facts] or [well("no disk that counts")]


def _years(years: float) -> str:
    return "over 50 years" if years > 50 else f"{years:.1f} years"


def kernel(site: Site) -> list[Finding]:
    """Errors of disks since the start."""
    log = site.run(["journalctl", "-k", "-b", "-q", "-o", "cat", "--no-pager", "-n", "5000"]) or site.run(["dmesg"])
    if log is None:
        return [refused("the kernel's log")]
    lines = [line.strip() for line in log.splitlines() if IO_ERROR.search(line)]
    if not lines:
        return [well("no errors of disks since the start")]
    do = "Copy the card and change it; look at the power supply too."
    return [fault("H-114", f"the kernel reports {len(lines)} errors of disks, the last: {lines[-1][:120]}", do)]


def journal(site: Site) -> list[Finding]:
    """Whether the system's own log can fill the card."""
    files = [site.path("etc/systemd/journald.conf"), *site.under("etc/systemd/journald.conf.d/*.conf")]
    files += site.under("usr/lib/systemd/journald.conf.d/*.conf")
    text = "\n".join(read(path) for path in files)
    if not any(Path(path).exists() for path in files):
        return [well("no journald here")]
    limit = re.search(r"^\s*(SystemMaxUse=\S+|Storage=(?:volatile|none))", text, re.MULTILINE)
    if limit:
        return [well(limit[1])]
    do = "Install the agent's limits again (journald), or write SystemMaxUse=64M."
    return [note("H-116", "the system's journal has no limit of size", do)]
